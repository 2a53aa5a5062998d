"""How far may a scan be worn before it is not read, and is anything wrong ever not flagged?

    python -m benchmarks.scans [--documents N] [--steps NAME …] [--results FILE] [--plot FILE]

The sample documents' form pages are printed to images and degraded step by step (resolution,
skew, blur, JPEG quality, stains that cover print), read as scans, settled by the sums and judged
as the nightly job does. Against the reading of their text layer each step prints

right       amounts of T01–T13 that are right, of all that the document has
unflagged   amounts that are wrong in a document that was accepted: must be 0
accepted    documents accepted, with or without findings; the others are quarantined
s/page      seconds a page (recognition and second opinion; one thread), and memory at its peak

Ends with 1 where an amount is wrong and not flagged, or where less than ``LEAST_ACCEPTED`` of
the documents are accepted at the steps at 150 dpi that nothing covers.
"""

from __future__ import annotations

import argparse
import io
import json
import resource
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
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
from parsers.read import read_document

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = ROOT / "samples" / "pdf"
LEAST_ACCEPTED = 0.9
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
    step: str
    documents: int = 0
    accepted: int = 0
    amounts: int = 0
    right: int = 0
    unflagged: int = 0
    repaired: int = 0
    pages: int = 0
    seconds: float = 0.0
    megabytes: int = 0
    wrong: list[str] = field(default_factory=list)


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


def is_ruled(data: bytes) -> bool:
    """Does every form stand in rules? Scans of forms without rules are quarantined or not read."""
    pages = {p.number: p for p in read_pages(data)}
    return all(pages[p].grids for t in read_document(data).tables for p in t.pages)


def amounts_of(document: ParsedDocument) -> dict[str, Decimal]:
    """Every filled amount by form, row label with its occurrence, and column."""
    out: dict[str, Decimal] = {}
    for table in document.tables:
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                if cell.amount is not None:
                    out[f"{table.id}/{r}/{c}"] = cell.amount
    return out


def measure(result: Result, data: bytes, step: Step, seed: int, settings: Settings) -> None:
    typeset = read_document(data)
    pages = sorted({p for t in typeset.tables for p in t.pages})
    truth = amounts_of(typeset)
    scan = scanned(data, pages, step, seed)
    result.documents += 1
    result.amounts += len(truth)
    result.pages += len(pages)
    clock = time.monotonic()
    try:
        read = read_document(scan)
        judged = judge_with_second_reading(read, scan, settings)
    except DocumentError:
        result.seconds += time.monotonic() - clock
        return  # not read: nothing wrong gets anywhere
    result.seconds += time.monotonic() - clock
    found = amounts_of(judged)
    result.right += sum(found.get(k) == v for k, v in truth.items())
    result.repaired += sum(
        c.source == "repaired" for t in judged.tables for row in t.cells for c in row
    )
    if judged.verdict is not None and judged.verdict.status != "quarantined":
        result.accepted += 1
        wrong = [
            f"{step.name} {typeset.document.department} {k}: {found.get(k)}, printed {truth.get(k)}"
            for k in sorted({*truth, *found})
            if found.get(k) != truth.get(k)
        ]
        result.unflagged += len(wrong)
        result.wrong += wrong


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
    options.add_argument("--documents", type=int, default=10)
    options.add_argument("--steps", nargs="*", default=[s.name for s in STEPS])
    options.add_argument("--results", type=Path, help="add the figures to this JSON file")
    options.add_argument("--plot", type=Path, help="draw the curve of --results here")
    given = options.parse_args(arguments)
    budgets = [
        f for f in sorted(SAMPLES.glob("*.pdf")) if not any(n in f.name for n in NOT_BUDGETS)
    ]
    files = [f for f in budgets if is_ruled(f.read_bytes())]
    print(
        f"{len(budgets) - len(files)} of {len(budgets)} documents print tables without rules: left out"
    )
    files = files[:: max(1, len(files) // given.documents)][: given.documents]
    settings = Settings.from_environment()
    results: list[Result] = []
    print(f"{'step':22} {'documents':>9} {'accepted':>8} {'right':>8} {'unflagged':>9} s/page   MB")
    for step in STEPS:
        if step.name not in given.steps:
            continue
        result = Result(step.name)
        for seed, file in enumerate(files):
            measure(result, file.read_bytes(), step, seed, settings)
            # kilobytes on Linux: the process at its largest so far
            result.megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        results.append(result)
        print(
            f"{step.name:22} {result.documents:9} {result.accepted / result.documents:8.0%} "
            f"{result.right / max(1, result.amounts):8.4f} {result.unflagged:9} "
            f"{result.seconds / max(1, result.pages):6.2f} {result.megabytes:4}",
            flush=True,
        )
        for line in result.wrong:
            print(f"  WRONG {line}", file=sys.stderr)
        if given.results:
            held = json.loads(given.results.read_text()) if given.results.exists() else {}
            held[step.name] = asdict(result)
            given.results.write_text(json.dumps(held, ensure_ascii=False, indent=1))
    if given.plot and given.results:
        held = json.loads(given.results.read_text())
        plot([Result(**held[s.name]) for s in STEPS if s.name in held], given.plot)
    failed = any(r.unflagged for r in results) or any(
        r.accepted < LEAST_ACCEPTED * r.documents
        for r in results
        if r.step.startswith("150") and "stains" not in r.step
    )
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
