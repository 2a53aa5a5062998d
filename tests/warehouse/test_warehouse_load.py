"""Loading: by difference, in one transaction, rebuildable; one writer at a time."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from warehouse_by_hand import budget, fetched, record

from warehouse import load as load_module
from warehouse.database import exclusive, reader, writer
from warehouse.errors import LoadError, WarehouseBusyError
from warehouse.landing import land
from warehouse.layout import Layout
from warehouse.load import load, rebuild
from warehouse.schema import RAW


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def counts(layout: Layout) -> dict[str, int]:
    with reader(layout, published=False) as con:
        return {
            table.name: con.execute(f"select count(*) from raw.{table.name}").fetchone()[0]  # type: ignore[index]
            for table in RAW
        }


def test_load_brings_only_what_is_new(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    first = load(layout, [fetched("a", at="2026-03-01")])
    assert (first.batches, first.fetches) == (["b1"], 1)
    land(layout, [record(budget("b"))], "b2")
    second = load(layout, [fetched("a", at="2026-03-01"), fetched("b", at="2026-03-02")])
    assert (second.batches, second.fetches) == (["b2"], 1)
    before = counts(layout)
    third = load(layout, [fetched("a", at="2026-03-01")] * 2)
    assert (third.batches, third.fetches, counts(layout)) == ([], 0, before)


def test_rebuilding_gives_the_same_rows(layout: Layout) -> None:
    fetches = [fetched("a", at="2026-03-01")]
    land(layout, [record(budget("a")), record(budget("b"))], "b1")
    load(layout, fetches)

    def rows() -> list[object]:
        with reader(layout, published=False) as con:
            return [con.execute(f"select * from raw.{t.name} order by all").fetchall() for t in RAW]

    before = rows()
    rebuild(layout, fetches)
    assert rows() == before


def test_a_kill_in_the_middle_leaves_the_warehouse_as_it_was(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(layout, [record(budget("a"))], "b1")
    load(layout)
    before = counts(layout)
    land(layout, [record(budget("b"))], "b2")
    land(layout, [record(budget("c"))], "b3")
    real = load_module.verified

    def die(store: object, batch: object, table: str) -> object:
        if table == "raw_performance" and batch.batch_id == "b3":  # type: ignore[attr-defined]
            raise KeyboardInterrupt
        return real(store, batch, table)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(load_module, "verified", die)
        with pytest.raises(KeyboardInterrupt):
            load(layout)
    assert counts(layout) == before
    assert load(layout).batches == ["b2", "b3"]
    assert counts(layout)["raw_cell"] == 3 * before["raw_cell"]


def test_a_damaged_batch_stops_the_load_and_changes_nothing(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    path = layout.landing.local_path(Layout.landing_file("raw_cell", "b1"))
    pq.write_table(pq.read_table(path).slice(1), path)
    with pytest.raises(LoadError, match=r"raw_cell/batch=b1\.parquet was changed"):
        load(layout)
    assert set(counts(layout).values()) == {0}


def test_a_batch_that_landing_lost_is_missed(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    load(layout)
    layout.landing.delete(Layout.commit_file("b1"))
    with pytest.raises(LoadError, match="rebuild"):
        load(layout)


@pytest.mark.parametrize(
    "earlier",
    [
        "alter table raw.raw_cell drop column source",
        "alter table raw.raw_cell add column shade varchar",
        "alter table raw.raw_cell alter column amount type double",
    ],
)
def test_a_warehouse_of_an_earlier_version_is_built_anew(layout: Layout, earlier: str) -> None:
    land(layout, [record(budget("a"))], "b1")
    fetches = [fetched("a", at="2026-03-01")]
    load(layout, fetches)
    before = counts(layout)
    with writer(layout) as con:
        con.execute(earlier)
        con.execute("create schema marts; create table marts.fct_of_old as select 1 as amount_wan")
    again = load(layout, fetches)
    assert again.rebuilt is not None
    assert "another version: raw.raw_cell has other columns" in again.rebuilt
    assert (again.batches, counts(layout)) == (["b1"], before)
    with reader(layout, published=False) as con:
        assert con.execute(
            "select count(*) from duckdb_tables() where schema_name = 'marts'"
        ).fetchone() == (0,)
    assert load(layout, fetches).rebuilt is None


def test_amounts_are_decimals_in_the_warehouse(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    load(layout)
    with reader(layout, published=False) as con:
        types = con.execute(
            "select distinct data_type from duckdb_columns() where schema_name = 'raw'"
            " and column_name in ('amount', 'value', 'value_yuan', 'left_yuan')"
        ).fetchall()
    assert types == [("DECIMAL(20,6)",)]


def test_a_fetch_row_needs_its_time(layout: Layout) -> None:
    with pytest.raises(LoadError, match="has no time"):
        load(layout, [fetched("a", at="2026-03-01") | {"fetched_at": None}])


def test_the_second_writer_is_told_who_writes(layout: Layout) -> None:
    script = textwrap.dedent(
        f"""
        import sys
        from warehouse.database import writer
        from warehouse.layout import Layout
        with writer(Layout({str(layout.root)!r})) as con:
            print("held", flush=True)
            sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "held\n"
        with (
            pytest.raises(WarehouseBusyError, match=rf"process {child.pid} on .* since 20"),
            writer(layout, timeout=0.2),
        ):
            pass
        with (
            pytest.raises(WarehouseBusyError, match=str(child.pid)),
            reader(layout, published=False),
        ):
            pass
        child.stdin.close()
    assert child.returncode == 0
    with writer(layout, timeout=5) as con:
        assert con.execute("select 1").fetchone() == (1,)


def test_a_killed_writer_holds_nothing(layout: Layout) -> None:
    script = textwrap.dedent(
        f"""
        import os, signal
        from warehouse.database import exclusive
        from warehouse.layout import Layout
        with exclusive(Layout({str(layout.root)!r})):
            os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with exclusive(layout, timeout=1):
        pass


def test_a_file_held_without_the_lock_is_explained(layout: Layout) -> None:
    load(layout)
    script = textwrap.dedent(
        f"""
        import duckdb, sys
        con = duckdb.connect({str(layout.warehouse_path)!r})
        print("held", flush=True)
        sys.stdin.read()
        """
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdin is not None
        child.stdout.readline()
        with pytest.raises(WarehouseBusyError, match="published copy"), writer(layout):
            pass
        child.stdin.close()


def test_reading_before_the_first_night_says_so(layout: Layout) -> None:
    with pytest.raises(FileNotFoundError, match="no published warehouse"), reader(layout):
        pass


def test_a_reader_cannot_write(layout: Layout) -> None:
    load(layout)
    with reader(layout, published=False) as con, pytest.raises(duckdb.InvalidInputException):
        con.execute("delete from raw.raw_cell")


def test_no_personal_data_has_a_column() -> None:
    dropped = next(t for t in RAW if t.name == "raw_dropped")
    assert not {"text", "value"} & set(dropped.names)
