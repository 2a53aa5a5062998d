"""How far may a scan be worn before it is not read, and is anything wrong ever not flagged?

    python -m benchmarks.scans [--documents N] [--steps NAME …] [--results FILE] [--plot FILE]

The sample documents' form pages are printed to images and degraded step by step (resolution,
skew, blur, JPEG quality, stains that cover print), read as scans, settled by the sums and judged
as the nightly job does. Against the reading of their text layer each step prints

accepted     documents accepted, with or without findings
quarantined  documents that wait for a person; unread: no form was known in them
right        amounts of T01–T13 that are right, of all that the documents have; cells: all texts
repaired     figures that the sums settled against the first reading
unflagged    amounts that are wrong, or stand under a wrong code, in accepted documents: must be 0
s/page       by the clock, two processes at once; core s: processor seconds a page; MB: the
             largest process

Ends with 1 where an amount is wrong and not flagged, or where less than ``LEAST_ACCEPTED`` of
the documents are accepted at 150 dpi that nothing else wears.
"""

from __future__ import annotations

import argparse
import io
import json
import multiprocessing
import resource
import sys
import time
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field, fields
from decimal import Decimal
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2
from PIL import Image

from nightly.judging import judge_with_second_reading
from nightly.settings import Settings
from parsers.document import ParsedDocument
from parsers.engine import read_pages
from parsers.errors import DocumentError
from parsers.forms import family
from parsers.read import read_document
from parsers.second import second_reading

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "pdf"
BOUND, LEAST_ACCEPTED = "150 dpi", 0.9
CORES = 2
NOT_BUDGETS = ("notice",)


@dataclass(frozen=True, slots=True)
class Step:
    """One way of wearing a page: ``skew`` in degrees, ``blur`` in points, ``stains`` a page."""

    name: str
    dpi: int
    skew: float = 0.5
    blur: float = 0.15
    quality: int = 75
    grain: float = 4.0
    stains: int = 0


STEPS = (
    Step("200 dpi", 200),
    Step("150 dpi", 150),
    Step("150 dpi, skew 2°", 150, skew=2.0),
    Step("150 dpi, blur", 150, blur=0.45),
    Step("150 dpi, JPEG 30", 150, quality=30),
    Step("150 dpi, stains", 150, stains=3),
    Step("120 dpi", 120),
    Step("100 dpi", 100),
)


@dataclass(slots=True)
class Result:
    """Counts of one step, over its documents; ``unruled`` ones are counted by themselves too."""

    step: str
    documents: int = 0
    accepted: int = 0
    quarantined: int = 0
    unread: int = 0
    unruled: int = 0
    unruled_accepted: int = 0
    amounts: int = 0
    right: int = 0
    cells: int = 0
    right_cells: int = 0
    unflagged: int = 0
    repaired: int = 0
    pages: int = 0
    wall_seconds: float = 0.0
    """By the clock, two processes at once: falls with what else the machine does."""
    core_seconds: float = 0.0
    """Of the processor, all processes together."""
    megabytes: int = 0
    wrong: list[str] = field(default_factory=list)

    def add(self, other: Result) -> None:
        for f in fields(self):
            mine, theirs = getattr(self, f.name), getattr(other, f.name)
            if f.name == "megabytes":
                self.megabytes = max(mine, theirs)
            elif f.name != "step":
                setattr(self, f.name, mine + theirs)


def worn(grey: Any, step: Step, rng: np.random.Generator) -> Any:
    """A page after printing, lying about, and scanning."""
    height, width = grey.shape
    scale = step.dpi / 72
    page = grey.astype(np.float32) * 0.84 + 22  # print is not black, paper is not white
    page *= np.linspace(1.0, 0.93, width, dtype=np.float32)[None, :]
    for _ in range(step.stains):
        page *= _stain(height, width, scale, rng)
    if step.blur:
        page = cv2.GaussianBlur(page, (0, 0), max(0.1, step.blur * scale))
    angle = float(rng.choice([-1, 1])) * step.skew * float(rng.uniform(0.6, 1.0))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    page = cv2.warpAffine(
        page, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    page += rng.normal(0, step.grain, page.shape)
    specks = rng.integers(0, [height, width], (12, 2))
    for y, x in specks:
        page[y : y + 2, x : x + 2] = 60
    out = np.clip(page, 0, 255).astype(np.uint8)
    ok, coded = cv2.imencode(".jpg", out, [cv2.IMWRITE_JPEG_QUALITY, step.quality])
    assert ok
    return cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)


def _stain(height: int, width: int, scale: float, rng: np.random.Generator) -> Any:
    """A ring of coffee, its rim dark enough to hide thin print."""
    y, x = np.ogrid[:height, :width]
    cy, cx = rng.uniform(0.1, 0.6) * height, rng.uniform(0.2, 0.8) * width
    radius = rng.uniform(25, 50) * scale
    away = np.abs(np.sqrt((y - cy) ** 2 + (x - cx) ** 2) - radius)
    rim = np.exp(-((away / (3.5 * scale)) ** 2)) * rng.uniform(0.5, 0.9)
    return (1 - rim).astype(np.float32)


def scanned(data: bytes, pages: Sequence[int], step: Step, seed: int) -> bytes:
    """A PDF of worn images of these pages."""
    rng = np.random.default_rng(seed)
    pdf = pypdfium2.PdfDocument(data)
    images = []
    for number in pages:
        drawn = pdf[number - 1].render(scale=step.dpi / 72, grayscale=True).to_numpy()
        grey = drawn[:, :, 0] if drawn.ndim == 3 else drawn
        images.append(Image.fromarray(worn(np.ascontiguousarray(grey), step, rng)))
    pdf.close()
    out = io.BytesIO()
    images[0].save(
        out, "PDF", save_all=True, append_images=images[1:], resolution=step.dpi, quality=95
    )
    return out.getvalue()


def is_ruled(data: bytes, document: ParsedDocument) -> bool:
    """Does every form of a document (``data``: its file) stand in rules?"""
    pages = {p.number: p for p in read_pages(data)}
    return all(pages[p].grids for t in document.tables for p in t.pages)


Said = tuple[Decimal, str]


def amounts_of(document: ParsedDocument) -> dict[str, Said]:
    """Every filled amount by form, row and column: in 元, with the kind and codes of its row,
    because a right figure under another subject's code, or a part taken for a sum, is wrong."""
    out: dict[str, Said] = {}
    for table in document.tables:
        kinds = [column.kind for column in family().forms[table.id].columns]
        for r, (row, meta) in enumerate(zip(table.cells, table.rows, strict=True)):
            codes = [x.text for x, kind in zip(row, kinds, strict=False) if kind == "code"]
            of = " ".join([meta.kind, *codes]).strip()
            for c, cell in enumerate(row):
                if cell.amount is not None:
                    out[f"{table.id}/{r}/{c}"] = (cell.amount * table.factor, of)
    return out


def texts_of(document: ParsedDocument) -> dict[str, str]:
    """The filled body cells, without blanks and separators and in one width of characters."""
    return {
        f"{t.id}/{r}/{c}": text
        for t in document.tables
        for r, row in enumerate(t.cells)
        for c, cell in enumerate(row)
        if (text := "".join(unicodedata.normalize("NFKC", cell.text).split()).replace(",", ""))
    }


def measure(path: Path, step: Step, seed: int) -> Result:
    """One document at one step; runs in a process of its own."""
    settings = Settings.from_environment()
    data = path.read_bytes()
    typeset = read_document(data)
    pages = sorted({p for t in typeset.tables for p in t.pages})
    truth, texts = amounts_of(typeset), texts_of(typeset)
    scan = scanned(data, pages, step, seed)
    ruled = is_ruled(data, typeset)
    result = Result(step.name, documents=1, amounts=len(truth), cells=len(texts), pages=len(pages))
    result.unruled = int(not ruled)
    clock = time.process_time()
    judged = None
    try:
        judged = judge_with_second_reading(read_document(scan), scan, settings, read=second_reading)
    except DocumentError:
        result.unread = 1  # not read: nothing wrong gets anywhere
    result.core_seconds = time.process_time() - clock
    # kilobytes on Linux: the process at its largest so far
    result.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    if judged is None:
        return result
    found, said = amounts_of(judged), texts_of(judged)
    result.right = sum(found.get(k) == v for k, v in truth.items())
    result.right_cells = sum(said.get(k) == v for k, v in texts.items())
    result.repaired = sum(
        c.source == "repaired" for t in judged.tables for row in t.cells for c in row
    )
    if judged.verdict is None or judged.verdict.status == "quarantined":
        result.quarantined = 1
        return result
    result.accepted, result.unruled_accepted = 1, int(not ruled)
    result.wrong = [
        f"{step.name} {path.stem} {k}: {_told(found.get(k))}, printed {_told(truth.get(k))}"
        for k in sorted({*truth, *found})
        if found.get(k) != truth.get(k)
    ]
    result.unflagged = len(result.wrong)
    return result


def _told(said: Said | None) -> str:
    return "nothing" if said is None else f"{said[0]} 元 {said[1]}".strip()


def plot(results: Sequence[Result], path: Path) -> None:
    """The degradation curve: shares by step."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    names = [r.step for r in results]
    places = range(len(results))
    figure, axes = plt.subplots(figsize=(9, 4.2))
    axes.plot(places, [r.right / max(1, r.amounts) for r in results], "o-", label="right amounts")
    axes.plot(
        places,
        [r.accepted / max(1, r.documents) for r in results],
        "s--",
        label="accepted documents",
    )
    axes.plot(
        places,
        [r.unflagged / max(1, r.amounts) for r in results],
        "x-",
        color="crimson",
        label="wrong and not flagged",
    )
    axes.set_xticks(list(places), names, rotation=30, ha="right")
    axes.set_ylim(-0.03, 1.05)
    axes.set_ylabel("share")
    axes.grid(alpha=0.3)
    axes.legend(loc="center left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def main(arguments: Sequence[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    options.add_argument("--documents", type=int, help="so many of the sample documents, evenly")
    options.add_argument("--steps", nargs="*", default=[s.name for s in STEPS])
    options.add_argument("--results", type=Path, help="add the figures to this JSON file")
    options.add_argument("--plot", type=Path, help="draw the curve of --results here (SVG or PNG)")
    given = options.parse_args(arguments)
    files = [f for f in sorted(SAMPLES.glob("*.pdf")) if not any(n in f.name for n in NOT_BUDGETS)]
    chosen = [*range(len(files))]
    if given.documents:
        chosen = [n * len(files) // given.documents for n in range(given.documents)]
    print(HEADINGS)
    results: list[Result] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(CORES, mp_context=context) as pool:
        for step in (s for s in STEPS if s.name in given.steps):
            result = Result(step.name)
            clock = time.monotonic()
            # a document is worn alike whichever others are chosen
            for one in pool.map(measure, [files[n] for n in chosen], repeat(step), chosen):
                result.add(one)
            result.wall_seconds = time.monotonic() - clock
            results.append(result)
            print(line_of(result), flush=True)
            for told in result.wrong:
                print(f"  WRONG {told}", file=sys.stderr)
            if given.results:
                held = json.loads(given.results.read_text()) if given.results.exists() else {}
                held[step.name] = asdict(result)
                given.results.write_text(json.dumps(held, ensure_ascii=False, indent=1))
    if given.plot and given.results:
        held = json.loads(given.results.read_text())
        plot([Result(**held[s.name]) for s in STEPS if s.name in held], given.plot)
    return 1 if any(failed(r) for r in results) else 0


HEADINGS = (
    f"{'step':18} {'documents':>9} {'accepted':>8} {'quarantined':>11} {'unread':>6} {'right':>8} "
    f"{'cells':>8} {'repaired':>8} {'unflagged':>9} {'s/page':>6} {'core s':>6} {'MB':>5}"
)


def line_of(r: Result) -> str:
    return (
        f"{r.step:18} {r.documents:9} {r.accepted / r.documents:8.0%} "
        f"{r.quarantined / r.documents:11.0%} {r.unread / r.documents:6.0%} "
        f"{r.right / max(1, r.amounts):8.4f} {r.right_cells / max(1, r.cells):8.4f} "
        f"{r.repaired:8} {r.unflagged:9} {r.wall_seconds / max(1, r.pages):6.2f} "
        f"{r.core_seconds / max(1, r.pages):6.2f} {r.megabytes:5}"
    )


def failed(result: Result) -> bool:
    """Is an amount wrong and not flagged, or are too few documents accepted at a step?"""
    too_few = result.step == BOUND and result.accepted < LEAST_ACCEPTED * result.documents
    return bool(result.unflagged) or too_few


if __name__ == "__main__":
    raise SystemExit(main())
