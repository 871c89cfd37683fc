"""Sockets, tunnels, servers and runners break at random under ComfyUI runs, which their user
continues: no output lost, nothing generated twice, the ending right, others left alone.

Judged by the server's own record and by both disks. The seed is printed; `VASTGUI_CHAOS_SEED=...`
runs the same faults again (as far as time repeats itself).
"""

import os
from pathlib import Path

import pytest

from tests.chaos.comfy_faults import LONG_S, SHORT_S
from tests.chaos.comfy_kit import Report, drive
from tests.sshd import Sshd


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VASTGUI_HOME", str(tmp_path / "vastgui"))
    return tmp_path


def storm(
    home: Path, sshd: Sshd, runs: int, faults_a_run: int, pauses_s: tuple[float, ...] = SHORT_S
) -> Report:
    seed = os.environ.get("VASTGUI_CHAOS_SEED")
    report = drive(home, sshd, runs, faults_a_run, int(seed) if seed else None, pauses_s=pauses_s)
    assert report.wrongs == [], f"seed {report.seed}"
    assert report.endings["completed"] == report.runs >= runs
    return report


@pytest.mark.timeout(300)
def test_3_runs_15_faults(home: Path, sshd: Sshd) -> None:
    assert storm(home, sshd, runs=3, faults_a_run=7).felt >= 15


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_20_runs_140_faults(home: Path, sshd: Sshd) -> None:
    assert storm(home, sshd, runs=20, faults_a_run=8, pauses_s=LONG_S).felt >= 120
