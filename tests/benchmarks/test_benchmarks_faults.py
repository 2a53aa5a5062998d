"""The harness that disturbs nights: its parts see what is wrong, and a few nights are disturbed."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
import requests

from benchmarks.faults import Reader, compare, sink, told
from expectations.ledger import Ledger
from warehouse.layout import Layout


def test_a_lost_row_and_another_figure_are_named() -> None:
    wanted = {"marts.a": [(1, "x"), (2, "y")], "marts.b": [(1,)]}
    assert compare(wanted, dict(wanted)) == []
    found = compare(wanted, {"marts.a": [(1, "x"), (2, "z")]})
    assert found == [
        "marts.b: only in one of both",
        "marts.a: 1 rows lost, 1 others; first [(2, 'y')] [(2, 'z')]",
    ]


def test_the_reader_sees_a_missing_and_a_mixed_copy(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    layout.published_root.mkdir(parents=True)
    with duckdb.connect(str(layout.published_path)) as con:
        con.sql("create schema marts")
        con.sql("create table marts.a as select 1 as x")
    manifest = layout.published_root / "manifest.json"
    manifest.write_text('{"rows": {"marts.a": 1}}')

    def read_once() -> list[str]:
        with Reader(layout) as reader:
            while not reader.reads:
                pass
        return reader.wrong

    assert read_once() == []
    manifest.write_text('{"rows": {"marts.a": 2}}')
    assert "no manifest" in read_once()[0]
    layout.published_path.unlink()
    assert "Error" in read_once()[0] or "Exception" in read_once()[0]


def test_messages_are_counted_by_their_id(tmp_path: Path) -> None:
    with sink() as endpoint:
        address = endpoint.url.replace("json://", "http://")
        for _ in range(2):
            requests.post(address, json={"message": "text\n编号 abc123"}, timeout=5)
        assert endpoint.heard == {"abc123": 2}


def test_what_speaks_of_the_run_is_not_compared(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger")
    for name, items in (("m1", ["finding-1"]), ("m2", ["quiet:2026-01-21"])):
        ledger.queue(
            message_id=name,
            kind="finding",
            title="",
            body="",
            items=items,
            channels=["c"],
            at=datetime(2026, 1, 21, tzinfo=UTC),
            run_id="r",
        )
    assert told(tmp_path) == {"items": ["finding-1"], "waiting": ["m1", "m2"], "delivered": []}


@pytest.mark.full
@pytest.mark.slow
def test_disturbed_nights_end_like_undisturbed_ones() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.faults",
            "--trials",
            "4",
            "--counties",
            "1",
            "--seed",
            "7",
        ],
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 disturbed nights" in done.stdout
