"""Publishing: readers see one publication or the next, and the last good one after any kill."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
import threading
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from warehouse import publish as publish_module
from warehouse.database import reader, writer
from warehouse.errors import PublishError
from warehouse.layout import Layout
from warehouse.publish import publications, publish, rollback


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    """A small warehouse with a number that every publication changes: in both of two tables."""
    layout = Layout(tmp_path / "data")
    with writer(layout) as con:
        con.execute("create schema marts; create schema quality; create schema raw")
        con.execute("create table raw.secret as select 'raw rows stay here' as text")
        con.execute(
            "create table marts.fct_a as select 1 as version, 0.10::decimal(20,6) as amount_wan"
        )
        con.execute("create view quality.b as select 1 as version")
        con.execute("comment on table marts.fct_a is '金额'")
        con.execute("comment on column marts.fct_a.amount_wan is '金额（万元）it''s exact'")
    return layout


def change(layout: Layout, version: int) -> None:
    with writer(layout) as con:
        con.execute(f"update marts.fct_a set version = {version}")
        con.execute(f"create or replace view quality.b as select {version} as version")


def versions(layout: Layout) -> tuple[int, int]:
    with reader(layout) as con:
        row = con.execute(
            "select (select version from marts.fct_a), (select version from quality.b)"
        ).fetchone()
    assert row is not None
    return row


def test_publishing_copies_marts_and_quality_only(layout: Layout) -> None:
    done = publish(layout)
    assert done.published
    assert done.rows == {"marts.fct_a": 1, "quality.b": 1}
    with reader(layout) as con:
        assert con.execute("select amount_wan from marts.fct_a").fetchall() == [(Decimal("0.1"),)]
        schemas = {
            s for (s,) in con.execute("select distinct schema_name from duckdb_tables()").fetchall()
        }
        assert schemas == {"marts", "quality"}
        assert con.execute(
            "select comment from duckdb_columns() where column_name = 'amount_wan'"
        ).fetchall() == [("金额（万元）it's exact",)]
    parquet = duckdb.sql(f"select * from '{layout.parquet_path}/marts/fct_a.parquet'")
    assert parquet.types == ["INTEGER", "DECIMAL(20,6)"]


def test_older_drivers_can_open_the_copy(layout: Layout) -> None:
    publish(layout)
    header = layout.published_path.read_bytes()[:64]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 64, "storage of DuckDB 1.0 to 1.1"


def test_nothing_new_publishes_nothing(layout: Layout) -> None:
    first = publish(layout)
    again = publish(layout)
    assert not again.published
    assert again.build_id == first.build_id
    assert publications(layout) == [first.build_id]
    change(layout, 2)
    assert publish(layout).published


def test_a_closed_gate_keeps_the_last_good_copy(layout: Layout) -> None:
    publish(layout)
    change(layout, 2)
    with pytest.raises(PublishError, match="a form is missing"):
        publish(layout, failures=["a form is missing"])
    assert versions(layout) == (1, 1)


def test_a_reader_keeps_the_build_it_opened(layout: Layout) -> None:
    publish(layout)
    with reader(layout) as con:
        change(layout, 2)
        publish(layout)
        assert con.execute("select version from marts.fct_a").fetchone() == (1,)
        assert versions(layout) == (2, 2)


def test_readers_in_a_loop_never_fail_nor_see_a_mixture(layout: Layout) -> None:
    publish(layout)
    script = textwrap.dedent(
        f"""
        import duckdb, os, sys
        n = 0
        while not os.path.exists({str(layout.root / "stop")!r}):
            con = duckdb.connect({str(layout.published_path)!r}, read_only=True)
            a, b = con.execute(
                "select (select version from marts.fct_a), (select version from quality.b)"
            ).fetchone()
            con.close()
            assert a == b, (a, b)
            n += 1
        print(n)
        """
    )
    seen: set[tuple[int, int]] = set()
    failed: list[BaseException] = []
    stop = threading.Event()

    def read() -> None:
        try:
            while not stop.is_set():
                seen.add(versions(layout))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as bi:
        for version in range(2, 14):
            change(layout, version)
            publish(layout)
        (layout.root / "stop").touch()
        out, _ = bi.communicate(timeout=60)
    stop.set()
    thread.join(60)
    assert failed == []
    assert bi.returncode == 0
    assert int(out) > 3
    assert all(a == b for a, b in seen)
    assert len(seen) > 1


@pytest.mark.parametrize("dies_in", ["_write_parquet", "_flush", "_take_up"])
def test_a_kill_while_publishing_leaves_the_last_good_copy(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, dies_in: str
) -> None:
    publish(layout)
    change(layout, 2)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(publish_module, dies_in, die)
        with pytest.raises(KeyboardInterrupt):
            publish(layout)
    assert versions(layout) == (1, 1)
    assert publish(layout).published
    assert versions(layout) == (2, 2)
    assert not list(layout.builds_path.glob(".*")), "what the kill left is swept"


def test_the_last_seven_stay_and_one_can_go_back(layout: Layout) -> None:
    for version in range(1, 11):
        change(layout, version)
        publish(layout)
    assert len(publications(layout)) == 7
    assert versions(layout) == (10, 10)
    rollback(layout)
    assert versions(layout) == (9, 9)
    rollback(layout, publications(layout)[0])
    assert versions(layout) == (4, 4)
    with pytest.raises(PublishError, match="no earlier"):
        rollback(layout)
    with pytest.raises(PublishError, match="is not kept"):
        rollback(layout, "19990101")


def test_the_manifest_says_what_was_published(layout: Layout) -> None:
    done = publish(layout)
    manifest = json.loads((layout.published_root / "manifest.json").read_text())
    assert manifest["build_id"] == done.build_id
    assert manifest["rows"] == done.rows
    assert set(manifest["files"]) == {
        "warehouse.duckdb",
        "datapackage.json",
        "parquet/marts/fct_a.parquet",
        "parquet/quality/b.parquet",
    }


def test_there_is_nothing_to_publish_before_a_build(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data")
    with pytest.raises(PublishError, match="load and build"):
        publish(layout)
    with writer(layout) as con:
        con.execute("create schema raw")
    with pytest.raises(PublishError, match="build it first"):
        publish(layout)
