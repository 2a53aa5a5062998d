"""Publishing: readers see one publication or the next, and the last good one after any kill."""

from __future__ import annotations

import hashlib
import json
import os
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


def parquet_versions(layout: Layout) -> tuple[int, int]:
    """Both tables from the Parquet files of one build, as docs/tools says to read them."""
    folder = layout.current_path.resolve() / "parquet"
    with duckdb.connect() as con:
        row = con.execute(
            f"select (select version from '{folder}/marts/fct_a.parquet'),"
            f" (select version from '{folder}/quality/b.parquet')"
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
        assert schemas == {"marts", "quality", "meta"}
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


@pytest.mark.parametrize(
    "count", [pytest.param(8, id="a-few"), pytest.param(50, id="fifty", marks=pytest.mark.full)]
)
def test_readers_in_a_loop_never_fail_nor_see_a_mixture(layout: Layout, count: int) -> None:
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
                seen.add(parquet_versions(layout))
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=read)
    thread.start()
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as bi:
        for version in range(2, 2 + count):
            change(layout, version)
            publish(layout, keep=50)  # nights are further apart than a reader is slow
        (layout.root / "stop").touch()
        out, _ = bi.communicate(timeout=60)
    stop.set()
    thread.join(60)
    assert failed == []
    assert bi.returncode == 0
    assert int(out) > 3
    assert all(a == b for a, b in seen)
    assert len(seen) > 1


@pytest.mark.parametrize("dies_in", ["gather", "_write_parquet", "_flush", "_take_up"])
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
    assert manifest["storage_version"] == "v1.0.0"
    assert {"published_at", "content_key", "dbt_project", "code", "parsers", "catalogues"} <= set(
        manifest
    )
    assert set(manifest["checksums"]) == set(done.rows)
    for name, digest in manifest["files"].items():
        data = (layout.published_root / "current" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == digest, name
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


# --- by difference ----------------------------------------------------------------------------


def note_change(layout: Layout, number: int, *document_ids: str) -> None:
    """As the build does: the documents changed, and fct_b has taken it."""
    with writer(layout) as con:
        for document_id in document_ids:
            con.execute(
                "delete from intermediate.int_document_change where document_id = ?", [document_id]
            )
            con.execute(
                "insert into intermediate.int_document_change values (?, ?)", [document_id, number]
            )
        con.execute("update meta.progress set taken_until = ?", [number])


@pytest.fixture
def followed(layout: Layout) -> Layout:
    """A table that follows its documents: three of them, of two years and of none."""
    with writer(layout) as con:
        con.execute("create schema intermediate; create schema meta")
        con.execute(
            "create table intermediate.int_document_change (document_id varchar, changed_in bigint)"
        )
        con.execute("create table meta.progress (model varchar, taken_until bigint)")
        con.execute("insert into meta.progress values ('fct_b', 0)")
        con.execute(
            "create table meta.build as select now()::timestamp as built_at, 'p' as project_version,"
            " 'one' as epoch, true as is_complete"
        )
        con.execute(
            "create table marts.fct_b as from (values ('a', 2025, 1.50::decimal(20,6)),"
            " ('b', 2026, 2.25), ('b', 2026, 2.25), ('c', null, 7)) t(document_id, fiscal_year, amount_wan)"
        )
    note_change(layout, 1, "a", "b", "c")
    return layout


def published_rows(layout: Layout) -> list[tuple[object, ...]]:
    with reader(layout) as con:
        return con.execute("from marts.fct_b order by all").fetchall()


def part(layout: Layout, year: object) -> Path:
    return (layout.parquet_path / f"marts/fct_b/fiscal_year={year}/part.parquet").resolve()


def test_only_what_changed_is_written(followed: Layout) -> None:
    publish(followed)
    years = (2025, 2026, "__HIVE_DEFAULT_PARTITION__")
    first = {year: part(followed, year).stat().st_ino for year in years}
    with writer(followed) as con:
        con.execute("delete from marts.fct_b where document_id = 'b'")
        con.execute("insert into marts.fct_b values ('b', 2026, 3), ('d', 2026, 0.01)")
    note_change(followed, 2, "b", "d")
    publish(followed)
    assert published_rows(followed) == [
        ("a", 2025, Decimal("1.5")),
        ("b", 2026, Decimal(3)),
        ("c", None, Decimal(7)),
        ("d", 2026, Decimal("0.01")),
    ]
    second = {year: part(followed, year).stat().st_ino for year in years}
    assert {year for year in years if first[year] != second[year]} == {2026}
    everything = f"read_parquet('{followed.parquet_path}/marts/fct_b/*/*.parquet')"
    assert duckdb.sql(f"select sum(amount_wan), count(*) from {everything}").fetchall() == [
        (Decimal("11.51"), 4)
    ]


def test_by_difference_or_from_the_first_row_the_same_is_published(followed: Layout) -> None:
    publish(followed)
    with writer(followed) as con:
        con.execute("delete from marts.fct_b where document_id in ('a', 'b')")
        con.execute("insert into marts.fct_b values ('b', 2024, 1)")
    note_change(followed, 2, "a", "b")
    by_difference = publish(followed)
    followed.gathered_path.unlink()
    again = publish(followed)
    assert not again.published
    assert again.content_key == by_difference.content_key


def test_a_change_that_nobody_noted_stops_the_publication(followed: Layout) -> None:
    publish(followed)
    with writer(followed) as con:
        con.execute("delete from marts.fct_b where document_id = 'a'")
    note_change(followed, 2, "c")
    with pytest.raises(PublishError, match="the warehouse holds 3 rows, 4 were gathered"):
        publish(followed)
    assert len(published_rows(followed)) == 4


def test_a_build_from_nothing_is_gathered_from_the_first_row(followed: Layout) -> None:
    publish(followed)
    with writer(followed) as con:  # other rows under the same numbers of changes
        con.execute("update marts.fct_b set amount_wan = amount_wan + 1")
        con.execute("update meta.build set epoch = 'two'")
    assert publish(followed).published
    assert [row[2] for row in published_rows(followed)] == [
        Decimal(n) for n in ("2.5", "3.25", "3.25", "8")
    ]


def test_half_a_build_is_not_published(followed: Layout) -> None:
    publish(followed)
    with writer(followed) as con:
        con.execute("update meta.build set is_complete = false")
    with pytest.raises(PublishError, match="the last build did not end"):
        publish(followed)


@pytest.mark.parametrize("damage", [b"", b"no database at all", None])
def test_a_damaged_gathering_is_thrown_away(followed: Layout, damage: bytes | None) -> None:
    key = publish(followed).content_key
    held = followed.gathered_path.read_bytes()
    followed.gathered_path.write_bytes(held[:9000] if damage is None else damage)
    assert publish(followed).content_key == key


@pytest.mark.full
@pytest.mark.parametrize("driver", ["1.4.*", "1.5.*"])
def test_older_drivers_read_the_copy(followed: Layout, tmp_path: Path, driver: str) -> None:
    """The real thing, where the drivers can be had: installed beside, never into the project."""
    publish(followed)
    place = tmp_path / "driver"
    tool = Path(sys.executable).parent / "uv"
    command = [str(tool), "pip", "install", "-q", "--python", sys.executable]
    if not tool.exists():
        command = [sys.executable, "-m", "pip", "install", "-q"]
    done = subprocess.run(
        [*command, "--no-deps", "--target", str(place), f"duckdb=={driver}"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    if done.returncode != 0:
        pytest.skip(f"duckdb {driver} cannot be had here: {done.stderr.strip()[-200:]}")
    script = (
        "import duckdb, sys;"
        "con = duckdb.connect(sys.argv[1], read_only=True);"
        "print(duckdb.__version__, *con.execute('select sum(amount_wan), count(*) from marts.fct_b')"
        ".fetchone())"
    )
    out = subprocess.run(
        [sys.executable, "-c", script, str(followed.published_path.resolve())],
        capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(place)},
    ).stdout.split()  # fmt: skip
    assert out[0].startswith(driver.rstrip("*"))
    assert out[1:] == ["13.000000", "4"]
