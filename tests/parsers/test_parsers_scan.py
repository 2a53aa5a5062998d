"""Scanned pages: straightened, ruled, recognised twice."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
import pytest
from PIL import Image

from parsers import glyphs, ocr, raster, scan, scanheads
from parsers.assemble import _caption_words
from parsers.document import Cell
from parsers.engine import read_pages
from parsers.errors import ScannedError
from parsers.forms import family, fits
from parsers.page import Grid, GridCell, Page, Removed, Seen, TextLine, Word
from parsers.read import read_document
from parsers.scanlabels import distance
from parsers.seen import CLEAR, SURE, as_seen

SAMPLE = Path(__file__).resolve().parents[2] / "samples" / "pdf" / "qinglan-office-2026.pdf"


def scanned(number: int, dpi: int = 150, angle: float = 0.0) -> tuple[bytes, Page]:
    """One page of a sample document as an image in a PDF, and what its text layer says."""
    data = SAMPLE.read_bytes()
    pdf = pypdfium2.PdfDocument(data)
    image = pdf[number - 1].render(scale=dpi / 72, grayscale=True).to_pil().convert("L")
    image = image.rotate(angle, resample=Image.Resampling.BICUBIC, fillcolor=255)
    out = io.BytesIO()
    image.save(out, "PDF", resolution=dpi, quality=80)
    return out.getvalue(), read_pages(data)[number - 1]


def page_with_form(title: str) -> int:
    pages = read_pages(SAMPLE.read_bytes())
    return next(p.number for p in pages if p.grids and any(title in line.text for line in p.lines))


@pytest.fixture(scope="module")
def form_page() -> int:
    return page_with_form("支出总表")


def read_first(data: bytes) -> tuple[Page, list[tuple[Seen, Any]]]:
    (page,) = read_pages(data)
    assert scan.is_scan(page)
    pdf = pypdfium2.PdfDocument(data)
    return scan.read_scan(pdf[0], page)


@pytest.mark.parametrize("angle", [0.0, 0.8, -2.5])
def test_a_page_laid_down_crookedly_gives_the_same_grid(form_page: int, angle: float) -> None:
    data, typeset = scanned(form_page, angle=angle)
    pdf = pypdfium2.PdfDocument(data)
    sheet = raster.upright(*raster.draw(pdf[0]))
    assert sheet.angle == pytest.approx(-angle, abs=0.12)
    from parsers.grid import build_grids

    levels, uprights, _ = raster.find_rules(sheet)
    (found,), _ = build_grids(levels, uprights, 1)
    wanted = typeset.grids[0]
    assert (found.grid.nrows, found.grid.ncols) == (wanted.nrows, wanted.ncols)
    box = sheet.back(found.grid.bbox)
    assert box == pytest.approx(wanted.bbox, abs=abs(angle) * 6 + 2)


def test_a_recognised_page_says_what_its_text_layer_said(form_page: int) -> None:
    data, typeset = scanned(form_page, dpi=200, angle=0.4)
    page, figures = read_first(data)
    assert (
        page.grids[0].matrix()
        == [
            [t.replace("（", "(").replace("）", ")") for t in row]
            for row in typeset.grids[0].matrix()
        ]
        or page.grids[0].matrix() == typeset.grids[0].matrix()
    )
    assert len(figures) > 10
    assert page.is_scan


def test_a_page_number_over_an_image_with_a_hidden_layer_is_a_scan() -> None:
    page = Page(1, 595, 842, image_share=1.0)
    page.lines = [TextLine(1, [Word("-3-", 290, 800, 305, 810)])]
    assert not scan.is_scan(page)
    page.removed = [Removed("invisible", "合计 1494.18", (0, 0, 100, 10))]
    assert scan.is_scan(page)
    page.image_share = 0.0
    assert not scan.is_scan(page), "nothing is drawn that could be read instead"


def test_print_on_a_dark_watermark_is_told_from_it() -> None:
    grey = np.full((400, 600), 232, np.uint8)
    for x in range(40, 400, 90):  # strokes of one grey, slanted and wider than print
        cv2.line(grey, (x, 380), (x + 70, 20), 118, 6)
    for y in range(40, 400, 30):
        cv2.putText(grey, "815.22 1457.38 26.41", (30, y), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 22, 2)
    ink, _, _ = raster.without_paper(grey, 2.0)
    print_ = grey < 60
    assert (ink[print_] > raster.BLACK).mean() > 0.95
    assert (ink[~print_] > raster.BLACK).mean() < 0.02
    plain = np.full((400, 600), 232, np.uint8)
    cv2.putText(plain, "815.22", (60, 200), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 22, 2)
    ink = raster.without_paper(plain, 2.0)[0]
    assert raster._above_watermark(ink, plain, 2.0, 200.0) is ink, "without one nothing changes"


def test_recognitions_are_kept_by_the_image_of_the_page(form_page: int, tmp_path: Path) -> None:
    data, _ = scanned(form_page)
    kept = scan.Folder(str(tmp_path))
    (page,) = read_pages(data)
    pdf = pypdfium2.PdfDocument(data)
    first, _ = scan.read_scan(pdf[0], page, kept)
    (key,) = kept
    kept[key] = kept[key].replace("合计".encode(), "合汁".encode())
    again, _ = scan.read_scan(pdf[0], page, kept)
    assert "合汁" in str(again.grids[0].matrix())  # nothing was recognised anew
    kept[key] = b"[half a fi"
    third, _ = scan.read_scan(pdf[0], page, kept)
    assert third.grids[0].matrix() == first.grids[0].matrix()


def test_reading_without_recognition_says_that_the_file_waits(form_page: int) -> None:
    data, _ = scanned(form_page)
    with pytest.raises(ScannedError, match="1 of 1 pages are images"):
        read_document(data, recognise=False)


def test_a_traditional_form_gives_way_to_the_character_in_use() -> None:
    characters = ocr.loaded_model()[2]
    scores = np.zeros((3, len(characters)), np.float32)
    scores[:, 0] = 1.0
    scores[1, 0] = 0.0
    scores[1, characters.index("預")], scores[1, characters.index("预")] = 0.9, 0.1
    text, sure = ocr._decoded(ocr._in_use(scores), characters)
    assert (text, round(sure, 2)) == ("预", 1.0)


# -- the second recogniser ---------------------------------------------------------------
def test_shapes_are_not_trusted_where_a_digit_has_none() -> None:
    line = np.full((30, 40), 255, np.uint8)
    line[5:25, 10:14] = 0
    assert glyphs.opinions([glyphs.Sample(line, "1", 0.99)] * 20) == [None] * 20


@pytest.fixture(scope="module")
def figures(form_page: int) -> list[tuple[Seen, Any]]:
    found: list[tuple[Seen, Any]] = []
    for number in range(form_page - 2, form_page + 5):
        data, _ = scanned(number)
        found += read_first(data)[1]
    return found


@pytest.mark.full
def test_the_second_recogniser_bears_out_what_is_right_and_not_what_is_wrong(
    figures: list[tuple[Seen, Any]],
) -> None:
    samples = [glyphs.Sample(grey, s.figure, s.figure_confidence) for s, grey in figures]
    given = [o for o in glyphs.opinions(samples) if o is not None]
    good = [o for o, s in zip(given, samples, strict=True) if o.text == s.first and o.margin > 0.3]
    assert len(good) > 0.8 * len(samples)
    # the first recogniser errs with full confidence in one figure: the shapes do not follow it
    at = next(i for i, s in enumerate(samples) if "46" in s.first or "4" in s.first)
    lie = samples[at].first.replace("4", "1", 1)
    samples[at] = glyphs.Sample(samples[at].grey, lie, 1.0)
    told = glyphs.opinions(samples)[at]
    assert told is not None
    assert told.text != lie


def as_cell(seen: Seen, kind: str = "amount") -> Cell:
    cell = Cell(text=seen.text, page=1)
    part = GridCell(0, 0, 1, 1, (0, 0, 1, 1), [Word(seen.text, 0, 0, 1, 1, 9.0, seen)])
    as_seen(cell, [part], kind)
    return cell


def test_a_figure_is_sure_only_where_both_recognisers_say_it() -> None:
    def cell(second: str | None, margin: float) -> Cell:
        return as_cell(Seen("46.02", 1.0, "46.02", 1.0, [], second, margin))

    assert (cell("46.02", 0.8).confidence or 0) >= SURE
    assert (cell("46.02", 0.1).confidence or 0) < SURE
    assert (cell(None, 0.0).confidence or 0) < SURE
    other = cell("16.02", 0.9)
    assert (other.confidence or 0) < SURE
    assert other.alternatives == ["16.02"]
    assert other.source == "ocr"


def test_smudged_cells_are_never_surely_blank() -> None:
    cell = Cell(text="", page=1)
    as_seen(cell, [GridCell(0, 0, 1, 1, (0, 0, 1, 1), [], True)], "amount")
    assert cell.confidence == 0
    as_seen(cell, [GridCell(0, 0, 1, 1, (0, 0, 1, 1))], "amount")
    assert cell.confidence == 1


def test_dirt_beside_a_code_is_no_part_of_it() -> None:
    assert as_cell(Seen(".2080505", 0.9), "code").text == "2080505"


def test_a_code_is_digits_and_keeps_what_was_read() -> None:
    read = as_cell(Seen("221Q201", 0.97, "2210201", 0.96, [], "2210201", 0.8), "code")
    assert (read.text, read.alternatives, read.amount) == ("2210201", ["221Q201"], None)
    assert (read.confidence or 0) >= SURE
    other = as_cell(Seen("221Q201", 0.97, "2210201", 0.96, [], "2219201", 0.8), "code")
    assert (other.confidence or 0) < SURE
    assert as_cell(Seen("合计", 0.99), "code").text == "合计"


def test_a_rule_goes_on_behind_a_watermark_and_ends_where_paper_is() -> None:
    """Broken by a watermark's strokes into pieces shorter than a rule is; on the right, paper."""
    faint = np.zeros((60, 800), np.uint8)
    faint[30:32, 20:420] = 200
    for x in range(80, 420, 50):
        faint[:, x : x + 24] = 60
    faint[30:32, 480:500] = 200
    (rule,) = [s for s in raster._rules(faint, faint, 2.0, 18.0, 70.0)[0] if s.length > 70]
    start, end = rule.pieces[0][1], rule.pieces[-1][2]
    assert start == pytest.approx(10, abs=1)
    assert end == pytest.approx(210, abs=1)


def test_characters_that_print_alike_are_near() -> None:
    assert distance("①公务用车", "1公务用车") < distance("公务用车", "1公务用车")
    assert distance("收入总计", "收人总计") < 0.5 < distance("收入总计", "支出总计")


def test_columns_without_rules_are_words_of_their_own() -> None:
    """Headers of one and two lines side by side, as close as half a character: each its own."""
    scale = 2.0
    ink = np.zeros((80, 400), np.uint8)
    for x in (10, 28, 46):  # three characters on one line, in the middle of the band
        ink[20:38, x : x + 16] = 255
    for x in (80, 98):  # two lines beside them
        ink[10:28, x : x + 16] = 255
        ink[33:51, x : x + 16] = 255
    found = list(scan._pieces(ink, scale, [], [], free=True))
    assert [(p.box[0], p.box[1]) for p in found] == [(80, 10), (10, 20), (80, 33)]
    assert len({p.row for p in found}) == 3


def test_running_text_stands_in_no_columns() -> None:
    ink = np.zeros((120, 400), np.uint8)
    for y in range(10, 110, 30):
        ink[y : y + 18, 20:380] = 255
    assert not scan._has_columns(ink, 2.0)
    ink[:, 100:160] = ink[:, 220:300] = 0
    assert scan._has_columns(ink, 2.0)


def test_a_form_without_figures_has_columns_in_its_header_only() -> None:
    """A title across the page, the header (one text of two lines among those of one), 合计."""
    ink = np.zeros((200, 400), np.uint8)
    ink[10:34, 60:340] = 255
    ink[60:78, 20:60] = ink[50:68, 90:130] = ink[72:90, 90:130] = 255
    ink[60:78, 160:200] = ink[60:78, 230:270] = 255
    ink[110:128, 30:64] = 255
    assert scan._has_columns(ink, 2.0)
    ink[140:158, 60:340] = 255  # below one such line more text than that: it is no form
    assert not scan._has_columns(ink, 2.0)


def test_a_speck_is_dirt_whatever_it_looks_like() -> None:
    line = np.zeros((10, 30), np.uint8)
    assert scan._is_grain(scan._Piece(line, (0, 0, 4, 4), 0), 2.0)
    assert not scan._is_grain(scan._Piece(line, (0, 0, 6, 12), 0), 2.0)


def test_the_strokes_of_a_numeral_are_no_lines() -> None:
    ink = np.zeros((60, 200), np.uint8)
    for y in (10, 19, 28):  # 三
        ink[y : y + 3, 20:38] = 255
    ink[10:31, 48:66] = 255  # what is counted, after the sign's air
    found = list(scan._pieces(ink, 2.0, [], [], free=True))
    assert [p.box for p in found] == [(20, 10, 38, 31), (48, 10, 66, 31)]


def test_a_sign_with_its_own_air_parts_no_words() -> None:
    def word(text: str, x0: float, x1: float) -> Word:
        return Word(text, x0, 0.0, x1, 10.0, 10.0, Seen(text, 0.99))

    line: list[Word] = []
    for one in (word("收入合计，", 0, 50), word("其中", 56, 76), word("支出", 83, 103)):
        scan._put(line, one)
    assert [w.text for w in line] == ["收入合计，其中", "支出"]
    assert line[0].x1 == 76


def test_a_word_that_was_cut_is_not_surely_read() -> None:
    grid = GridCell(0, 0, 1, 1, (0, 0, 10, 10), [Word("46.02", 1, 1, 9, 9)])
    cell = Cell(text="46.02", page=1)
    as_seen(cell, [grid], "amount")
    assert (cell.confidence or 0.0) < SURE


def test_a_blank_beside_what_is_not_read_is_in_doubt() -> None:
    empty = GridCell(0, 0, 1, 1, (0, 0, 10, 10))
    for smudges, confidence in (([(8.0, 8.0, 14.0, 14.0)], 0.0), ([(11.0, 0.0, 14.0, 3.0)], 1.0)):
        cell = Cell(text="", page=1)
        as_seen(cell, [empty], "amount", smudges=smudges)
        assert cell.confidence == confidence


def test_specks_beside_a_figure_of_a_form_without_rules() -> None:
    piece = scan._Piece(np.zeros((10, 30), np.uint8), (0, 0, 60, 20), -1)
    for said in ("40.42.", "·40.42", "40.42"):
        word = scan._word(piece, Seen(said, 0.99), 2.0, free=True)
        assert word.text == "40.42"
        assert word.seen is not None
        assert (word.seen.confidence < SURE) == (said != "40.42")


def test_a_rule_ends_at_the_outermost_rule_across_it() -> None:
    """The foot of a glyph right above a table looks like more of its upright rule."""
    across = [(114.0, 60.0, 300.0), (300.0, 60.0, 300.0)]
    upright = [(206.0, 106.6, 171.4), (206.0, 171.4, 300.4)]
    assert raster._ending(upright, across) == [(206.0, 114.0, 171.4), (206.0, 171.4, 300.4)]
    # a table that is open above: what several rules say stays, if it is as high as a row
    open_above = [(206.0, 100.0, 171.4), (250.0, 100.4, 171.4)]
    assert raster._ending(open_above, across) == open_above
    assert raster._ending(open_above[:1], across) == [(206.0, 114.0, 171.4)]
    # no rule across: nothing is known
    assert raster._ending(upright, []) == upright


# -- headers -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "read", "meant"),
    [
        ("T04", "改府性基金预算", "政府性基金预算"),
        ("T11", "围有资本经营预算", "国有资本经营预算"),
        ("T12", "财政专ド多理资金", "财政专户管理资金"),
        ("T01", "2025年合汁", "2025年合计"),
        ("T02", "财政户单位资金", None),  # two headers in one
        ("T06", "公员经费", None),  # 公用经费 or 人员经费
        ("T11", "政府性基金预", "政府性基金"),  # either spelling: one column
        ("T09", "我日毛称", "科目名称"),
        ("T09", "我页毛预", None),
        ("T01", "年合汁", None),  # a year is not made up
    ],
)
def test_a_worn_header_is_the_one_it_is_nearest_to(form: str, read: str, meant: str | None) -> None:
    sources = scanheads.sources_of(family().forms[form])
    assert scanheads.nearest(read, sources, 0.6) == meant


def test_every_header_of_the_forms_can_be_listed() -> None:
    for form in family().forms.values():
        for source in scanheads.sources_of(form):
            texts = scanheads.spellings(source)
            assert texts
            assert all(fits(source, t.replace("####", "2026")) for t in texts)
    assert scanheads.spellings("项目.*") == frozenset()


def head_of(*texts: tuple[str, float]) -> Grid:
    cells = [
        GridCell(0, c, 1, 1, (c, 0, c + 1, 1), [Word(t, c, 0, c + 1, 1, 9.0, Seen(t, sure))])
        for c, (t, sure) in enumerate(texts)
    ]
    return Grid(1, (0, 0, len(texts), 1), 1, len(texts), cells)


def test_a_header_read_plainly_stays_and_columns_never_change_places() -> None:
    form = family().forms["T13"]

    def mended(*texts: tuple[str, float]) -> list[str]:
        return [c.text for c in scanheads.mended(form, head_of(*texts)).cells]

    assert mended(("项自名称", 1.0), ("合计.", 1.0)) == ["项目名称", "合计"]
    assert mended(("项月名称", 0.6), ("各计", 0.5)) == ["项目名称", "合计"]
    assert mended(("项类名称", 1.0), ("总计", 1.0)) == ["项类名称", "总计"]
    assert mended(("政府性基金预算", 0.2), ("一般公共预算", 0.2)) == [
        "政府性基金预算",
        "一般公共预算",
    ]


@pytest.mark.parametrize("text", ["单位：.万元", ".单位：万元", "单位：万元·", "单位：万元"])
def test_specks_in_a_caption_are_no_part_of_it(text: str) -> None:
    """The unit was not understood, and the body's name went on with it."""
    word = Word(text, 0, 0, 9, 9, 9.0, Seen(text, 0.9))
    assert _caption_words([word]) == ["单位：万元"]
    scrap = Word("4", 12, 0, 13, 9, 9.0, Seen("4", 0.6))
    assert _caption_words([word, scrap]) == ["单位：万元"]
    plain = Word(".单位：万元", 0, 0, 9, 9, 9.0)
    assert _caption_words([plain]) == [".单位：万元"]


def test_a_mark_at_the_edge_of_the_sheet_is_no_print() -> None:
    page = np.zeros((800, 600), np.uint8)
    line = np.full((2, 6), 255, np.uint8)
    assert scan._at_edge(scan._Piece(line, (594, 500, 600, 502), -1), 2.0, page)
    assert not scan._at_edge(scan._Piece(line, (300, 500, 306, 502), -1), 2.0, page)
    wide = np.full((18, 60), 255, np.uint8)
    assert not scan._at_edge(scan._Piece(wide, (538, 500, 598, 518), -1), 2.0, page)


def test_a_covered_rule_goes_on_beyond_a_rule_across_it() -> None:
    faint = np.zeros((60, 800), np.uint8)
    faint[30:32, 20:420] = 200
    faint[:, 220:224] = 200  # a rule across
    for x in (200, 240, 280):
        faint[:, x : x + 14] = np.maximum(faint[:, x : x + 14], 60)
        faint[30:32, x : x + 14] = 60
    assert raster._gone_on(faint, 2.0, (15.5, 10.0, 100.0), onward=True) == pytest.approx(
        110, abs=1
    )


# -- print that touches ------------------------------------------------------------------
def printed(text: str, blur: float, rng: np.random.Generator) -> Any:
    """A figure as a blurred scan shows it: no glyph stands apart."""
    image = np.full((120, 64 + 40 * len(text)), 235, np.uint8)
    cv2.putText(image, text, (24, 88), cv2.FONT_HERSHEY_SIMPLEX, 2.0, 30, 6, cv2.LINE_AA)
    image = cv2.resize(image, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(image, (0, 0), blur).astype(np.float32)
    return np.clip(soft + rng.normal(0, 2, soft.shape), 0, 255).astype(np.uint8)


def test_figures_whose_glyphs_touch_are_read_by_their_own_shapes() -> None:
    rng = np.random.default_rng(7)
    texts = [f"{rng.integers(1, 10**6) / 100:.2f}" for _ in range(120)]
    samples = [glyphs.Sample(printed(t, 1.1, rng), t, 0.99) for t in texts]
    lines = [glyphs._set(s.grey) for s in samples]
    apart = [glyphs._glyph_columns(line) for line in lines if line is not None]
    touching = sum(len(c) < len(t) for c, t in zip(apart, texts, strict=True))
    assert touching > len(texts) / 2
    # what is read wrongly, and surely so, is not borne out
    lies = {
        n: texts[n].replace(texts[n][0], "7" if texts[n][0] != "7" else "1", 1) for n in (3, 40)
    }
    for n, lie in lies.items():
        samples[n].first = lie
    found = glyphs.opinions(samples)
    right = [o is not None and o.text == t for o, t in zip(found, texts, strict=True)]
    assert sum(right) > 0.95 * len(texts)
    assert not [
        (o, t) for o, t in zip(found, texts, strict=True) if o and o.text != t and o.margin >= CLEAR
    ]
    for n, lie in lies.items():
        told = found[n]
        assert told is None or told.text != lie


def test_a_speck_beside_touching_glyphs_teaches_no_shape() -> None:
    """Two glyphs that touch and a speck count as many as three glyphs: a 2 as narrow as a point."""
    rng = np.random.default_rng(3)
    line = np.zeros((glyphs._ROWS, 80), np.float32)
    line[4:26, 2:15] = line[4:26, 18:31] = line[4:26, 34:66] = 1.0
    line[20:22, 70:73] = 1.0
    texts = [f"{rng.integers(100, 999)}.{rng.integers(10, 99)}" for _ in range(80)]
    samples = [glyphs.Sample(printed(t, 0.3, rng), t, 0.99) for t in texts]
    lines = [(x, s) for s in samples if (x := glyphs._set(s.grey)) is not None]
    bad = [(line, glyphs.Sample(np.zeros((1, 1), np.uint8), "1432", 0.99))] * 4
    shapes, _ = glyphs._shapes([*lines, *bad])
    assert min(s.image.shape[1] for s in shapes if s.character == "2") > 8
