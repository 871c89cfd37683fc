"""Where missing packs are found; their names come from a stranger's file."""

import pytest

from vastgui.comfy.packs import address, to_install


@pytest.mark.parametrize(
    ("pack", "where"),
    [
        ("kijai/ComfyUI-KJNodes 1a2b3c", "https://github.com/kijai/ComfyUI-KJNodes"),
        ("comfyui-kjnodes 1.0.5", "https://registry.comfy.org/nodes/comfyui-kjnodes"),
        ("evil.example/a/b", ""),
        ("../x", ""),
        ("a?b=c", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_pack(pack: str, where: str) -> None:
    assert address(pack) == where


def test_what_to_do_about_missing_packs() -> None:
    assert to_install(["", ""]) == "Install the packs they are from."
    assert to_install(["comfy-core 0.4"]) == "Update ComfyUI on the instance."
    said = to_install(["a/b 1", "a/b 1", "comfy-core 0.4", "odd?"])
    assert said.startswith("Install a/b 1 (https://github.com/a/b), odd? on the instance")
    assert said.endswith("Update ComfyUI on the instance.")
