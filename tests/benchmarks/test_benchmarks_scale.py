"""The scale run: what it measures, and a small season taken through the whole night."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from benchmarks.scale import Moment, by_step, plot, use_of


def test_seconds_are_added_up_by_step() -> None:
    rows = [
        {"step": "crawl_host a.example", "seconds": 2.0},
        {"step": "parse_batch", "seconds": 3.0},
        {"step": "crawl_host b.example", "seconds": 4.0},
    ]
    assert by_step(rows) == {"crawl_host": 6.0, "parse_batch": 3.0}


def test_memory_counts_the_processes_below() -> None:
    code = "x = b'1' * 200_000_000; print('held', flush=True); input()"
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        spent, everything, largest = use_of(psutil.Process())
        assert everything > largest > 200
        assert spent > 0
    finally:
        child.kill()
        child.communicate()


def test_the_same_moments_give_the_same_plots(tmp_path: Path) -> None:
    moments = [Moment(0, 0, 0, 0, 50, 40, 0), Moment(60, 70, 10, 8, 400, 300, 2)]
    for folder in ("a", "b"):
        plot(moments, tmp_path / folder)
    drawn = sorted((tmp_path / "a").iterdir())
    assert [p.name for p in drawn] == ["scale-memory.svg", "scale-throughput.svg"]
    assert all(p.read_bytes() == (tmp_path / "b" / p.name).read_bytes() for p in drawn)


@pytest.mark.full
def test_a_small_season_goes_through_the_whole_night(tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.scale",
            "--counties",
            "2",
            "--documents",
            "3",
            "--work",
            str(tmp_path),
            "--plots",
            str(tmp_path / "plots"),
        ],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "exit codes                  0, 0" in done.stdout
    assert "documents                   6" in done.stdout
