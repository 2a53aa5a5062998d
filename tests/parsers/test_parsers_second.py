"""The second reading: pixels by the recogniser, places by the other engine."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from lying_layers import invisible_figure, lie
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from parsers.document import BBox, ParsedDocument
from parsers.errors import DocumentError
from parsers.read import read_document
from parsers.second import CellRequest, bare, crop_png, same_figure, second_reading
from parsers.worker import Limits, Worker

SAMPLE = "samples/pdf/linxiu-culture-2026.pdf"
HEIGHT = A4[1]


@pytest.fixture(scope="module")
def data(project_root: Path) -> bytes:
    return (project_root / SAMPLE).read_bytes()


@pytest.fixture(scope="module")
def document(data: bytes) -> ParsedDocument:
    return read_document(data)


def _cells(document: ParsedDocument, count: int = 60) -> list[CellRequest]:
    found = [
        CellRequest(key=f"{t.id}/{r}/{c}", text=x.text, page=x.page, bbox=x.bbox, place=False)
        for t in document.tables
        for r, row in enumerate(t.cells)
        for c, x in enumerate(row)
        if x.amount is not None and x.bbox is not None
    ]
    return found[:: max(1, len(found) // count)]


def test_pixels_of_true_cells_agree_and_are_sure(data: bytes, document: ParsedDocument) -> None:
    asked = _cells(document)
    assert len(asked) >= 50
    for request, reading in zip(asked, second_reading(data, asked), strict=True):
        assert reading.key == request.key
        assert (reading.agrees, reading.sure) == (True, True), (request, reading)


def test_pixels_are_read_and_not_the_text_that_is_asked_about(
    data: bytes, document: ParsedDocument
) -> None:
    asked = [r.model_copy(update={"text": "123456.78"}) for r in _cells(document, 12)]
    true = _cells(document, 12)
    for request, reading in zip(true, second_reading(data, asked), strict=True):
        assert not reading.agrees
        assert reading.sure
        assert same_figure(reading.pixels, request.text)


def test_a_lying_layer_changes_the_text_and_not_the_pixels(
    data: bytes, document: ParsedDocument
) -> None:
    table = document.table("T05")
    assert table is not None
    cell = table.cells[1][2]
    said = cell.text[:-1] + ("0" if cell.text[-1] != "0" else "1")
    lied = lie(data, cell.page, cell.text, said, cell.bbox)
    again = read_document(lied).table("T05")
    assert again is not None
    assert again.cells[1][2].text == said
    [reading] = second_reading(
        lied, [CellRequest(key="T05/1/2", text=said, page=cell.page, bbox=cell.bbox or _never())]
    )
    assert not reading.agrees
    assert reading.sure
    assert reading.pixels == cell.text
    assert reading.placed, "the same lie stands at the same place"


def _never() -> BBox:
    raise AssertionError("a cell of a PDF has a box")


def test_an_invisible_layer_is_no_reading_at_all(data: bytes, document: ParsedDocument) -> None:
    table = document.table("T05")
    assert table is not None
    cell = table.cells[1][2]
    lied = invisible_figure(data, cell.page, cell.bbox or _never(), "98765.43")
    again = read_document(lied).table("T05")
    assert again is not None
    assert again.cells[1][2].text == cell.text


def _place_request(document: ParsedDocument, row: int, column: int) -> CellRequest:
    from nightly.judging import form_request

    table = document.table("T05")
    assert table is not None
    found = form_request(table, row, column)
    assert found is not None
    return found


def test_place_is_confirmed_by_row_and_column(data: bytes, document: ParsedDocument) -> None:
    request = _place_request(document, 3, 2)
    assert request.label
    assert request.heading
    [reading] = second_reading(data, [request])
    assert reading.placed is True


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"label": "没有这一行"}, "the row"),
        ({"heading": "没有这一列"}, "the column"),
        ({"text": "111.11"}, "in its place"),
    ],
)
def test_another_row_column_or_figure_is_no_confirmation(
    data: bytes, document: ParsedDocument, change: dict[str, str], what: str
) -> None:
    request = _place_request(document, 3, 2).model_copy(update=change)
    [reading] = second_reading(data, [request])
    assert reading.placed is False
    assert what in reading.placement


def _page(draw: list[tuple[float, float, str, float]], grey: float | None = None) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    if grey is not None:
        canvas.saveState()
        canvas.setFillGray(grey)
        canvas.setFont("Helvetica", 40)
        canvas.translate(90, 640)
        canvas.rotate(35)
        canvas.drawString(0, 0, "5757575757")
        canvas.restoreState()
    canvas.setLineWidth(0.5)
    canvas.rect(100, 700, 80, 18)
    canvas.rect(180, 700, 80, 18)
    for x, y, text, size in draw:
        canvas.setFont("Helvetica", size)
        canvas.drawString(x, y, text)
    canvas.save()
    return out.getvalue()


def _box(x0: float, y0: float, x1: float, y1: float) -> BBox:
    return (x0, HEIGHT - y1, x1, HEIGHT - y0)


LEFT, RIGHT = _box(100, 700, 180, 718), _box(180, 700, 260, 718)


@pytest.mark.parametrize("size", [6.0, 9.0, 12.0])
@pytest.mark.parametrize(
    "figure", ["0", "0.00", "7", "-0.13", "1,234.56", "100000.01", "83683.38", "11.11", "-5"]
)
def test_figures_of_all_shapes(figure: str, size: float) -> None:
    file = _page([(112, 705, figure, size)])
    [one] = second_reading(file, [CellRequest(key="a", text=figure, page=1, bbox=LEFT)])
    assert (one.agrees, one.sure, one.placed) == (True, True, True), one


def test_a_blank_cell_is_blank_and_a_drawn_one_is_not() -> None:
    file = _page([(112, 705, "45.32", 10)])
    left, right = second_reading(
        file,
        [
            CellRequest(key="a", text="", page=1, bbox=LEFT, place=False),
            CellRequest(key="b", text="", page=1, bbox=RIGHT, place=False),
        ],
    )
    assert (left.agrees, left.sure, left.pixels) == (False, True, "45.32")
    assert (right.agrees, right.sure, right.pixels) == (True, True, "")


@pytest.mark.parametrize("grey", [0.85, 0.6, 0.45])
def test_a_watermark_is_neither_a_figure_nor_part_of_one(grey: float) -> None:
    file = _page([(112, 705, "45.32", 10)], grey)
    left, right = second_reading(
        file,
        [
            CellRequest(key="a", text="45.32", page=1, bbox=LEFT, place=False),
            CellRequest(key="b", text="", page=1, bbox=RIGHT, place=False),
        ],
    )
    assert left.agrees
    assert right.agrees, right


def test_a_figure_in_two_lines_of_its_cell() -> None:
    file = _page([(104, 709, "12345678", 8), (104, 701, "90.12", 8)])
    request = CellRequest(key="a", text="1234567890.12", page=1, bbox=LEFT, place=False)
    [one] = second_reading(file, [request])
    assert one.pixels == "1234567890.12"


def test_a_figure_that_runs_over_its_rules_is_not_cut() -> None:
    file = _page([(96, 705, "123456789012.34", 11)])
    [one] = second_reading(
        file, [CellRequest(key="a", text="123456789012.34", page=1, bbox=LEFT, place=False)]
    )
    assert one.agrees or not one.sure, one


@pytest.mark.parametrize("angle", [90, 270])
def test_a_figure_that_stands_sideways(angle: int) -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.rect(100, 600, 18, 80)
    canvas.translate(113 if angle == 90 else 105, 610 if angle == 90 else 670)
    canvas.rotate(angle)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(0, 0, "1,234.56")
    canvas.save()
    request = CellRequest(key="a", text="1,234.56", page=1, bbox=_box(100, 600, 118, 680))
    [one] = second_reading(out.getvalue(), [request])
    assert (one.agrees, one.sure, one.placed) == (True, True, None), one


def test_a_black_watermark_aslant_over_a_figure_is_switched_off() -> None:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=A4, invariant=1)
    canvas.rect(100, 700, 80, 18)
    canvas.setFont("Helvetica", 10)
    canvas.drawString(112, 705, "45.32")
    canvas.translate(90, 670)
    canvas.rotate(40)
    canvas.setFont("Helvetica-Bold", 40)
    canvas.drawString(0, 0, "XXXXXXX")
    canvas.save()
    request = CellRequest(key="a", text="45.32", page=1, bbox=LEFT, place=False)
    [one] = second_reading(out.getvalue(), [request])
    assert one.agrees, one
    [lie_] = second_reading(out.getvalue(), [request.model_copy(update={"text": "45.33"})])
    assert not lie_.agrees
    assert same_figure(lie_.pixels, "45.32")


def test_a_visible_page_smaller_than_its_sheet() -> None:
    import pikepdf

    pdf = pikepdf.open(io.BytesIO(_page([(112, 705, "45.32", 10)])))
    pdf.pages[0].cropbox = pikepdf.Array([30, 20, 560, 800])
    out = io.BytesIO()
    pdf.save(out)
    box = (100 - 30, 800 - 718, 180 - 30, 800 - 700)
    [one] = second_reading(out.getvalue(), [CellRequest(key="a", text="45.32", page=1, bbox=box)])
    assert (one.agrees, one.sure, one.placed) == (True, True, True), one


def test_figures_of_running_text(data: bytes, document: ParsedDocument) -> None:
    asked = [
        CellRequest(key=f.path, text=f.text, page=f.page, bbox=f.bbox, kind="inline", place=True)
        for f in document.narrative.figures
        if f.value is not None and f.page is not None and f.bbox is not None
    ][:20]
    assert len(asked) >= 15
    for request, reading in zip(asked, second_reading(data, asked), strict=True):
        assert reading.agrees, (request.text, reading)
        assert reading.placed is not False, reading


def test_in_the_child_as_here(data: bytes, document: ParsedDocument) -> None:
    asked = _cells(document, 3)
    with Worker(Limits(seconds=60, megabytes=2048)) as worker:
        assert worker.second(data, asked) == second_reading(data, asked)
        assert worker.read(data).document == document.document, "one child does both"


def test_no_pdf_is_an_error_of_the_document_and_not_a_crash() -> None:
    request = CellRequest(key="a", text="1", page=1, bbox=LEFT)
    with Worker(Limits(seconds=60)) as worker, pytest.raises(DocumentError):
        worker.second(b"no pdf at all", [request])


def test_bytes_of_a_crop_are_a_png(data: bytes) -> None:
    assert crop_png(data, 8, (50, 400, 200, 420)).startswith(b"\x89PNG")
    assert crop_png(data, 8, (-50, -40, 9999, 20)).startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("1,457.38", "1457.38", True),
        ("１４５７．３８", "1457.38", True),
        ("−0.13", "-0.13", True),
        ("0", "0.00", False),
        ("0.00", "", False),
        ("-", "", True),
        ("1.0", "1.00", False),
        ("12.3", "123", False),
    ],
)
def test_same_figure(one: str, other: str, same: bool) -> None:
    assert same_figure(one, other) is same
    assert same_figure(other, one) is same


def test_bare_keeps_chinese_numerals() -> None:
    assert bare(" 一、一般公共预算 ") == "一、一般公共预算"
