"""The command that measures what is promised, and short versions of what no other test measures."""

import re
from pathlib import Path

import pytest

from tests.chaos import long_history, promises, stalls
from tests.chaos.figures import Figure
from tests.chaos.promises import PROMISES

README = Path(__file__).parent.parent.parent / "README.md"


@pytest.mark.row("R27")
def test_every_call_on_a_stalled_link_is_noticed(tmp_path: Path) -> None:
    found = stalls.noticed_s(tmp_path)
    print(found)
    assert [call for call, seconds in found.items() if seconds is None or seconds > 10] == []


@pytest.mark.row("R16")
def test_a_long_history_is_listed_and_started_with(tmp_path: Path) -> None:
    short = long_history.measured(tmp_path / "short", 1)
    found = long_history.measured(tmp_path / "long", 1000)
    print(short, found)  # `make promises` has the gates of a calm machine
    assert found.list_s < 3
    assert found.start_s < 3 * short.start_s + 3


@pytest.mark.parametrize("name", ["P9", "P15"])
def test_it_holds(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path))
    figure = PROMISES[name].measure(tmp_path, True)
    print(promises.line(name, figure))
    assert figure.holds, figure.text


def test_a_promise_is_printed_with_its_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = {"P3": Figure("0 of 9 changed", holds=True), "P6": Figure("1 wrong", holds=False)}
    monkeypatch.setattr(promises, "measured", lambda name, quick: figures[name])
    assert promises.main(["p3"]) == 0
    assert promises.main(["P3", "P6"]) == 1
    said = capsys.readouterr().out
    assert "P3  A finished state never changes again.\n    0 of 9 changed  (gate: 0 chan" in said
    assert "1 of 2 hold" in said
    assert said.count("DOES NOT HOLD") == 1


def test_what_cannot_be_measured_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(promises, "PATIENCE_S", 30)
    figure = promises.measured("P99", quick=True)
    assert not figure.holds
    assert figure.text.startswith("not measured: ")


def test_the_readme_says_only_what_is_measured() -> None:
    _, _, rest = README.read_text(encoding="utf-8").partition("## What you can rely on\n")
    said = re.findall(r"^- (.+)$", rest.partition("\n## ")[0], re.MULTILINE)
    assert said
    assert [text for text in said if text not in {p.sentence for p in PROMISES.values()}] == []
