"""The 13 forms read exactly, however they are typeset. One test a trap, then mixtures.

The documents are invented and printed by ``parsers_typeset`` in the test.
"""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from parsers_typeset import (
    FONT,
    UNRULED,
    Sheet,
    Style,
    Typesetter,
    differences,
    invented,
    print_pdf,
    sheets_of,
    wide,
)

from expectations.catalogue import identities_of
from parsers.assemble import assemble
from parsers.document import ParsedDocument
from parsers.engine import read_pages
from parsers.errors import DocumentError
from parsers.read import read_document
from samples.generate import budget_names, facts_of


def read(sheets: list[Sheet], style: Style) -> list[str]:
    made = assemble(read_pages(print_pdf(sheets, style)))
    return differences(sheets, style, made.tables)


RULES = ["lines", "thin", "segments", "dashes", "dots", "curves", "double", "open_sides",
         "horizontal", "none", "frame", "head_only", "columns", "three"]  # fmt: skip


@pytest.mark.parametrize("rules", RULES)
def test_rules_of_every_kind(rules: str) -> None:
    assert read(invented(1), Style(rules=rules)) == []


@pytest.mark.parametrize("glyphs", ["chars", "shuffled", "double", "clip", "texts_first"])
def test_drawing_order_and_fake_bold(glyphs: str) -> None:
    assert read(invented(2), Style(glyphs=glyphs)) == []


@pytest.mark.parametrize(
    "watermark",
    ["tilted_grey", "tilted_black_front", "level_grey", "level_black_front", "small_black_front"],
)
def test_watermarks_are_no_text(watermark: str) -> None:
    assert read(invented(3), Style(watermark=watermark)) == []


@pytest.mark.parametrize("hidden", ["mode3", "white", "covered", "clipped", "outside"])
def test_a_hidden_layer_is_not_read(hidden: str) -> None:
    assert read(invented(4), Style(hidden=hidden)) == []


@pytest.mark.parametrize("rotate", [90, 180, 270])
@pytest.mark.parametrize("landscape", [False, True])
def test_rotated_pages(rotate: int, landscape: bool) -> None:
    assert read(invented(5), Style(rotate=rotate, landscape=landscape)) == []


def test_media_box_away_from_the_origin_and_crop_box() -> None:
    assert read(invented(6), Style(origin=(-100, 200), margin_crop=40)) == []


@pytest.mark.parametrize("rules", ["lines", "none"])
@pytest.mark.parametrize("repeat", ["full", "none", "last"])
@pytest.mark.parametrize("split", [False, True])
def test_tables_over_the_page_end(rules: str, repeat: str, split: bool) -> None:
    style = Style(rules=rules, repeat_header=repeat, split_rows=split, pad=4.3, stack=True)
    assert read(invented(7), style) == []


def test_the_end_of_a_cut_label_is_no_header() -> None:
    """支出 alone at the top of a page ended a label; it was dropped as a piece of the header."""
    for pad in (2.5, 3.5, 4.5, 5.5):
        style = Style(size=10.5, split_rows=True, pad=pad, repeat_header="none", valign="top")
        assert read(invented(8), style) == []


def test_header_alone_repeated_in_its_last_row_is_not_taken_for_another_form() -> None:
    """T03's last header row is word for word the whole header of T08."""
    style = Style(repeat_header="last", pad=9.0)
    assert read(invented(9), style) == []


def test_a_row_before_a_title_is_not_swallowed_by_it() -> None:
    """收入总计 … and the next form's title on the lines below read together as that title."""
    assert read(invented(10), Style(rules="none", stack=True, repeat_header="none")) == []


def test_running_heads_do_not_end_a_table() -> None:
    head = "青石县水务局2026年度部门预算公开"
    assert read(invented(11), Style(running_head=head, repeat_header="none")) == []


@pytest.mark.parametrize("footer", ["{n}", "- {n} -", "第{n}页", "{n} / {m}", "Page {n} of {m}"])
def test_page_numbers_do_not_end_a_table(footer: str) -> None:
    assert read(invented(12), Style(footer=footer, repeat_header="none")) == []


def test_captions_on_two_lines() -> None:
    style = Style(title_wrap=True, owner_wrap=True)
    assert read(invented(13), style) == []
    assert read(invented(13), Style(unit_split=True, rules="none")) == []


def test_captions_drawn_as_rows_of_the_table() -> None:
    assert read(invented(14), Style(captions_in_grid=True)) == []


@pytest.mark.parametrize("blank", ["—", "0.00", "-"])
def test_marks_in_blank_cells_stay_what_they_are(blank: str) -> None:
    assert read(invented(15), Style(blank=blank, comma=True)) == []


@pytest.mark.parametrize("rules", ["lines", "none"])
def test_total_in_a_cell_merged_over_code_and_name(rules: str) -> None:
    assert read(invented(16), Style(merge_total=True, rules=rules)) == []


def test_repeated_header_texts_are_no_watermark() -> None:
    """Glyphs drawn one by one at the same places on several pages are not taken out."""
    style = Style(glyphs="chars", rotate=90, landscape=True, head_align="left", shade=True)
    assert read(invented(17), style) == []


MIXTURE: dict[str, list[Any]] = {
    "rules": RULES,
    "glyphs": ["string", "chars", "shuffled", "double", "clip", "texts_first"],
    "label_align": ["left", "left", "centre"],
    "amount_align": ["right", "right", "centre"],
    "code_align": ["centre", "left"],
    "valign": ["middle", "middle", "top", "bottom"],
    "watermark": ["", "", "tilted_grey", "tilted_black_front", "level_grey", "small_black_front"],
    "hidden": ["", "", "mode3", "white", "covered", "clipped", "outside"],
    "repeat_header": ["full", "none", "last"],
    "split_rows": [True, False],
    "pad": [3.0, 4.0, 8.0],
    "leading": [1.1, 1.2, 1.3],
    "size": [7.0, 8.0, 9.0, 10.5],
    "comma": [True, False],
    "blank": ["", "", "—", "0.00", "-"],
    "title_wrap": [True, False, False],
    "owner_wrap": [True, False, False],
    "unit_split": [True, False, False],
    "running_head": ["", "青石县水务局2026年度部门预算公开"],
    "footer": ["{n}", "- {n} -", "第{n}页", "{n} / {m}", ""],
    "stack": [True, False],
    "shade": [True, False],
    "merge_total": [True, False],
    "rotate": [0, 0, 90, 180, 270],
    "landscape": [True, False],
    "origin": [(0.0, 0.0), (-100.0, 200.0)],
    "margin_crop": [0.0, 40.0],
}


# what further distinguishes producers: typefaces, uneven columns, fills, captions on every page
WIDER: dict[str, list[Any]] = MIXTURE | {
    "figure_font": ["", "", "Helvetica", "Times-Roman", "Courier"],
    "squeeze": [100, 100, 85, 110],
    "jitter": [0.0, 0.0, 0.6, 1.0],
    "uneven": [0.0, 0.2, 0.4],
    "table_share": [1.0, 1.0, 0.85],
    "indent": [0.0, 1.0],
    "spread": [False, False, True],
    "empty_rows": [0, 0, 2, 5],
    "weight": [0.1, 0.5, 1.0, 1.5],
    "ink": [0.0, 0.0, 0.5, 0.7],
    "fills": ["", "", "white", "zebra"],
    "as_form": [False, False, True],
    "head_rule": [False, True],
    "repeat_header": ["full", "none", "last", "captions", "continued"],
    "amount_align": ["right", "right", "centre", "left"],
}


def chosen_style(seed: int, values: dict[str, list[Any]] = WIDER) -> Style:
    rng = random.Random(1000 + seed)
    style = Style(**{name: rng.choice(v) for name, v in values.items()}, seed=seed)
    if style.glyphs in ("chars", "shuffled", "double", "clip"):
        style.figure_font, style.squeeze = "", 100
    if style.rules in UNRULED:
        style.empty_rows, style.jitter = 0, min(style.jitter, 0.6)
        style.size = min(style.size, 8.0 if style.landscape else 7.0)
    return style


@pytest.mark.parametrize("seed", range(8))
def test_mixtures(seed: int) -> None:
    assert read(invented(seed), chosen_style(seed, MIXTURE)) == []


@pytest.mark.parametrize("seed", range(300, 310))
def test_wider_mixtures(seed: int) -> None:
    assert read(invented(seed), chosen_style(seed)) == []


@pytest.mark.parametrize("rules", ["none", "horizontal", "frame", "three", "columns"])
@pytest.mark.parametrize("align", ["left", "centre"])
def test_amounts_set_left_or_centred_without_rules(rules: str, align: str) -> None:
    """An amount set left stood in the column before its own, and nothing told."""
    style = Style(rules=rules, amount_align=align, stack=True, uneven=0.2, seed=4)
    assert read(invented(40), style) == []


@pytest.mark.parametrize("align", ["left", "centre"])
def test_a_row_alone_on_its_page_is_set_as_the_document(align: str) -> None:
    """Few amounts on a page cannot tell how they are set; the document's other pages can."""
    style = Style(rules="frame", amount_align=align, blank="-", pad=8.0, size=10.5, leading=1.2)
    assert read(invented(45), style) == []


def test_a_title_cut_by_the_page_edge_where_it_says_that_the_table_goes_on() -> None:
    """（续） made the title too long for the page: without its first digit it began a new table."""
    sheets = sheets_of(facts_of(budget_names()[0]))[5:6]
    style = Style(repeat_header="continued", spread=True, squeeze=110, figure_font="Helvetica",
                  size=8.0, pad=14.0)  # fmt: skip
    data = print_pdf(sheets, style)
    pages = read_pages(data)
    assert [r.text for p in pages for r in p.removed if r.kind == "outside"] != []
    assert differences(sheets, style, assemble(pages).tables) == []


def test_a_text_at_the_height_of_a_rule_that_ends_before_it_is_not_cut() -> None:
    """In a frame the rule below 项目 ends before 政府性基金收入预算, whose middle is as high."""
    for seed in (2, 3):
        style = Style(rules="frame", glyphs="chars", jitter=0.6, size=7.0, pad=4.0, seed=seed)
        assert read(invented(60)[6:7], style) == []


@pytest.mark.parametrize("repeat", ["captions", "continued"])
@pytest.mark.parametrize("rules", ["lines", "none", "head_only"])
def test_title_and_header_printed_on_every_page(rules: str, repeat: str) -> None:
    """（续） behind the title made a second table of the form, and the first part was lost."""
    style = Style(rules=rules, repeat_header=repeat, pad=6.0, stack=True)
    assert read(invented(41), style) == []


def test_a_label_cut_by_the_page_end_below_a_whole_header() -> None:
    """支出, the end of a cut label, was taken for one more row of the header above it."""
    for pad in (2.5, 3.0, 3.5, 4.0):
        style = Style(landscape=True, size=10.5, leading=1.3, split_rows=True, pad=pad, uneven=0.4,
                      repeat_header="captions", seed=51)  # fmt: skip
        assert read(invented(51), style) == []


def test_a_watermark_that_coloured_cells_cover_in_part() -> None:
    """What is left of it stands at another place on each page."""
    style = Style(watermark="level_grey", fills="zebra", repeat_header="captions", pad=4.0)
    assert read(invented(42), style) == []


def test_a_figure_cut_by_the_page_end_is_put_together_and_told() -> None:
    """475.9 at the end of a page and 6 on the next read as 475.9."""
    found = 0
    for seed in range(3):
        style = Style(size=10.5, split_rows=True, pad=3.0, uneven=0.4, valign="bottom",
                      repeat_header="full", seed=seed)  # fmt: skip
        sheets = invented(58)
        made = assemble(read_pages(print_pdf(sheets, style)))
        assert differences(sheets, style, made.tables) == []
        found += sum(w.code == "amount_joined" for w in made.warnings)
    assert found


@pytest.mark.parametrize("rules", ["none", "head_only", "columns"])
@pytest.mark.parametrize("valign", ["middle", "top", "bottom"])
def test_wrapped_names_in_rows_as_near_as_their_lines(valign: str, rules: str) -> None:
    """Only the figures tell where a label begins; half of each name went to the next row."""
    sheets = [s for s in invented(43) if s.id in ("T03", "T12")]
    for sheet in sheets:
        sheet.widths[1 if sheet.id == "T03" else 0] = 2.6
    style = Style(rules=rules, valign=valign, size=7.0, pad=0.6, leading=1.5)
    assert read(sheets, style) == []


def test_a_class_without_figures_cut_by_the_page_end_is_one_row() -> None:
    """二十五、 above and 其他支出, which is a label too, below the page end."""
    cut = 0
    for pad in (2.0, 2.6, 3.2, 3.8, 4.4, 5.0):
        style = Style(split_rows=True, pad=pad, size=10.5, leading=1.5, valign="bottom",
                      repeat_header="full")  # fmt: skip
        sheets = [s for s in invented(44) if s.id in ("T01", "T04")]
        for sheet in sheets:
            sheet.widths[2] = 1.7
            for row in sheet.body:
                if "其他支出" in row[2]:
                    row[3:] = [""] * len(row[3:])
        pages = read_pages(print_pdf(sheets, style))
        heads = [c.text for p in pages for g in p.grids for c in g.cells if c.row in (2, 3)]
        cut += "其他支出" in heads
        assert differences(sheets, style, assemble(pages).tables) == []
    assert cut, "on one page at least the label is cut"


def money_of_all_kinds() -> list[Sheet]:
    """Government-managed funds, state capital, special accounts, units' own money, carry-over."""
    sheets = {s.id: s for s in invented(45)}
    sheets["T07"].body = [
        ["合计", "", "2,997.03"], ["103", "非税收入", "2,997.03"],
        ["10301", "政府性基金收入", "2,997.03"],
        ["1030148", "国有土地使用权出让收入", "2,997.03"],
    ]  # fmt: skip
    sheets["T08"].body = [
        ["合计", "", "2,997.03", "12.03", "2,985.00"],
        ["212", "城乡社区支出", "2,997.03", "12.03", "2,985.00"],
        ["21208", "国有土地使用权出让收入安排的支出", "2,997.03", "12.03", "2,985.00"],
        ["2120801", "征地和拆迁补偿支出", "2,985.00", "", "2,985.00"],
        ["2120899", "其他国有土地使用权出让收入安排的支出", "12.03", "12.03", ""],
    ]
    sheets["T09"].body = [
        ["合计", "", "556.71", "合计", "", "556.71", "6.71", "550.00"],
        ["103", "非税收入", "556.71", "223", "国有资本经营预算支出", "556.71", "6.71", "550.00"],
        ["10306", "国有资本经营收入", "556.71", "22301", "解决历史遗留问题及改革成本支出",
         "556.71", "6.71", "550.00"],
        ["1030601", "利润收入", "556.71", "2230105", "国有企业退休人员社会化管理补助支出",
         "550.00", "", "550.00"],
        ["", "", "", "2230199", "其他解决历史遗留问题及改革成本支出", "6.71", "6.71", ""],
    ]  # fmt: skip
    for id_ in ("T07", "T09"):
        sheets[id_].note = None
    for row in sheets["T01"].body:
        if row[2] == "年终结转":
            row[3:] = ["9.07", "3.65", "5.41"]
    for row in sheets["T04"].body:
        if row[2] == "年终结转":
            row[3:] = ["9.07", "3.65", "", "5.41"]
    for row in sheets["T02"].body[:6]:
        row[6:] = ["437.07", "38.60", "48.18"]
    for id_ in ("T12",):
        for row in sheets[id_].body[:3]:
            row[3:] = ["1.01", "2.02", "3.03", "4.04"]
    return list(sheets.values())


@pytest.mark.parametrize(
    "rules", ["lines", "segments", "none", "head_only", "columns", "horizontal"]
)
@pytest.mark.parametrize("blank", ["", "0.00"])
def test_money_that_few_documents_have(rules: str, blank: str) -> None:
    """T07, T08 and T09 filled, 财政专户管理资金, 单位资金, 上年结转 and 年终结转 in their columns."""
    style = Style(rules=rules, blank=blank, size=7.0, landscape=True)
    assert read(money_of_all_kinds(), style) == []


@pytest.mark.full
@pytest.mark.parametrize("block", range(8))
def test_the_sample_province_in_many_typesettings(block: int) -> None:
    """Every cell of each form as printed; 25 documents of the province, each set anew."""
    names = budget_names()
    wrong = []
    for seed in range(1000 + 25 * block, 1025 + 25 * block):
        sheets = sheets_of(facts_of(names[seed % len(names)]))
        style = chosen_style(seed)
        wrong += [(seed, style.rules, x) for x in read(sheets, style)]
    assert wrong == []


# several traps at once, farther than producers go: what can't be read must be told
HOSTILE: dict[str, list[Any]] = WIDER | {
    "pad": [0.5, 1.0, 2.0, 4.0],
    "leading": [1.0, 1.1, 1.3, 1.5],
    "size": [6.0, 7.0, 9.0, 10.5, 12.0],
    "uneven": [0.0, 0.4, 0.6],
    "table_share": [1.0, 0.85, 0.7],
    "squeeze": [100, 70, 85, 120],
    "watermark": ["tilted_grey", "tilted_black_front", "level_grey", "level_black_front",
                  "small_black_front"],
    "split_rows": [True, True, False],
    "stack": [True, True, False],
    "spread": [True, False],
    "captions_in_grid": [False, False, True],
}  # fmt: skip
TOLD = {"unreadable_amount", "missing_form", "untitled_form", "header_differs", "form_twice",
        "unit_missing"}  # fmt: skip


def violated(document: ParsedDocument) -> set[tuple[str, str]]:
    found = identities_of(document)
    return {(i.identity, i.instance) for i in found if i.outcome == "violated"}


def unnoticed(seed: int) -> list[str]:
    """What is read wrongly of a document set in a hostile manner and told by nothing."""
    name = budget_names()[seed % len(budget_names())]
    sheets = sheets_of(facts_of(name))
    rng = random.Random(seed)
    for sheet in sheets:
        if rng.random() < 0.3:
            sheet.label = f"预算公开表{rng.randint(1, 13)}"  # wrong numbers are as good as none
    style = chosen_style(76000 + seed, HOSTILE)
    style.size = rng.choice(HOSTILE["size"])
    try:
        document = read_document(print_pdf(sheets, style))
    except DocumentError:
        return []
    wrong = differences(sheets, style, document.tables)
    if not wrong or TOLD & {w.code for w in document.warnings}:
        return []
    plain = read_document(print_pdf(sheets_of(facts_of(name)), Style()))
    return [] if violated(document) - violated(plain) else wrong


@pytest.mark.full
@pytest.mark.parametrize("block", range(4))
def test_no_wrong_figure_goes_unnoticed(block: int) -> None:
    """Two, three and more traps at once: right, or refused, or warned of, or a failed identity."""
    found = {seed: unnoticed(seed) for seed in range(25 * block, 25 * block + 25)}
    assert {seed: wrong for seed, wrong in found.items() if wrong} == {}


def test_sideways_text_without_page_rotation_is_turned() -> None:
    """A landscape table printed sideways on a page that does not say it is rotated."""
    import io

    pikepdf = pytest.importorskip("pikepdf")
    sheets = invented(18)
    data = print_pdf(sheets, Style(rotate=90, landscape=True))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        for page in pdf.pages:
            del page.Rotate
        out = io.BytesIO()
        pdf.save(out)
    pages = read_pages(out.getvalue())
    assert {p.turned for p in pages} == {90}
    made = assemble(pages)
    assert differences(sheets, Style(), made.tables) == []
    cell = made.tables[0].cells[0][0]
    assert cell.bbox is not None
    assert cell.bbox[2] - cell.bbox[0] < cell.bbox[3] - cell.bbox[1], "the box lies as printed"


def test_text_of_a_layer_that_is_off_is_not_read() -> None:
    """A layer (OCG) switched off holds another table of figures over the first."""
    import io

    pikepdf = pytest.importorskip("pikepdf")
    sheets = invented(19)[2:3]
    data = print_pdf(sheets, Style())
    with pikepdf.open(io.BytesIO(data)) as pdf:
        group = pdf.make_indirect(
            pikepdf.Dictionary(Type=pikepdf.Name.OCG, Name=pikepdf.String("旧数"))
        )
        pdf.Root.OCProperties = pikepdf.Dictionary(
            OCGs=[group], D=pikepdf.Dictionary(OFF=[group], Order=[group])
        )
        page = pdf.pages[0]
        page.Resources.Properties = pikepdf.Dictionary(MC0=group)
        fonts = page.Resources.Font
        font = next(k for k in fonts.keys() if fonts[k].Subtype == "/Type0")  # noqa: SIM118
        page.contents_add(
            f"/OC /MC0 BDC BT {font} 9 Tf 1 0 0 1 330 600 Tm <0039002E00390039> Tj ET EMC".encode()
        )
        out = io.BytesIO()
        pdf.save(out)
    pages = read_pages(out.getvalue())
    assert "9.99" in {r.text for r in pages[0].removed}
    assert differences(sheets, Style(), assemble(pages).tables) == []


def test_a_frame_drawn_as_one_filled_path_covers_no_text() -> None:
    """All rules of a table in one filled path: its box spans the table, its ink does not."""
    sheets = invented(20)[2:3]
    setter = Typesetter(Style(rules="none"))
    setter.sheet(sheets[0])

    def frame(c: Any) -> None:
        p = c.beginPath()
        for k in range(12):
            p.rect(60, 100 + 50 * k, 475, 0.6)
        for k in range(6):
            p.rect(60 + 95 * k, 100, 0.6, 550.6)
        c.setFillGray(0)
        c.drawPath(p, stroke=0, fill=1)

    setter.page.texts.append(frame)  # after the text
    page = read_pages(setter.pdf())[0]
    assert [r for r in page.removed if r.kind == "invisible"] == []
    assert page.grids[0].ncols == 5


@pytest.mark.parametrize("cut", ["label", "figure"])
def test_text_wider_than_its_cell_is_not_cut_at_the_rule(cut: str) -> None:
    """Digits printed across a rule were read as two figures in two columns."""
    setter = Typesetter(Style())
    sheet = invented(25)[2]
    sheet.body = sheet.body[:2]
    setter.sheet(sheet)
    xs = [60.0]
    for width in sheet.widths:
        xs.append(xs[-1] + 475 * width / sum(sheet.widths))
    y = setter.y
    setter._boxes([_cell(a, b) for a, b in pairwise(xs)], y, y + 18)
    setter.text(xs[0] + 3, y + 13, "2080599", 9)
    if cut == "label":
        setter.text(
            xs[1] + 3, y + 13, "其他行政事业单位养老支出及其他社会保障和就业支出补助资金", 9
        )
    else:
        setter.text(xs[1] + 3, y + 13, "其他支出", 9)
        setter.text(xs[4] - 3 - wide("98765432109876.54", 9), y + 13, "98765432109876.54", 9)
    page = read_pages(setter.pdf())[0]
    row = page.grids[0].matrix()[-1]
    if cut == "label":
        assert row == [
            "2080599",
            "其他行政事业单位养老支出及其他社会保障和就业支出补助资金",
            "",
            "",
            "",
        ]
    else:
        assert row == ["2080599", "其他支出", "", "98765432109876.54", ""]


def _cell(a: float, b: float) -> Any:
    from parsers_typeset import _Cell

    return _Cell(a, b, [], "left")


def test_an_amount_glued_to_the_next_label_stays_apart() -> None:
    """Right edge of the amount on the rule, left edge of the label behind it, no gap."""
    setter = Typesetter(Style())
    sheet = invented(26)[0]
    sheet.body = sheet.body[:2]
    setter.sheet(sheet)
    xs = [60.0]
    for width in sheet.widths:
        xs.append(xs[-1] + 475 * width / sum(sheet.widths))
    y = setter.y
    setter._boxes([_cell(a, b) for a, b in pairwise(xs)], y, y + 18)
    setter.text(xs[0] + 3, y + 13, "一、甲", 9)
    setter.text(xs[2] - 0.2 - wide("1494.18", 9), y + 13, "1494.18", 9)
    setter.text(xs[2] + 0.2, y + 13, "三、国防支出", 9)
    row = read_pages(setter.pdf())[0].grids[0].matrix()[-1]
    assert row == ["一、甲", "1494.18", "三、国防支出", "", "", ""]


@pytest.mark.parametrize(
    "right", [["围绕年度目标组织实施，确保完成。"], ["围绕年度目标组", "织实施，确保"]]
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_mark_hung_out_of_its_cell_joins_no_lines(right: list[str], at_once: bool) -> None:
    """Word hangs 、 out behind a full line; the next cell's line was taken to go on with it."""
    setter = Typesetter(Style())
    sheet = invented(27)[2]
    sheet.body = sheet.body[:2]
    setter.sheet(sheet)
    y, size = setter.y, 9.0
    border = 60 + 3 + 9 * size + 1
    setter._boxes([_cell(60, border), _cell(border, 535)], y, y + 42)
    full = "贯彻落实全县决策、"
    if at_once and len(right) > 1:
        setter.text(63, y + 13, full + right[0], size)  # one text object for both cells
        setter.text(63 + 9 * size, y + 26, right[1], size)
    else:
        full = "贯彻落实县委的决策、"  # the last mark stands beyond the border
        setter.text(63, y + 13, full, size)
        for k, line in enumerate(right):
            setter.text(border + 8.2, y + 13 + 13 * k, line, size)
    setter.text(63, y + 26, "工作部署", size)
    row = read_pages(setter.pdf())[0].grids[-1].matrix()[-1]
    assert [text for text in row if text] == [full + "工作部署", "".join(right)]


@pytest.mark.parametrize("rules", ["none", "head_only"])
def test_the_same_row_at_the_end_of_several_pages_is_no_running_foot(rules: str) -> None:
    """T03 and T05 end a page with the same row at the same height: it was left out, untold."""
    sheets = [s for s in invented(30) if s.id in ("T03", "T05")]
    sheets[1].body = sheets[0].body
    style = Style(rules=rules, size=7.0, pad=15.0)
    assert read(sheets, style) == []
    assert len(read_pages(print_pdf(sheets, style))) == 4


@pytest.mark.parametrize("rules", ["none", "frame"])
def test_a_code_wrapped_in_a_narrow_column_is_one(rules: str) -> None:
    """20103 above 02 in a table without rules made a row of each."""
    sheets = [s for s in invented(31) if s.id in ("T03", "T05")]
    for sheet in sheets:
        sheet.header[1][0] = "科目编码"
        sheet.kinds, sheet.widths = "llaaa", [0.5, 2, 2, 2, 2]
    assert read(sheets, Style(rules=rules, size=7.0)) == []


def _narrow_codes(digits: int, style: Style) -> list[Sheet]:
    """T03 and T05 with a code column as wide as so many digits."""
    sheets = [s for s in invented(31) if s.id in ("T03", "T05")]
    setter = Typesetter(style)
    room = setter.right - setter.left
    width = 6 + (digits + 0.3) * setter.wide("8", style.size)
    for sheet in sheets:
        sheet.header[1][0] = "科目编码"
        sheet.kinds = "llaaa"
        sheet.widths = [width, *((room - width) / 4 for _ in range(4))]
        assert setter.wrap("2080505", width - 6, style.size)[0] == "2080505"[:digits]
    return sheets


@pytest.mark.parametrize("rules", ["none", "head_only", "three", "horizontal"])
@pytest.mark.parametrize("digits", [2, 3, 4, 5, 6])
def test_a_code_wrapped_to_many_lines_is_one(rules: str, digits: int) -> None:
    """20, 80, 20, 1 made four rows of one; 208, 020, 1 made three."""
    style = Style(rules=rules, size=7.0, valign="top", jitter=0.4, pad=4.0)
    assert read(_narrow_codes(digits, style), style) == []


@pytest.mark.parametrize("digits", [2, 6])
def test_the_last_digits_of_a_wrapped_code_are_no_page_number(digits: int) -> None:
    """2 below 210110, low on the page, ended the table there; its other rows were lost."""
    ends = 0
    for pad in (3.0, 4.0, 5.0, 6.0, 7.0, 8.0):
        style = Style(rules="three", size=7.0, pad=pad, repeat_header="last", footer="")
        sheets = _narrow_codes(digits, style)
        data = print_pdf(sheets, style)
        for page in read_pages(data)[:1]:
            last = page.lines[-1]
            ends += last.text.isdecimal() and len(last.text) < 3
        assert differences(sheets, style, assemble(read_pages(data)).tables) == []
    assert ends, "on one page at least they are its last line"


def test_the_last_digits_of_wrapped_codes_are_no_running_foot() -> None:
    """At the same height of two pages, and digits count as alike."""
    style = Style(rules="three", size=7.0, pad=8.0, footer="", repeat_header="none")
    sheets = _narrow_codes(6, style)
    sheets[1].body = sheets[0].body
    assert read(sheets, style) == []


@pytest.mark.parametrize("split", [False, True])
@pytest.mark.parametrize("digits", [2, 3, 4, 6])
def test_a_wrapped_code_cut_by_the_page_end_is_put_together(digits: int, split: bool) -> None:
    """2080 above and 201 below the page end: 201 is a code too, 2080 is none."""
    for pad in (1.0, 2.0, 3.0, 4.5, 6.0):
        for rules in ("lines", "three"):
            style = Style(rules=rules, size=9.0, pad=pad, repeat_header="full", split_rows=split,
                          valign="top", leading=1.2)  # fmt: skip
            assert read(_narrow_codes(digits, style), style) == [], (pad, rules)


@pytest.mark.parametrize("rules", ["none", "head_only", "three"])
@pytest.mark.parametrize("blank", ["", "—"])
def test_a_code_set_left_in_a_wide_column_is_no_amount(rules: str, blank: str) -> None:
    """201, nearer to the middle of the amounts before it, was one of them."""
    sheets = [s for s in invented(37) if s.id == "T09"]
    rows = [("201", "一般公共服务支出"), ("20131", "党委办公厅事务"), ("2013101", "行政运行")]
    sheets[0].body = [
        ["合计", "", "", "", "", "9.00", "", "9.00"],
        *([code, name, "", code, name, "9.00", "", "9.00"] for code, name in rows),
    ]
    sheets[0].note = None
    sheets[0].widths = [2, 4, 2, 5, 4, 2, 2, 2]
    style = Style(rules=rules, code_align="left", blank=blank, size=7.0, landscape=True)
    assert read(sheets, style) == []


def test_a_label_and_a_figure_cut_by_the_page_end_are_one_row() -> None:
    """支出 | 103.50 | 50 on the next page is the rest of 社会保障和就业 | 103.50 | 103."""
    setter = Typesetter(Style())
    sheet = next(s for s in invented(38) if s.id == "T03")
    sheet.body = sheet.body[:2]
    setter.sheet(sheet)
    xs = [60.0]
    for width in sheet.widths:
        xs.append(xs[-1] + 475 * width / sum(sheet.widths))

    def row(texts: list[str]) -> None:
        y = setter.y
        setter._boxes([_cell(a, b) for a, b in pairwise(xs)], y, y + 18)
        for a, text in zip(xs, texts, strict=False):
            setter.text(a + 3, y + 13, text, 9)
        setter.y += 18

    row(["208", "社会保障和就业", "103.50", "103.", ""])
    setter.new_page()
    row(["", "支出", "", "50", ""])
    row(["20805", "行政事业单位养老支出", "103.50", "103.50", ""])
    (table,) = assemble(read_pages(setter.pdf())).tables
    assert table.body[-2:] == [
        ["208", "社会保障和就业支出", "103.50", "103.50", ""],
        ["20805", "行政事业单位养老支出", "103.50", "103.50", ""],
    ]


def test_a_figure_that_begins_before_its_rule_takes_no_blanks_mark() -> None:
    """- at the end of one cell and 270.27, begun before the next cell's rule, read as -270.27."""
    setter = Typesetter(Style())
    sheet = invented(32)[2]
    sheet.body = sheet.body[:2]
    setter.sheet(sheet)
    y, size = setter.y, 9.0
    setter._boxes([_cell(60, 200), _cell(200, 300), _cell(300, 345)], y, y + 18)
    setter.text(63, y + 13, "其他支出", size)
    setter.text(297 - wide("-", size), y + 13, "-", size)
    setter.text(298, y + 13, "270.27", size)
    row = read_pages(setter.pdf())[0].grids[-1].matrix()[-1]
    assert [text for text in row if text] == ["其他支出", "-", "270.27"]


def _with_marks(
    setter: Typesetter, size: float, step: int, *, where: int, first: int = 120
) -> bytes:
    """The same small words level with the text, at the same places of all pages."""
    for page in setter.pages:
        for y in range(first, 780, step):
            for x in (80, 230, 380):

                def draw(c: Any, x: int = x, y: int = y) -> None:
                    c.setFont(FONT, size)
                    c.setFillGray(0.75)
                    c.drawString(x, 842 - y, "内部资料")

                page.texts.insert(where % (len(page.texts) + 1), draw)
    return setter.pdf()


@pytest.mark.parametrize("where", [0, 7, 10**6], ids=["before", "between", "behind"])
@pytest.mark.parametrize("fills", ["", "white", "zebra"])
def test_small_faint_words_all_over_the_page_are_a_watermark(fills: str, where: int) -> None:
    """As small as the text, and partly under white cells: neither size nor place gave it away."""
    sheets = invented(33)
    style = Style(fills=fills, stack=True, pad=5.0)
    setter = Typesetter(style)
    for sheet in sheets:
        setter.sheet(sheet)
    data = _with_marks(setter, 9.0, 46, where=where)
    assert differences(sheets, style, assemble(read_pages(data)).tables) == []


def test_captions_that_repeat_below_a_watermark_stay() -> None:
    """Drawn glyph by glyph at the same places of most pages, with faint words over them."""
    sheets = invented(34)
    style = Style(glyphs="chars", repeat_header="captions", pad=9.0)
    setter = Typesetter(style)
    for sheet in sheets:
        setter.sheet(sheet)
    data = _with_marks(setter, 24.0, 70, where=10**6, first=95)
    assert differences(sheets, style, assemble(read_pages(data)).tables) == []


def test_a_form_number_over_repeated_captions_begins_no_table() -> None:
    """In a frame without rules within, 预算公开表12 was taken for a row that goes on."""
    sheets = [replace(s, label="预算公开表12") for s in invented(35) if s.id in ("T03", "T05")]
    style = Style(rules="frame", landscape=True, repeat_header="captions", pad=6.0,
                  amount_align="left", owner_wrap=True)  # fmt: skip
    assert read(sheets, style) == []


@pytest.mark.parametrize("blank", [" ", "  ", "\u3000"])
@pytest.mark.parametrize("rules", ["lines", "open_sides"])
def test_stray_blanks_inside_figures(rules: str, blank: str) -> None:
    sheets = invented(36)
    for sheet in sheets:
        for row in sheet.body:
            for c, kind in enumerate(sheet.kinds):
                if kind == "a" and len(row[c]) > 4:
                    row[c] = row[c][:2] + blank + row[c][2:]
    style = Style(rules=rules, size=7.0)
    made = assemble(read_pages(print_pdf(sheets, style)))
    for sheet in sheets:
        sheet.body = [
            [t.replace(blank, "") if k == "a" else t for t, k in zip(row, sheet.kinds, strict=True)]
            for row in sheet.body
        ]
    assert differences(sheets, style, made.tables) == []
