"""Glyphs in strips read as the same glyphs one by one: the fast way changes nothing."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pypdfium2.raw as c
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from parsers_typeset import Style, invented, print_pdf
from reportlab.pdfgen.canvas import Canvas

from parsers import engine
from parsers.page import Page, Strip

SAMPLES = sorted((Path(__file__).resolve().parents[2] / "samples" / "pdf").glob("*.pdf"))


def one_by_one(data: bytes) -> list[Page]:
    """The pages, every strip taken apart before anything is asked of it."""
    whole = engine._Taking.take

    def singly(self: engine._Taking) -> None:
        whole(self)
        self.out = [g for strip in self.out for g in strip.glyphs()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine._Taking, "take", singly)
        return engine.read_pages(data)


@pytest.mark.parametrize("path", SAMPLES[::3], ids=lambda p: p.stem)
def test_samples_read_alike_in_strips_and_one_by_one(path: Path) -> None:
    assert engine.read_pages(path.read_bytes()) == one_by_one(path.read_bytes())


@pytest.mark.parametrize(
    "style",
    [
        Style(glyphs="chars"), Style(glyphs="shuffled"), Style(glyphs="double"),
        Style(watermark="level_black_front"), Style(watermark="small_black_front"),
        Style(hidden="covered"), Style(hidden="clipped"), Style(hidden="outside"),
        Style(rotate=90), Style(rules="none"),
    ],
    ids=repr,
)  # fmt: skip
def test_traps_read_alike_in_strips_and_one_by_one(style: Style) -> None:
    data = print_pdf(invented(8)[:3], style)
    assert engine.read_pages(data) == one_by_one(data)


@st.composite
def crowded_pages(draw: st.DrawFn) -> bytes:
    """Texts and rules set without any care: over each other, over borders, doubled, spread."""
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(300, 200))
    place = st.integers(0, 58).map(lambda n: n * 5.0)
    for x in draw(st.lists(place, max_size=4)):
        canvas.line(x, 20, x, 180)
    for y in draw(st.lists(st.integers(4, 36).map(lambda n: n * 5.0), max_size=4)):
        canvas.line(10, y, 290, y)
    words = st.text("abil.1,0W -", min_size=1, max_size=9)
    for _ in range(draw(st.integers(1, 14))):
        size = draw(st.sampled_from([6.0, 9.0, 9.0, 10.5, 18.0]))
        text = canvas.beginText(draw(place), draw(st.integers(4, 90).map(lambda n: n * 2.0)))
        text.setFont("Helvetica", size)
        text.setCharSpace(draw(st.sampled_from([-4.0, -1.5, 0.0, 0.0, 2.4, 2.6, 9.0])))
        said = draw(words)
        text.textOut(said)
        canvas.drawText(text)
        if draw(st.booleans()):  # fake bold
            again = canvas.beginText(text.getStartOfLine()[0] + 0.4, text.getStartOfLine()[1])
            again.setFont("Helvetica", size)
            again.textOut(said)
            canvas.drawText(again)
    if draw(st.booleans()):
        canvas.setFillColorRGB(0.9, 0.9, 0.7)
        canvas.rect(draw(place), 60, 80, 50, stroke=0, fill=1)
    canvas.save()
    return out.getvalue()


@given(crowded_pages())
@settings(max_examples=150, deadline=None)
def test_crowded_pages_read_alike_in_strips_and_one_by_one(data: bytes) -> None:
    assert engine.read_pages(data) == one_by_one(data)


def test_a_strip_gives_back_its_glyphs() -> None:
    strips: list[Strip] = []
    whole = engine._Taking.take

    def keep(self: engine._Taking) -> None:
        whole(self)
        strips.extend(self.out)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine._Taking, "take", keep)
        engine.read_pages(SAMPLES[0].read_bytes())
    long = [s for s in strips if len(s.text) > 1]
    assert len(long) > 100
    for strip in long:
        parts = strip.glyphs()
        assert "".join(g.text for g in parts) == strip.text
        assert (parts[0].x0, parts[-1].x1) == (strip.x0, strip.x1)
        assert all(a.x0 < b.x0 for a, b in pairwise(parts))


@pytest.mark.parametrize("path", SAMPLES[::4], ids=lambda p: p.stem)
def test_text_taken_at_once_is_the_text_asked_for_place_by_place(path: Path) -> None:
    with engine.open_pdf(path.read_bytes()) as pdf:
        for number in range(len(pdf)):
            page = c.FPDF_LoadPage(pdf.raw, number)
            text = c.FPDFText_LoadPage(page)
            n, handle = c.FPDFText_CountChars(text), engine._address(text)
            asked = "".join(chr(c.FPDFText_GetUnicode(text, k)) for k in range(n))
            assert engine._said(handle, n) == asked
            c.FPDFText_ClosePage(text)
            c.FPDF_ClosePage(page)


def with_stream(content: bytes, extra: bytes = b"") -> bytes:
    return (
        b"%PDF-1.5\n1 0 obj\n<</Type/ObjStm/N 1/First 4/Filter/FlateDecode" + extra
        + b"/Length %d>>\nstream\n" % len(content) + content + b"\nendstream\nendobj\n"
    )  # fmt: skip


def packed(plain: bytes) -> bytes:
    return zlib.compress(plain)


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda: b"%PDF-1.4 /Catalog", False),
        (lambda: b"%PDF-1.4 /Catalog /OCProperties", True),
        (lambda: with_stream(packed(b"1 0 <</Type/Catalog>>")), False),
        (lambda: with_stream(packed(b"1 0 <</Type/Catalog/OCProperties 3 0 R>>")), True),
        # what cannot be looked into is left to the careful way
        (lambda: with_stream(b"no deflate"), True),
        (lambda: with_stream(packed(b"1 0 <<>>")[:-6]), True),
        (lambda: with_stream(packed(b"1 0 <<>>"), b"/DecodeParms<</Predictor 12>>"), True),
    ],
)
def test_only_a_file_that_may_have_layers_is_asked_for_them(
    make: Callable[[], bytes], expected: bool
) -> None:
    assert engine._has_layers(make()) is expected
