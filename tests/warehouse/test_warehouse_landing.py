"""Landing: only committed batches exist, nothing lands twice, nothing is rounded."""

from __future__ import annotations

import json
import multiprocessing
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warehouse_by_hand import budget, expenditure, record, sha

from parsers.document import Narrative, ParseRecord, RowMeta
from warehouse.errors import LandingError
from warehouse.landing import RecordKey, clean, commits, land, landed, read_table
from warehouse.layout import Layout
from warehouse.schema import LANDED


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "data")


def column(layout: Layout, batch_id: str, table: str, name: str) -> list[object]:
    batch = next(b for b in commits(layout) if b.batch_id == batch_id)
    found: list[object] = read_table(layout.landing, batch, table).column(name).to_pylist()
    return found


def test_every_part_of_a_document_lands(layout: Layout) -> None:
    batch = land(layout, [record(budget("a"))], "b1")
    assert set(batch.rows) == {t.name for t in LANDED}, "a declared table that nothing fills"
    assert batch.rows["raw_cell"] == 5 * 6 + 6 * 5 + 4 * 5 + 6 * 5 + 2 * 5 + 3 * 7
    assert batch.rows["raw_row"] == 5 + 6 + 4 + 6 + 2 + 3


def test_blank_zero_and_two_zeros_stay_three_facts(layout: Layout) -> None:
    document = budget("a")
    cells = document.tables[1].cells
    cells[5][3].text = document.tables[1].body[5][3] = "0"
    cells[5][3].amount = Decimal(0)
    land(layout, [record(document)], "b1")
    batch = commits(layout)[0]
    rows = read_table(layout.landing, batch, "raw_cell").to_pylist()
    held = {
        (r["row_index"], r["column_index"]): (r["text"], r["amount"])
        for r in rows
        if r["form"] == "T03"
    }
    assert held[4, 3] == ("", None)
    assert held[4, 4] == ("0.00", Decimal("0.000000"))
    assert held[5, 3] == ("0", Decimal("0.000000"))


def test_landing_again_writes_nothing(layout: Layout) -> None:
    first = land(layout, [record(budget("a"))], "b1")
    assert land(layout, [record(budget("a"))], "b1") == first
    again = land(layout, [record(budget("a"))], "b2")
    assert again.rows == {}
    assert [b.batch_id for b in commits(layout)] == ["b1"]
    assert not list(layout.landing.list("landing", suffix="batch=b2.parquet"))


def test_only_what_is_new_of_a_batch_lands(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    batch = land(layout, [record(budget("a")), record(budget("b"))], "b2")
    assert [k.file_sha256 for k in batch.keys] == [sha("b")]
    assert {k.file_sha256 for k in landed(layout)} == {sha("a"), sha("b")}


def test_a_batch_id_never_changes_its_content(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    with pytest.raises(LandingError, match="another id"):
        land(layout, [record(budget("b"))], "b1")


def test_what_was_landed_before_and_replaced_since_lands_again(layout: Layout) -> None:
    for i, decisions in enumerate(["none", "d1", "none"]):
        land(layout, [record(budget("a"), decisions=decisions)], f"b{i}")
    assert [b.batch_id for b in commits(layout)] == ["b0", "b1", "b2"]
    assert {k.decisions_version for k in landed(layout)} == {"none"}


def test_a_kill_before_the_commit_leaves_nothing_that_counts(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = type(layout.landing).write_bytes

    def die_at_commit(self: object, path: str, data: bytes) -> None:
        if "_commits" in path:
            raise KeyboardInterrupt
        real(self, path, data)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr("store.Store.write_bytes", die_at_commit)
        with pytest.raises(KeyboardInterrupt):
            land(layout, [record(budget("a"))], "b1")
    assert list(layout.landing.list("landing/raw_cell"))
    assert commits(layout) == []
    assert landed(layout) == set()
    land(layout, [record(budget("b"))], "b2")
    left = list(layout.landing.list("landing", suffix=".parquet"))
    assert all("batch=b2" in path for path in left), "the leftovers of the kill are cleaned"
    assert clean(layout) == []


def test_a_changed_parquet_file_is_noticed(layout: Layout) -> None:
    batch = land(layout, [record(budget("a"))], "b1")
    path = layout.landing.local_path(Layout.landing_file("raw_cell", "b1"))
    rows = pq.read_table(path)
    pq.write_table(rows.slice(1), path)
    with pytest.raises(LandingError, match="checksum"):
        read_table(layout.landing, batch, "raw_cell")
    path.unlink()
    with pytest.raises(LandingError, match="missing"):
        read_table(layout.landing, batch, "raw_cell")


def test_a_torn_commit_file_is_named(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    path = layout.landing.local_path(Layout.commit_file("b1"))
    path.write_text(path.read_text()[:40])
    with pytest.raises(LandingError, match=r"_commits/b1\.json is no commit file"):
        commits(layout)


def broken(kind: str) -> ParseRecord:
    document = budget("a")
    t03 = document.tables[1]
    if kind == "an amount with seven decimals":
        t03.cells[0][2].amount = Decimal("1.0000001")
    elif kind == "an amount too large":
        t03.cells[0][2].amount = Decimal(10) ** 15
    elif kind == "no number":
        t03.cells[0][2].amount = Decimal("NaN")
    elif kind == "cells that differ from the row":
        t03.body[0][2] = "121.00"
    elif kind == "a row kind too few":
        t03.rows.pop()
    elif kind == "a row of cells too few":
        t03.cells.pop()
    elif kind == "more cells than columns":
        t03.columns.pop()
    elif kind == "a form twice":
        document.tables.append(expenditure("1.00", "1.00", "2.00"))
    elif kind == "another file's document":
        document.document.file_sha256 = sha("z")
    elif kind == "a narrated figure with seven decimals":
        document.narrative.figures[0].value = Decimal("0.1234567")
    elif kind == "one id twice":
        return record(budget("a"), budget("a"))
    return record(document, file_sha256=sha("a"))


@pytest.mark.parametrize(
    "kind",
    [
        "an amount with seven decimals",
        "an amount too large",
        "no number",
        "cells that differ from the row",
        "a row kind too few",
        "a row of cells too few",
        "more cells than columns",
        "a form twice",
        "another file's document",
        "a narrated figure with seven decimals",
        "one id twice",
    ],
)
def test_a_reading_against_the_contract_is_told_and_not_used(layout: Layout, kind: str) -> None:
    batch = land(layout, [broken(kind), record(budget("b"))], "b1")
    outcomes = dict(
        zip(
            column(layout, "b1", "raw_parse_outcome", "file_sha256"),
            zip(
                column(layout, "b1", "raw_parse_outcome", "outcome"),
                column(layout, "b1", "raw_parse_outcome", "problem_code"),
                strict=True,
            ),
            strict=True,
        )
    )
    assert outcomes == {sha("a"): ("failed", "contract"), sha("b"): ("parsed", None)}
    assert set(column(layout, "b1", "raw_cell", "file_sha256")) == {sha("b")}
    assert {k.outcome for k in batch.keys} == {"failed", "parsed"}


def test_failures_land_with_what_where_and_remedy(layout: Layout) -> None:
    from parsers.document import ReadingProblem

    failure = record(file_sha256=sha("x"), outcome="damaged")
    failure.problem = ReadingProblem(
        code="damaged", what="cut off", where="byte 10", remedy="again"
    )
    land(layout, [failure], "b1")
    assert column(layout, "b1", "raw_parse_outcome", "problem_remedy") == ["again"]
    assert commits(layout)[0].rows == {"raw_parse_outcome": 1}


def test_landing_on_an_object_store(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "data", landing_root=f"memory://landing-{tmp_path.name}")
    land(layout, [record(budget("a"))], "b1")
    assert [b.batch_id for b in commits(layout)] == ["b1"]
    assert len(landed(layout)) == 1
    assert not (tmp_path / "data" / "landing").exists()


def _land_one(root: str, i: int) -> None:
    land(Layout(root), [record(budget(f"doc{i}"))], f"b{i}")


def test_many_land_at_once_and_none_is_lost(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [
        context.Process(target=_land_one, args=(str(tmp_path / "data"), i)) for i in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(120)
    assert [w.exitcode for w in workers] == [0, 0, 0, 0]
    held = commits(Layout(tmp_path / "data"))
    assert [b.sequence for b in held] == [1, 2, 3, 4]
    assert len(landed(Layout(tmp_path / "data"))) == 4


def test_the_key_tells_content_from_time(layout: Layout) -> None:
    first = record(budget("a"))
    later = first.model_copy(update={"parsed_at": "2027-01-01T00:00:00+00:00", "seconds": 9.0})
    land(layout, [first], "b1")
    assert land(layout, [later], "b2").rows == {}
    other = budget("a")
    other.narrative = Narrative(keys={"income_total": "1"})
    assert land(layout, [record(other)], "b3").rows["raw_document"] == 1


def test_commit_files_hold_keys_counts_and_checksums(layout: Layout) -> None:
    land(layout, [record(budget("a"))], "b1")
    held = json.loads(layout.landing.read_bytes(Layout.commit_file("b1")))
    assert held["keys"][0][:5] == [sha("a"), 1, "c1", "none", "parsed"]
    assert set(held["rows"]) == set(held["checksums"])
    assert RecordKey(*held["keys"][0]) in landed(layout)


@settings(deadline=None)
@given(
    st.decimals(
        min_value=-(10**13), max_value=10**13, places=6, allow_nan=False, allow_infinity=False
    )
)
def test_any_amount_lands_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, amount: Decimal
) -> None:
    layout = Layout(tmp_path_factory.mktemp("landing"))
    document = budget("a")
    document.tables = [document.tables[1]]
    document.tables[0].rows[0] = RowMeta(kind="total", label="合计")
    document.tables[0].cells[0][2].amount = amount
    document.identities = []
    land(layout, [record(document)], "b1")
    rows = read_table(layout.landing, commits(layout)[0], "raw_cell").to_pylist()
    assert (
        next(r["amount"] for r in rows if (r["row_index"], r["column_index"]) == (0, 2)) == amount
    )
