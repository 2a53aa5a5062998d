"""Sample PDFs whose text layer says other figures than the page shows.

The samples' fonts carry digits at their ASCII codes and a ToUnicode map, so a lie is a copy of
the font with another map: the glyphs drawn stay the same, what is extracted does not.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

import pikepdf
from pikepdf import Name, Operator, String

from parsers.document import BBox

Instructions = list[tuple[list[object], Operator]]


def _map_of(font: pikepdf.Object) -> bytes:
    return bytes(font.ToUnicode.read_bytes())


def _remapped(cmap: bytes, changes: Mapping[str, str]) -> bytes:
    for drawn, said in changes.items():
        code = f"<{ord(drawn):02X}> <".encode()
        cmap, n = re.subn(
            re.escape(code) + rb"[0-9A-F]{4}>", code + f"{ord(said):04X}>".encode(), cmap
        )
        assert n == 1, f"the font has no single glyph at the code of {drawn!r}"
    return cmap


def _digit_fonts(page: pikepdf.Page) -> dict[str, pikepdf.Object]:
    return {
        str(name): font
        for name, font in page.Resources.Font.items()
        if "/ToUnicode" in font and b"<38> <0038>" in _map_of(font)
    }


def _saved(pdf: pikepdf.Pdf) -> bytes:
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _lying_font(pdf: pikepdf.Pdf, page: pikepdf.Page, font: str, drawn: str, said: str) -> str:
    original = page.Resources.Font[font]
    copy = pdf.make_indirect(pikepdf.Dictionary(original))
    copy.ToUnicode = pdf.make_stream(_remapped(_map_of(original), {drawn: said}))
    name = f"/Lie{ord(drawn)}to{ord(said)}"
    page.Resources.Font[name] = copy
    return name


def lie(data: bytes, page_number: int, drawn: str, said: str, box: BBox | None = None) -> bytes:
    """The page shows ``drawn`` as before; the text layer has ``said`` there (same length; a blank
    in ``said`` is a character that the layer does not have). The first place on the page, or
    the one whose text begins inside ``box``."""
    assert len(drawn) == len(said)
    pdf = pikepdf.open(io.BytesIO(data))
    page = pdf.pages[page_number - 1]
    height = float(page.mediabox[3])
    out: Instructions = []
    font, size, done = "", 0.0, False
    at = (0.0, 0.0)
    for operands, operator in pikepdf.parse_content_stream(page):
        name = str(operator)
        if name == "Tf":
            font, size = str(operands[0]), float(operands[1])
        elif name == "Tm":
            at = (float(operands[4]), float(operands[5]))
        if name != "Tj" or done or font not in _digit_fonts(page):
            out.append((list(operands), operator))
            continue
        text = bytes(operands[0])
        place = text.find(drawn.encode())
        inside = box is None or (box[0] <= at[0] <= box[2] and box[1] <= height - at[1] <= box[3])
        if place < 0 or not inside:
            out.append((list(operands), operator))
            continue
        done = True
        pieces: list[tuple[str, bytes]] = [(font, text[:place])]
        for a, b in zip(drawn, said, strict=True):
            pieces.append((font if a == b else _lying_font(pdf, page, font, a, b), a.encode()))
        pieces.append((font, text[place + len(drawn) :]))
        for used, piece in pieces:
            if piece:
                out.append(([Name(used), size], Operator("Tf")))
                out.append(([String(piece)], Operator("Tj")))
        out.append(([Name(font), size], Operator("Tf")))
    assert done, f"{drawn!r} is not drawn on page {page_number}"
    page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(out))
    return _saved(pdf)


def wrong_map(data: bytes, changes: Mapping[str, str]) -> bytes:
    """Every font of the file has a wrong character map: {drawn digit: extracted digit}."""
    pdf = pikepdf.open(io.BytesIO(data))
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        for font in _digit_fonts(page).values():
            if font.objgen not in seen:
                seen.add(font.objgen)
                font.ToUnicode = pdf.make_stream(_remapped(_map_of(font), changes))
    assert seen
    return _saved(pdf)


def other_digits_drawn(data: bytes, changes: Mapping[str, str]) -> bytes:
    """The text layer stays whole and consistent; the pages show other digits.

    ``changes`` {digit of the layer: digit drawn} must be a permutation of its keys.
    """
    assert set(changes) == set(changes.values())
    pdf = pikepdf.open(io.BytesIO(data))
    table = bytes.maketrans("".join(changes).encode(), "".join(changes.values()).encode())
    back = {drawn: said for said, drawn in changes.items()}
    seen: set[tuple[int, int]] = set()
    for page in pdf.pages:
        fonts = _digit_fonts(page)
        out: Instructions = []
        font = ""
        for operands, operator in pikepdf.parse_content_stream(page):
            if str(operator) == "Tf":
                font = str(operands[0])
            if str(operator) == "Tj" and font in fonts:
                out.append(([String(bytes(operands[0]).translate(table))], operator))
            else:
                out.append((list(operands), operator))
        page.Contents = pdf.make_stream(pikepdf.unparse_content_stream(out))
    for page in pdf.pages:
        for font_ in _digit_fonts(page).values():
            if font_.objgen not in seen:
                seen.add(font_.objgen)
                font_.ToUnicode = pdf.make_stream(_remapped(_map_of(font_), back))
    return _saved(pdf)


def covered_figure(  # noqa: PLR0917
    data: bytes, page_number: int, box: BBox, drawn: str, said: str, size: float = 10.5
) -> bytes:
    """``said`` stands in the layer, painted over by a white shape that is no rectangle; on top
    ``drawn`` is shown in a font whose characters the layer takes for blanks."""
    pdf = pikepdf.open(io.BytesIO(data))
    page = pdf.pages[page_number - 1]
    height = float(page.mediabox[3])
    font = next(iter(_digit_fonts(page)))
    original = page.Resources.Font[font]
    blank = pdf.make_indirect(pikepdf.Dictionary(original))
    blank.ToUnicode = pdf.make_stream(_remapped(_map_of(original), dict.fromkeys(set(drawn), " ")))
    page.Resources.Font["/Blank"] = blank
    x0, top, x1, bottom = box
    low, high = height - bottom + 1, height - top - 1
    baseline = low + 0.3 * (high - low)
    shape = f"1 g {x0 + 1} {low} m {x1 - 1} {low} l {x1 - 1} {high} l {(x0 + x1) / 2} {high - 0.4} l {x0 + 1} {high} l h f 0 g"
    over = (
        f"q BT {font} {size} Tf 1 0 0 1 {x0 + 5} {baseline} Tm ({said}) Tj ET {shape} "
        f"BT /Blank {size} Tf 1 0 0 1 {x0 + 5} {baseline} Tm ({drawn}) Tj ET Q"
    )
    page.contents_add(over.encode())
    return _saved(pdf)


def invisible_figure(data: bytes, page_number: int, box: BBox, said: str) -> bytes:
    """Other digits lie over a figure in text rendering mode 3 (an invisible layer)."""
    pdf = pikepdf.open(io.BytesIO(data))
    page = pdf.pages[page_number - 1]
    height = float(page.mediabox[3])
    font = next(iter(_digit_fonts(page)))
    x0, top, _, bottom = box
    y = height - bottom + 0.3 * (bottom - top)
    page.contents_add(f"q BT 3 Tr {font} 10 Tf 1 0 0 1 {x0 + 4} {y} Tm ({said}) Tj ET Q".encode())
    return _saved(pdf)
