"""Whatever calls itself Vast.ai: one of our errors, soon, and never "there is nothing"."""

import resource
import time
from collections.abc import Callable

import pytest

from tests.chaos.vast_hostile import LIES, hostile_vast
from vastgui.errors import VastguiError
from vastgui.vast.client import VastClient
from vastgui.vast.errors import InstanceGone

KEY = "hostile-key-4242"
CALLS: dict[str, Callable[[VastClient], object]] = {
    "one": lambda vast: vast.instance(5),
    "all": lambda vast: vast.instances(),
    "reboot": lambda vast: vast.reboot(5),
}


def no_wait(_seconds: float) -> None:
    """Tries follow each other at once."""


REBOOTED = {
    "an error with 200", "NaN", "instances as text", "instances as an object of lists",
    "an id that is no number", "another instance", "a negative id",
}  # fmt: skip
"""A reboot's answer has no instances: JSON that says success is one. The boot is watched for."""


@pytest.mark.row("S36", "S49")
@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_an_error_and_soon(lie: str) -> None:
    for name, call in CALLS.items():
        began, before_kb = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with hostile_vast(LIES[lie]) as url, VastClient(
            url, KEY, timeout_s=0.5, sleep=no_wait
        ) as vast:  # fmt: skip
            if name == "reboot" and lie in REBOOTED:
                call(vast)
                continue
            with pytest.raises(VastguiError) as caught:
                call(vast)
        said = f"{caught.value} {caught.value.hint}"
        assert not isinstance(caught.value, InstanceGone) or name == "reboot", said
        assert caught.value.hint
        assert KEY not in said
        assert said.isprintable()
        assert len(said) < 1000
        assert time.monotonic() - began < 20
        grown_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb
        assert grown_kb < 300_000
