"""The sample documents: their figures add up and their PDFs are what the facts say."""

from __future__ import annotations

import dataclasses
import io
import itertools
import re
from decimal import Decimal

import pytest
from samples_arithmetic import violations

from samples import document, narrative
from samples.generate import PDF_FOLDER, budget_names, facts_of, pdf_of
from samples.province import province
from samples.typesetting import PRESETS, typeset

DOCUMENTS = sorted(province().documents)


def _streams(pdf: bytes) -> list[bytes]:
    """Every stream of a PDF, decoded: what two deflate libraries must agree on."""
    import pikepdf

    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return [o.read_bytes() for o in opened.objects if isinstance(o, pikepdf.Stream)]


def _text(pdf: bytes) -> str:
    import pypdfium2

    with pypdfium2.PdfDocument(pdf) as opened:
        pages = [page.get_textpage().get_text_bounded() for page in opened]
    return re.sub(r"\s+", "", "".join(pages))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_committed_pdf_is_what_the_generator_makes(name: str) -> None:
    committed = (PDF_FOLDER / f"{name}.pdf").read_bytes()
    made = pdf_of(name)
    if committed != made:  # another deflate library packs differently; the content decides
        assert _streams(committed) == _streams(made), (
            f"samples/pdf/{name}.pdf is stale: python -m samples.generate"
        )


def test_no_pdf_is_left_over_and_none_is_large() -> None:
    found = {p.stem: p.stat().st_size for p in PDF_FOLDER.glob("*.pdf")}
    assert set(found) == set(DOCUMENTS)
    assert max(found.values()) < 150_000
    assert sum(found.values()) < 5_000_000


def test_the_same_facts_give_the_same_bytes_whatever_was_typeset_before() -> None:
    name = DOCUMENTS[0]
    first = pdf_of(name)
    for preset in ("sheet", "compact"):
        pdf_of(DOCUMENTS[-1])
        typeset(facts_of(name), PRESETS[preset])
    assert pdf_of(name) == first


@pytest.mark.parametrize(
    ("form", "row", "column"),
    [("T01", 0, 1), ("T02", 3, 3), ("T03", 1, 4), ("T05", 0, 3), ("T06", 4, 2), ("T12", 2, 1)],
)
def test_the_arithmetic_sees_a_wrong_digit(form: str, row: int, column: int) -> None:
    facts = document.load("qinglan-policy-2026")
    cell = facts.form(form).body[row][column]
    facts.form(form).body[row][column] = str(Decimal(cell) + Decimal("10.00"))
    assert violations(facts)[0]


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_every_figure_and_sentence_is_printed(preset: str) -> None:
    facts = document.load("qinglan-policy-2026")
    text = _text(typeset(facts, PRESETS[preset]))
    for form in facts.forms:
        for row in form.body:
            for cell in row:
                # A wrapped cell is cut between other cells of its row; its start is whole.
                assert re.sub(r"\s", "", cell)[:3] in text, (form.id, row, cell)
    for _, blocks in narrative.compose(facts):
        for block in blocks:
            for figure in re.findall(r"\d[\d,.]*万元", block.text):
                assert figure in text, figure


def test_all_presets_differ_and_headers_repeat_where_said() -> None:
    import pypdfium2

    facts = document.load("qinglan-archives-2024")
    repeated: dict[str, int] = {}
    for name, preset in PRESETS.items():
        with pypdfium2.PdfDocument(typeset(facts, preset)) as opened:
            pages = [p.get_textpage().get_text_bounded() for p in opened]
            rotations = {p.get_rotation() for p in opened}
        assert rotations == {preset.rotate}
        repeated[name] = sum("财政专户管理资金" in p and "单位资金" in p for p in pages)
        assert (preset.watermark or "仅供") in "".join(pages) or preset.watermark is None
    assert repeated["sheet"] > repeated["rotated"]


def test_zero_is_printed_as_the_document_prints_it() -> None:
    facts = facts_of("shibo-assets-2025")
    rows = facts.form("T01").body
    assert all(r[3] for r in rows)
    assert rows[5][:2] == ["", ""]
    assert rows[1][1] == "0.00"
    assert facts.form("T13").note is not None
    assert facts.form("T13").body == []
    said = narrative.keys(facts)
    assert said["income_own_funds"] == {"amount": "0.00", "pct": "0.00"}
    assert "外交支出" not in said["fiscal_by_function"]
    assert said["carryover"] == "0.00"


def test_thousands_separators_are_in_the_tables_and_not_in_the_keys() -> None:
    facts = facts_of("yunting-education-2024")
    total = facts.form("T01").body[-1][1]
    assert re.fullmatch(r"\d,\d{3}\.\d\d", total)
    assert narrative.keys(facts)["income_total"] == total.replace(",", "")


def test_a_row_can_break_over_a_page_end() -> None:
    import pypdfium2

    # At this size the page of T12 ends within the two lines of this project's name.
    name = "青岚县扶贫志和青岚县小康志前期编纂经费"
    facts = document.load("qinglan-archives-2024")
    assert name in {r[0] for r in facts.form("T12").body}
    setting = dataclasses.replace(PRESETS["rough"], watermark=None, table_size=11.5)
    for splits in (True, False):
        pdf = typeset(facts, dataclasses.replace(setting, split_rows=splits))
        with pypdfium2.PdfDocument(pdf) as opened:
            pages = [re.sub(r"\s", "", p.get_textpage().get_text_bounded()) for p in opened]
        places = [
            (name[:n], name[n:])
            for first, second in itertools.pairwise(pages)
            for n in range(4, len(name) - 3)
            if name[:n] in first[-60:] and second.startswith(name[n:])
        ]
        assert bool(places) is splits


def test_an_erratum_must_find_its_place() -> None:
    facts = document.load("qinglan-office-2026").model_copy(deep=True)
    facts.errata.append(
        document.Erratum(
            section="三、", around="基本支出694.67万元", right="694.67", printed="649.67"
        )
    )
    said = dict(narrative.compose(facts))["三、支出预算情况说明"][0].text
    assert "基本支出649.67万元" in said
    facts.errata[0] = document.Erratum(section="三、", right="1.23", printed="3.21")
    with pytest.raises(ValueError, match="stands 0 times"):
        narrative.compose(facts)


def test_a_table_erratum_must_name_the_right_figure() -> None:
    facts = document.load("qinglan-office-2026").model_copy(deep=True)
    facts.errata.append(
        document.Erratum(form="T05", row=1, column=2, right="1315.69", printed="1315.96")
    )
    assert facts.body_of("T05")[1][2] == "1315.96"
    assert facts.form("T05").body[1][2] == "1315.69"
    facts.errata[0] = document.Erratum(form="T05", row=1, column=2, right="1", printed="2")
    with pytest.raises(ValueError, match="T05 row 1 column 2"):
        facts.body_of("T05")


@pytest.mark.parametrize("name", budget_names())
def test_no_person_and_no_real_place(name: str) -> None:
    facts = facts_of(name)
    text = facts.model_dump_json() + _text((PDF_FOLDER / f"{name}.pdf").read_bytes())
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)|\d{3,4}-[1-9]\d{6,7}", text)
    assert "均为虚构" in text
    for table in facts.performance:
        assert table.get("经办人", "样例人员") == "样例人员"
        assert table.get("联系电话", "000-0000000") == "000-0000000"
    assert facts.county.name in {c.name for c in province().counties}


def test_expected_reading_has_the_shape_of_the_contract() -> None:
    read = document.expected(document.load("qinglan-policy-2026"))
    assert [t["id"] for t in read["tables"]] == list(document.FORM_IDS)
    for table in read["tables"]:
        assert {len(r) for r in [*table["header"], *table["body"]]} <= {table["ncols"]}
    assert read["narrative"]["keys"]["income_carryover"] == {"amount": "193.99", "pct": "19.93"}
    assert read["narrative"]["keys"]["general_public_yoy_delta"] == "-120.75"
