"""Pictures of pages: what is masked is black in every picture, marks hold pictures back."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from parsers.document import BBox
from parsers.errors import DocumentError
from parsers.render import MASK_MARGIN, Picture, PictureRequest, classification_mark, render
from parsers.worker import Limits, render_isolated

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "pdf"
CELL: BBox = (311.5, 163.0, 385.4, 179.0)


@pytest.fixture(scope="module")
def data() -> bytes:
    return (SAMPLES / "qinglan-office-2026.pdf").read_bytes()


def pixels(picture: Picture) -> Image.Image:
    return Image.open(io.BytesIO(picture.image)).convert("L")


def region(image: Image.Image, box: BBox, scale: float) -> Image.Image:
    return image.crop(
        (round(box[0] * scale), round(box[1] * scale), round(box[2] * scale), round(box[3] * scale))
    )


def extremes(image: Image.Image) -> tuple[int, int]:
    low, high = image.getextrema()
    assert isinstance(low, int)
    assert isinstance(high, int)
    return low, high


def test_a_masked_box_is_black_and_everything_else_is_as_it_was(data: bytes) -> None:
    plain, masked = (
        render(data, [PictureRequest(key="p", page=9, masks=masks)]).pictures[0]
        for masks in ([], [CELL])
    )
    before, after = pixels(plain), pixels(masked)
    assert extremes(region(before, CELL, plain.scale)) != (0, 0), "something is printed there"
    assert extremes(region(after, CELL, masked.scale)) == (0, 0)
    width, height = before.size
    m = MASK_MARGIN + 1
    for outside in (
        (0, 0, width, int((CELL[1] - m) * plain.scale)),
        (0, int((CELL[3] + m) * plain.scale) + 1, width, height),
    ):
        assert before.crop(outside).tobytes() == after.crop(outside).tobytes()


def test_no_strip_shows_what_its_page_hides(data: bytes) -> None:
    strip: BBox = (CELL[0] - 40, CELL[1] - 10, CELL[2] + 40, CELL[3] + 10)
    request = PictureRequest(key="c", page=9, strips=[strip, strip], masks=[CELL], scale=3)
    picture = render(data, [request]).pictures[0]
    image = pixels(picture)
    for left, top, y in picture.strips:
        hidden = region(
            image.crop((0, y, image.width, image.height)),
            (CELL[0] - left, CELL[1] - top, CELL[2] - left, CELL[3] - top),
            picture.scale,
        )
        assert extremes(hidden) == (0, 0)


def test_the_same_request_gives_the_same_bytes(data: bytes) -> None:
    request = PictureRequest(key="p", page=9)
    first, second = (render(data, [request]).pictures[0].image for _ in range(2))
    assert first == second
    assert len(first) < 60_000


def test_pages_are_drawn_in_a_process_of_their_own(data: bytes) -> None:
    requests = [PictureRequest(key=f"p{n}", page=n) for n in (9, 5)]
    drawn = render_isolated(data, requests, Limits(seconds=60, megabytes=2048))
    assert {p.key for p in drawn.pictures} == {"p9", "p5"}
    here = {p.key: p.image for p in render(data, requests).pictures}
    assert {p.key: p.image for p in drawn.pictures} == here
    with pytest.raises(DocumentError, match="page 999"):
        render_isolated(data, [PictureRequest(key="x", page=999)], Limits(seconds=60))
    with pytest.raises(DocumentError):
        render_isolated(b"%PDF-1.4 nothing", requests, Limits(seconds=60))


@pytest.mark.parametrize(
    ("line", "mark"),
    [
        ("机密★5年", "机密★5年"),
        (" 秘 密 ", "秘密"),
        ("绝密★长期", "绝密★长期"),
        ("机密文件管理经费", None),
        ("保守国家秘密", None),
        ("秘密工作经费 12.00", None),
    ],
)
def test_a_mark_is_a_line_of_its_own(line: str, mark: str | None) -> None:
    assert classification_mark(line) == mark


def marked_pdf(text: str) -> bytes:
    """Two pages with a text layer: the first carries the line, the second a figure."""
    pytest.importorskip("reportlab", reason="needs the extra 'samples' (reportlab)")
    from reportlab.pdfbase import pdfmetrics
    from reportlab.pdfbase.cidfonts import UnicodeCIDFont
    from reportlab.pdfgen.canvas import Canvas

    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    sink = io.BytesIO()
    canvas = Canvas(sink)
    for line in (text, "1494.18"):
        canvas.setFont("STSong-Light", 16)
        canvas.drawString(80, 780, line)
        canvas.showPage()
    canvas.save()
    return sink.getvalue()


def test_a_mark_on_any_page_holds_every_picture_back_until_a_person_decides() -> None:
    request = [PictureRequest(key="p2", page=2)]
    marked = marked_pdf("机密★5年")
    held = render(marked, request)
    assert (held.pictures, held.marks) == ([], [(1, "机密★5年")])
    released = render(marked, request, released=True)
    assert [p.key for p in released.pictures] == ["p2"]
    assert len(render(marked_pdf("机密文件销毁经费"), request).pictures) == 1
