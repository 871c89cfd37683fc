"""templates, check, doctor."""

import json
from collections.abc import Callable
from pathlib import Path

from vastgui.config import Paths

Call = Callable[..., tuple[int, str, str]]


def test_templates_are_listed_the_users_own_too(vastgui: Call, paths: Paths) -> None:
    (paths.user_setups / "nap.yaml").write_text("label: Nap\nsteps:\n  - action: wait\n")
    (paths.user_setups / "bad.yaml").write_text("label: Bad\nsteps:\n  - action: dance\n")
    code, out, _ = vastgui("templates")
    assert code == 0
    assert "nap  Nap, 1 step  (yours)" in out
    assert "bad  cannot be used: " in out
    listed = {t["id"]: t for t in json.loads(vastgui("templates", "--json")[1])}
    assert "set_ui_home" in [s["action"] for s in listed["comfyui"]["steps"]]
    assert "dance" in listed["bad"]["error"]


def test_check_names_what_is_wrong(vastgui: Call, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text("label: Nap\nsteps:\n  - action: wait\n")
    bad.write_text("label: Nap\nsteps:\n  - action: wait\n    params: {durations_s: 1}\n")
    assert vastgui("check", str(good))[0] == 0
    code, _, err = vastgui("check", str(bad))
    assert code == 2
    assert "bad.yaml › step 1 (wait) › params › durations_s" in err
    assert vastgui("check", str(tmp_path / "none.yaml"))[0] == 2


def test_the_doctor_finds_and_fixes_open_files(vastgui: Call, paths: Paths) -> None:
    (paths.data / "open").touch(mode=0o644)
    (paths.data / "open").chmod(0o644)
    code, out, _ = vastgui("doctor")
    assert code == 0  # a warning is no error
    assert "! warning Others on this computer may use this: mode 0644" in out.splitlines()[0]
    assert "Mode is now 0600." in vastgui("doctor", "--fix")[1]
    findings = json.loads(vastgui("doctor", "--json")[1])
    assert {f["level"] for f in findings} == {"ok"}


def test_the_doctor_exits_1_on_an_error(vastgui: Call, paths: Paths) -> None:
    paths.connections_file.write_text("{")
    code, out, _ = vastgui("doctor")
    assert code == 1
    assert out.startswith("✗ error")
