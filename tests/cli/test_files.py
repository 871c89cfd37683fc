"""templates, check, doctor."""

import json
import os
from collections.abc import Callable
from pathlib import Path

from vastgui.appinfo import AppInfo
from vastgui.applog import keep_log
from vastgui.config import Paths
from vastgui.deeds import fact
from vastgui.desktop import seat
from vastgui.state.redact import Redactor

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
    told = json.loads(vastgui("doctor", "--json")[1])
    assert {f["level"] for f in told["findings"]} == {"ok"}
    assert (told["healthy"], told["fixed"]) == (True, [])


def test_the_doctors_json_has_the_keys_that_the_docs_promise(vastgui: Call, paths: Paths) -> None:
    told = json.loads(vastgui("doctor", "--json")[1])
    docs = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")
    section = docs.partition("## doctor")[2].partition("\n## ")[0]
    checks = {f["check"] for f in told["findings"]}
    keys = [*told, *told["app"], *told["log"], *told["folders"], *told["findings"][0], *checks]
    assert [key for key in keys if f"`{key}`" not in section] == []
    assert told["folders"]["state"] == str(paths.state)
    assert told["app"] == {"running": False, "pid": None, "port": None}
    assert told["secrets_in"] == "file"


def test_the_doctor_names_the_running_app_and_its_log(vastgui: Call, paths: Paths) -> None:
    with keep_log(paths, Redactor()), seat(paths) as publish:
        fact("app_started")
        publish(AppInfo(os.getpid(), 47817, "bearer-of-this-test"))
        code, out, _ = vastgui("doctor", "--json")
    told = json.loads(out)
    assert code == 0
    assert told["app"] == {"running": True, "pid": os.getpid(), "port": 47817}
    assert told["log"]["file"] == str(paths.state / "log.jsonl")
    assert told["log"]["size_bytes"] > 0
    assert "bearer-of-this-test" not in out


def test_the_doctor_exits_1_on_an_error(vastgui: Call, paths: Paths) -> None:
    paths.connections_file.write_text("{")
    code, out, _ = vastgui("doctor")
    assert code == 1
    assert out.startswith("✗ error")
