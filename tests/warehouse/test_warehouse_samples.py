"""The sample province through reading, judging and the warehouse: what goes in comes out."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
import zstandard

from parsers.document import ParsedDocument, ParseRecord
from warehouse.database import reader
from warehouse.layout import Layout

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("night")]


@pytest.fixture(scope="module")
def read(finished_night: Path) -> list[ParsedDocument]:
    """What the night kept of its readings, as it was handed to the warehouse."""
    decompress = zstandard.ZstdDecompressor().decompress
    records = [
        ParseRecord.model_validate_json(decompress(path.read_bytes(), max_output_size=1 << 30))
        for path in (finished_night / "parsed").rglob("*.json.zst")
    ]
    assert Counter(r.outcome for r in records if r.outcome != "parsed") == {
        "not_a_disclosure": 1,
        "damaged": 1,
    }
    documents = [d for record in records if record.outcome == "parsed" for d in record.documents]
    assert len(documents) >= 14
    return documents


@pytest.fixture
def layout(finished_night: Path) -> Layout:
    return Layout(finished_night)


def test_both_adders_agree_on_every_identity(read: list[ParsedDocument], layout: Layout) -> None:
    """The build's own tests compare them; here, that the second one really added."""
    with reader(layout, published=False) as con:
        by_rule = dict(
            con.execute(
                "select is_recomputed, count(*) from quality.identity_result"
                " where outcome != 'not_applicable' group by 1"
            ).fetchall()
        )
        total = con.execute("select count(*) from quality.identity_result").fetchone()
    assert total == (sum(len(d.identities) for d in read),)
    sums = [i for d in read for i in d.identities if i.identity[0] in "RCHX" and i.left_yuan]
    assert by_rule[True] >= len(sums)


def test_every_amount_of_the_reading_is_in_the_mart(
    read: list[ParsedDocument], layout: Layout
) -> None:
    with reader(layout, published=False) as con:
        held = {
            (document_id, form, row, column): (amount, text)
            for document_id, form, row, column, amount, text in con.execute(
                "select document_id, form, row_index, column_index, amount_printed, amount_text"
                " from marts.fct_amount where amount_printed is not null"
            ).fetchall()
        }
    expected = {
        (d.document.document_id, t.id, i, j): (cell.amount, cell.text)
        for d in read
        for t in d.tables
        for i, line in enumerate(t.cells)
        for j, cell in enumerate(line)
        if cell.amount is not None
    }
    assert held == expected


def test_plain_sums_equal_the_printed_totals_up_to_rounding(layout: Layout) -> None:
    with reader(layout, published=False) as con:
        rows = con.execute(
            "select e.document_id, sum(e.amount_wan), any_value(t.amount_wan), count(*)"
            " from marts.fct_expenditure as e join marts.fct_amount as t"
            " on t.document_id = e.document_id and t.form = 'T03' and t.row_kind = 'total'"
            " and t.column_role = 'total' group by 1"
        ).fetchall()
    assert len(rows) >= 14
    for document_id, added, printed, leaves in rows:
        assert abs(added - printed) <= Decimal("0.01") * (leaves // 2), document_id


def test_one_body_on_two_levels_is_one_organisation(layout: Layout) -> None:
    with reader(layout, published=False) as con:
        found = con.execute(
            "select count(distinct organisation_id), list(distinct scope order by scope)"
            " from marts.dim_document where department like '云汀县教育局%' and fiscal_year = 2026"
        ).fetchone()
        units = con.execute(
            "select outcome, count(*) from quality.cross_document_result"
            " where identity = 'U-SUM' group by 1 order by 1"
        ).fetchall()
    assert found == (1, ["department", "unit_own"])
    assert {outcome for outcome, _ in units} <= {"exact", "rounding"}
    assert sum(n for _, n in units) >= 8


def test_file_names_are_digests(project_root: Path, read: list[ParsedDocument]) -> None:
    files = {
        hashlib.sha256(p.read_bytes()).hexdigest()
        for p in (project_root / "samples" / "pdf").glob("*.pdf")
    }
    assert {d.document.file_sha256 for d in read} <= files
