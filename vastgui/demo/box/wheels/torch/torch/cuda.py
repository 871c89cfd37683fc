"""One RTX 4090."""

from types import SimpleNamespace

_TOTAL = 24564 * 1024**2


def is_available():
    return True


def device_count():
    return 1


def current_device():
    return 0


def get_device_name(device=None):
    return "NVIDIA GeForce RTX 4090"


def get_device_capability(device=None):
    return (8, 9)


def get_device_properties(device=None):
    return SimpleNamespace(
        name=get_device_name(), major=8, minor=9, total_memory=_TOTAL, multi_processor_count=128
    )


def mem_get_info(device=None):
    return (_TOTAL - 512 * 1024**2, _TOTAL)
