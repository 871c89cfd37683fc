"""Whoever is killed, and whenever: no run is lost, stuck, repeated or ended twice."""

from pathlib import Path

import pytest

from tests.chaos.kill_driver import Report, drive


def check(report: Report) -> None:
    assert report.violations == 0, report
    assert report.outcomes["crashed"] > 0
    assert report.outcomes["completed"] > 0


@pytest.mark.row("R8", "R17")
@pytest.mark.timeout(300)
def test_40_kills(tmp_path: Path) -> None:
    check(drive(tmp_path, 40))


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_1000_kills(tmp_path: Path) -> None:
    check(drive(tmp_path, 1000))
