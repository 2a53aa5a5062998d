"""The second reading (二次识读): what is drawn, and where another engine finds it.

A text layer read twice proves nothing, so the figures concerned are read again from two other
sources: the *pixels* of the page, rendered by pdfium and recognised by the model that rapidocr
ships in its wheel (only its recogniser, run by onnxruntime; nothing is downloaded), and the
*place*, where pdfplumber must find the same figure in the row of the same label and below the
same column heading.

Nothing here knows identities and nothing is decided: ``second_reading`` is a pure function from
bytes and requests to readings; ``nightly.judging`` decides. Costs about 20 ms a figure on one
core and 140 MB once the model is loaded (0.7 s, once a process).
"""

from __future__ import annotations

import importlib.util
import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import Field

from parsers.document import BBox, Model
from parsers.money import NotAnAmountError, parse_amount

if TYPE_CHECKING:
    import numpy as np

    Pixels = np.ndarray[Any, np.dtype[np.uint8]]
    Scores = np.ndarray[Any, np.dtype[np.float32]]

MODEL = "PP-OCRv6_rec_small.onnx"
SCALES = (4.0, 6.0, 3.0)
"""Pixels a point; a reading that is not sure or not the text layer's is tried at the next."""
SURE = 0.90
"""Least probability of the least certain character for a reading to count as sure."""
POSSIBLE = 0.02
"""A character less probable than this is no alternative."""
_ASLANT = 2.5
"""Degrees off the upright at which a text is a watermark."""
_AROUND = 2.6
"""Heights of a line read on both sides of a figure in running text."""
_HEIGHT = 48
"""Height of the model's input in pixels."""
_LEAST_WIDTH = 160
_INK = 0.45
"""Share of the darkest print's darkness: what is fainter (watermark, tint) is not ink."""
_INSET = 0.7
"""Points left off each side of a cell, where its rules are."""
_MAX_ALTERNATIVES = 6


class SecondReadingError(RuntimeError):
    """The recogniser cannot be run: names the missing part and what to do."""


class CellRequest(Model):
    """One figure to be read again.

    ``text``: the text layer's reading. ``kind``: ``cell`` a table cell whose box is the cell's,
    ``inline`` a figure within a line of text whose box is the figure's. ``label``/``label_bbox``:
    the row's printed label and its cell. ``heading``: the text of the column's lowest heading,
    looked for in ``heading_box`` of ``heading_page``: the table's part above its first row.
    """

    key: str
    text: str
    page: int
    bbox: BBox
    kind: Literal["cell", "inline"] = "cell"
    label: str = ""
    label_bbox: BBox | None = None
    heading: str = ""
    heading_page: int | None = None
    heading_box: BBox | None = None
    place: bool = Field(default=True, description="also ask the second engine for the place")
    look: bool = Field(default=True, description="recognise what is drawn; else only the place")


class Alternative(Model):
    text: str
    probability: float


class SecondReading(Model):
    """What the second reading of one figure gave.

    ``pixels``: the characters recognised ("" where nothing is drawn). ``agrees``: they say what
    the text layer says. ``sure``: every character is at least ``SURE`` certain and no print was
    cut off. ``placed``: pdfplumber finds the figure in the same row and column; null where it
    was not asked or gives no text there; ``placement`` says what it found instead. ``looked``:
    the pixels were asked for; where not, the fields about them say nothing.
    """

    key: str
    pixels: str = ""
    confidence: float = 0.0
    agrees: bool = False
    sure: bool = False
    alternatives: list[Alternative] = Field(default=[])
    placed: bool | None = None
    placement: str = ""
    looked: bool = True


def second_reading(data: bytes, cells: Sequence[CellRequest]) -> list[SecondReading]:
    """Read the figures again, from the pixels and by the second engine. In the order asked.

    Raises SecondReadingError where the recogniser's model is not installed; what pdfium or
    pdfplumber raise for a file that they cannot open.
    """
    if not cells:
        return []
    import pypdfium2

    readings = {c.key: SecondReading(key=c.key, looked=False) for c in cells if not c.look}
    drawn = [c for c in cells if c.look]
    pdf = pypdfium2.PdfDocument(data)
    try:
        for number in sorted({c.page for c in drawn}):
            page = pdf[number - 1]
            for request in drawn:
                if request.page == number and request.key not in readings:
                    readings[request.key] = _read_pixels(page, request)
            page.close()
    finally:
        pdf.close()
    asked = [c for c in cells if c.place]
    if asked:
        for key, (placed, why) in _places(data, asked).items():
            readings[key].placed, readings[key].placement = placed, why
    return [readings[c.key] for c in cells]


def crop_png(
    data: bytes, page: int, bbox: BBox, *, margin: float = 6.0, scale: float = 5.0
) -> bytes:
    """The drawn page around a box (points from the top left), as PNG, for a person to look at."""
    import io

    import pypdfium2

    pdf = pypdfium2.PdfDocument(data)
    try:
        sheet = pdf[page - 1]
        width, height = sheet.get_size()
        x0, top, x1, bottom = bbox
        image = sheet.render(
            scale=scale,
            crop=_crop((x0 - margin, top - margin, x1 + margin, bottom + margin), width, height),
        ).to_pil()
        out = io.BytesIO()
        image.save(out, format="PNG")
        return out.getvalue()
    finally:
        pdf.close()


# -- comparing ---------------------------------------------------------------------------
_MINUS = re.compile("[−‐‑‒–—―─━﹣－⁻]")
_TOKEN = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


def bare(text: str) -> str:
    """A figure's characters for comparing: narrow forms, no blanks, one sort of minus."""
    return _MINUS.sub("-", "".join(unicodedata.normalize("NFKC", text).split()))


def same_figure(one: str, other: str) -> bool:
    """Do two readings say the same figure? Thousands separators say nothing; decimals do."""
    a, b = bare(one), bare(other)
    if a == b:
        return True
    try:
        x, y = parse_amount(a), parse_amount(b)
    except NotAnAmountError:
        return False
    if x is None or y is None:
        return x is None and y is None
    return x.as_tuple() == y.as_tuple()


def _is_amount(text: str) -> bool:
    try:
        return parse_amount(text) is not None
    except NotAnAmountError:
        return False


def _figure_of(text: str) -> str | None:
    """The number in a figure of running text: 1457.38 of 「1,457.38万元」."""
    found = _TOKEN.search(bare(text))
    return found.group().replace(",", "").lstrip("-") if found else None


# -- pixels ------------------------------------------------------------------------------
class _Seen(NamedTuple):
    """One recognised line. ``sure_of``: the probability of each character of ``text``."""

    text: str
    confidence: float
    alternatives: list[Alternative]
    sure_of: list[float]


def _read_pixels(page: Any, request: CellRequest) -> SecondReading:
    """The first reading where it is sure and agrees; else what the sure readings of all
    resolutions have in common, and nothing sure where they contradict one another."""
    first = _read_at(page, request, SCALES[0])
    if first.agrees and first.sure:
        return first
    # no figure is printed aslant: such a watermark may go before looking more closely
    tried = [] if without_aslant(page) else [first]
    tried += [_read_at(page, request, scale) for scale in SCALES[len(tried) :]]
    x0, top, x1, bottom = request.bbox
    if request.kind == "cell" and bottom - top > x1 - x0:  # print that stands sideways
        for quarter in (1, 3):
            turned = _read_at(page, request, SCALES[0], quarter)
            if turned.agrees and turned.sure:
                return turned
    sure = [r for r in tried if r.sure]
    best = max(sure or tried, key=lambda r: r.confidence)
    one_voice = all(same_figure(r.pixels, best.pixels) or (r.agrees and best.agrees) for r in sure)
    best.sure = one_voice and len(sure) > 1
    others = {a.text: a for r in tried for a in r.alternatives if r is not best}
    known = {a.text for a in best.alternatives}
    best.alternatives += [a for text, a in others.items() if text not in known]
    return best


def without_aslant(page: Any) -> bool:
    """Switch off texts that stand at an angle; True where the page had any (now or before)."""
    from pypdfium2 import raw

    if not hasattr(page, "had_aslant"):
        page.had_aslant = False
        for shape in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], max_depth=4):
            matrix = shape.get_matrix()
            angle = math.degrees(math.atan2(matrix.b, matrix.a)) % 90
            if min(angle, 90 - angle) > _ASLANT:
                raw.FPDFPageObj_SetIsActive(shape.raw, False)
                page.had_aslant = True
    return bool(page.had_aslant)


def _read_at(page: Any, request: CellRequest, scale: float, quarter: int = 0) -> SecondReading:
    """One reading at one resolution; ``quarter``: turns of the crop before it is read."""
    import numpy as np

    if request.kind == "inline":
        return _read_inline(page, request, scale)
    blank = not bare(request.text)
    ink = _ink(page, request.bbox, scale, _INSET, beside=blank)
    lines, cut = _lines(np.rot90(ink, quarter), scale)
    if cut and not blank:
        # print that runs over the cell's rules: look a little further
        x0, top, x1, bottom = request.bbox
        lines, cut = _lines(_ink(page, (x0 - 8, top, x1 + 8, bottom), scale, _INSET), scale)
    seen = [_recognise(line) for line in lines]
    text = "".join(s.text for s in seen).replace("一", "-")  # in a figure: a minus
    confidence = min((s.confidence for s in seen), default=1.0)
    if blank and not _is_amount(text):
        # something is drawn (a watermark, a stroke of the pen), but no figure
        text, confidence, seen = "", 1.0, []
    agrees = same_figure(request.text, text)
    return SecondReading(
        key=request.key,
        pixels=text,
        confidence=round(confidence, 4),
        agrees=agrees,
        sure=confidence >= SURE and (agrees or not cut),
        alternatives=_combined(seen),
    )


def _read_inline(page: Any, request: CellRequest, scale: float) -> SecondReading:
    """A figure of running text, looked for in the stretch of line around its box.

    The box is only as exact as equal shares of its word are, so a few characters more are
    read on both sides; the figure must stand there as a whole number.
    """
    x0, top, x1, bottom = request.bbox
    around = _AROUND * (bottom - top)
    box = (x0 - around, top - 1.5, x1 + around, bottom + 1.5)
    line = _between_rules(_ink(page, box, scale, 0.0), (x0 + x1) / 2 - max(0.0, box[0]), scale)
    seen = _recognise(_framed(line, scale)) if line is not None else None
    wanted = _figure_of(request.text)
    out = SecondReading(key=request.key, pixels=seen.text if seen else "")
    if seen is None or wanted is None:
        return out
    likest = 0.0
    # figures cut off at the ends of the stretch are seen in part: the likest one counts
    for found in _TOKEN.finditer(seen.text):
        figure = found.group().replace(",", "").lstrip("-")
        likeness = SequenceMatcher(None, figure, wanted).ratio()
        if figure != wanted and likeness <= likest:
            continue
        likest = likeness
        out.pixels = found.group()
        out.confidence = round(min(seen.sure_of[found.start() : found.end()]), 4)
        out.agrees = figure == wanted
        if out.agrees:
            break
    # a neighbour's figure is no reading of this one
    out.sure = out.confidence >= SURE and (out.agrees or likest >= 0.6)
    return out


def _combined(lines: Sequence[_Seen]) -> list[Alternative]:
    """Alternatives of all lines of a figure put together, likeliest first."""
    out = [Alternative(text="", probability=1.0)]
    for line in lines:
        out = [
            Alternative(
                text=a.text + b.text.replace("一", "-"),
                probability=round(a.probability * b.probability, 5),
            )
            for a in out
            for b in line.alternatives
        ]
        out = sorted(out, key=lambda a: -a.probability)[:_MAX_ALTERNATIVES]
    return [a for a in out if a.text]


def _crop(box: BBox, width: float, height: float) -> tuple[float, float, float, float]:
    """Left, bottom, right, top to be cut off a page of this size."""
    x0, top, x1, bottom = box
    return (
        min(max(0.0, x0), width - 1), max(0.0, height - max(1.0, bottom)),
        max(0.0, width - max(1.0, x1)), min(max(0.0, top), height - 1),
    )  # fmt: skip


def _ink(page: Any, box: BBox, scale: float, inset: float, *, beside: bool = False) -> Pixels:
    """Darkness (0 paper … 255 darkest print) of the drawn page within a box.

    ``beside``: the darkest print is looked for around the box as well, so that a watermark in
    an empty cell is not taken for print.
    """
    import numpy as np

    width, height = page.get_size()
    x0, top, x1, bottom = box
    bitmap = page.render(
        scale=scale,
        crop=_crop((x0 + inset, top + inset, x1 - inset, bottom - inset), width, height),
        grayscale=True,
    )
    drawn = np.asarray(bitmap.to_numpy())
    if drawn.ndim == 3:
        drawn = drawn[:, :, 0]
    if not drawn.size:
        return np.zeros((1, 1), np.uint8)
    paper = float(np.median(drawn))
    dark = np.clip(paper - drawn.astype(np.float32), 0, 255)
    if paper < 100:  # light print on a dark ground
        dark = np.clip(drawn.astype(np.float32) - paper, 0, 255)
    deepest = float(dark.max())
    if beside and deepest >= 40:
        around = (x0 - 60, top - 20, x1 + 60, bottom + 20)
        wide = page.render(scale=1.5, crop=_crop(around, width, height), grayscale=True).to_numpy()
        darkest, lightest = float(wide.min()), float(wide.max())
        deepest = max(deepest, abs(paper - darkest), abs(lightest - paper) if paper < 100 else 0)
    if deepest < 40:
        return np.zeros_like(drawn)
    floor = 0.3 * deepest
    out: Pixels = (np.clip((dark - floor) / (deepest - floor), 0, 1) * 255).astype(np.uint8)
    return out


def _without_rules(ink: Pixels) -> tuple[Pixels, list[int]]:
    """The ink without the table's rules, and the columns where upright rules stood."""
    import numpy as np

    black = ink > 255 * _INK
    out = ink.copy()
    # an upright rule fills the height that a row of figures leaves open above and below
    columns = np.flatnonzero(black.mean(axis=0) > 0.9)
    out[black.mean(axis=1) > 0.85] = 0
    out[:, columns] = 0
    return out, [int(x) for x in columns]


def _lines(ink: Pixels, scale: float) -> tuple[list[Pixels], bool]:
    """The printed lines of a cell, top to bottom, and whether print was cut at the sides."""
    import numpy as np

    ink, _ = _without_rules(ink)
    black = ink > 255 * _INK
    if not black.any():
        return [], False
    cut = bool(black[:, :2].any() or black[:, -2:].any())
    spans: list[tuple[int, int]] = []
    start: int | None = None
    for y, full in enumerate(np.append(black.any(axis=1), False)):
        if full and start is None:
            start = y
        elif not full and start is not None:
            spans.append((start, y))
            start = None
    out = []
    for top, bottom in spans:
        wide = np.flatnonzero(black[top:bottom].any(axis=0))
        # a speck (remains of a rule) is no line; a minus is low and wide
        if max(bottom - top, wide.size) > 1.5 * scale:
            line = ink[max(0, top - 1) : bottom + 1, wide[0] : wide[-1] + 1]
            out.append(_framed(line, scale))
    return out, cut


def _between_rules(ink: Pixels, middle: float, scale: float) -> Pixels | None:
    """The print around a place of a line, as far as the rules of a table let it reach."""
    import numpy as np

    ink, rules = _without_rules(ink)
    at = middle * scale
    left = max((x + 1 for x in rules if x < at), default=0)
    right = min((x for x in rules if x > at), default=ink.shape[1])
    part = ink[:, left:right]
    black = part > 255 * _INK
    if not black.any():
        return None
    rows, columns = np.flatnonzero(black.any(axis=1)), np.flatnonzero(black.any(axis=0))
    return part[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def _framed(line: Pixels, scale: float) -> Pixels:
    """A line with air around it, as the model was trained on."""
    import numpy as np

    least = int(5 * scale)
    short = max(0, least - line.shape[0])
    air = max(2, round(0.22 * max(line.shape[0], least)))
    return np.pad(line, ((air + short // 2, air + short - short // 2), (2 * air, 2 * air)))


@lru_cache(maxsize=1)
def loaded_model() -> tuple[Any, str, list[str]]:
    """The recogniser: session, name of its input, characters (index 0: none)."""
    spec = importlib.util.find_spec("rapidocr")
    if spec is None or not spec.submodule_search_locations:
        raise SecondReadingError(
            "the second reading needs the package rapidocr (its wheel holds the recogniser's "
            "model); install the locked requirements"
        )
    path = Path([*spec.submodule_search_locations][0]) / "models" / MODEL  # noqa: RUF015
    if not path.is_file():
        raise SecondReadingError(
            f"rapidocr is installed without its model {MODEL}; install the locked version"
        )
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # nothing that is read here is told to anybody
    options = onnxruntime.SessionOptions()
    # one thread a reading process: as many processes as cores do the work, and the sums of one
    # thread are always made in the same order
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.enable_cpu_mem_arena = False
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map["character"]
    return session, session.get_inputs()[0].name, ["", *said.splitlines(), " "]


def _recognise(line: Pixels) -> _Seen:
    """Characters of one printed line by connectionist temporal classification (CTC)."""
    import numpy as np
    from PIL import Image

    session, name, characters = loaded_model()
    width = max(1, math.ceil(line.shape[1] * _HEIGHT / line.shape[0]))
    small = Image.fromarray(255 - line).resize((width, _HEIGHT), Image.Resampling.BILINEAR)
    pixels = np.asarray(small).astype(np.float32) / 127.5 - 1
    if width < _LEAST_WIDTH:
        pixels = np.pad(pixels, ((0, 0), (0, _LEAST_WIDTH - width)))
    given = np.repeat(pixels[None, None], 3, axis=1)
    scores: Scores = session.run(None, {name: given})[0][0]
    best = scores.argmax(axis=1)
    steps: list[tuple[int, Any]] = []
    last = 0
    for t, k in enumerate(best.tolist()):
        if k and k != last:
            steps.append((k, scores[t]))
        elif k and k == last and steps and scores[t][k] > steps[-1][1][k]:
            steps[-1] = (k, scores[t])  # the surest moment of one character
        last = k
    sure_of: list[float] = []
    text = ""
    for k, row in steps:
        said = bare(characters[k])
        text += said
        sure_of += [float(row[k])] * len(said)
    confidence = min((float(row[k]) for k, row in steps), default=0.0)
    # a character that nearly appeared between two others
    for t, k in enumerate(best.tolist()):
        if k == 0:
            near = float(scores[t][0]) + float(scores[t][_near(best, t)].max())
            confidence = min(confidence, near)
    return _Seen(text, confidence, _alternatives(steps, characters), sure_of)


def _near(best: Any, t: int) -> list[int]:
    """The characters next to a step: their tails are no new character."""
    around = [int(best[i]) for i in range(max(0, t - 2), min(len(best), t + 3)) if best[i]]
    return around or [0]


_FIGURE = "0123456789.,-"


def _alternatives(steps: Iterable[tuple[int, Any]], characters: list[str]) -> list[Alternative]:
    """What else the pixels may say: each uncertain character by each other of a figure."""
    places = _figure_places(tuple(characters))
    out = [("", 1.0)]
    for k, row in steps:
        options = {bare(characters[k]): float(row[k])}
        for ch, at in places:
            if at != k and float(row[at]) >= POSSIBLE:
                options[ch] = max(options.get(ch, 0.0), float(row[at]))
        out = [(text + ch, p * q) for text, p in out for ch, q in options.items()]
        out = sorted(out, key=lambda x: -x[1])[:_MAX_ALTERNATIVES]
    return [Alternative(text=text, probability=round(p, 5)) for text, p in out]


@lru_cache(maxsize=2)
def _figure_places(characters: tuple[str, ...]) -> list[tuple[str, int]]:
    return [(ch, characters.index(ch)) for ch in _FIGURE if ch in characters]


# -- placement ---------------------------------------------------------------------------
class _Char(NamedTuple):
    text: str
    x: float
    y: float
    upright: bool = True


def _places(data: bytes, cells: Sequence[CellRequest]) -> dict[str, tuple[bool | None, str]]:
    """Does pdfplumber find each figure in its row and under its heading?"""
    import io

    import pdfplumber

    out: dict[str, tuple[bool | None, str]] = {}
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        held: dict[int, list[_Char]] = {}

        def chars(number: int) -> list[_Char]:
            if number not in held:
                page = pdf.pages[number - 1]
                # pdfplumber counts from the corner of the whole sheet, boxes from the visible page
                left, top = max(page.cropbox[0], page.bbox[0]), max(page.cropbox[1], page.bbox[1])
                held[number] = [
                    _Char(
                        c["text"],
                        (c["x0"] + c["x1"]) / 2 - left,
                        (c["top"] + c["bottom"]) / 2 - top,
                        bool(c["upright"]),
                    )
                    for c in page.chars
                    if c["text"].strip()
                ]
                page.close()
            return held[number]

        for request in sorted(cells, key=lambda c: c.page):
            out[request.key] = _placed(request, chars)
    return out


def _placed(request: CellRequest, chars: Any) -> tuple[bool | None, str]:
    page = chars(request.page)
    if not page:
        return None, "no text on the page"
    if sum(not c.upright for c in page) > len(page) / 2:
        return None, "the page's text stands sideways"
    around = 0.0
    if request.kind == "inline":  # the box is only as exact as equal shares of its word are
        around = _AROUND * (request.bbox[3] - request.bbox[1])
    found = _text_in(page, request.bbox, around)
    wanted = request.text if request.kind == "cell" else _figure_of(request.text) or request.text
    if not _holds(found.replace(",", ""), wanted.replace(",", "")):
        return False, f"{found!r} stands in its place"
    if request.label and request.label_bbox is not None:
        x0, _, x1, _ = request.label_bbox
        # the label as it stands at the height of the figure, not at the height of its own cell
        beside = _text_in(page, request.label_bbox)
        level = _overlap(request.label_bbox, request.bbox)
        if not _holds(beside, request.label) or level <= 0:
            return False, f"the row is {beside!r} from {x0:.0f} to {x1:.0f}"
    if request.heading and request.heading_box is not None and request.heading_page is not None:
        _, top, _, bottom = request.heading_box
        above = _text_in(
            chars(request.heading_page),
            (request.heading_box[0], top, request.heading_box[2], bottom),
            1.0,
        )
        if not _holds(above, request.heading):
            return False, f"the column is headed {above!r}"
    return True, ""


def _overlap(a: BBox, b: BBox) -> float:
    return min(a[3], b[3]) - max(a[1], b[1])


def _text_in(page: Sequence[_Char], box: BBox, around: float = 0.0) -> str:
    """Characters whose middle lies in a box (and ``around`` beside it), line by line."""
    x0, top, x1, bottom = box
    inside = [
        c for c in page
        if x0 - around <= c.x <= x1 + around and top - 1 <= c.y <= bottom + 1
    ]  # fmt: skip
    inside.sort(key=lambda c: c.y)
    lines: list[list[_Char]] = []
    for c in inside:
        if lines and abs(lines[-1][-1].y - c.y) < 3.0:
            lines[-1].append(c)
        else:
            lines.append([c])
    return bare("".join(c.text for line in lines for c in sorted(line, key=lambda c: c.x)))


def _holds(found: str, wanted: str) -> bool:
    """The wanted characters in their order; doubled ones (fake bold) and a watermark between."""
    rest = iter(found)
    return all(ch in rest for ch in bare(wanted))
