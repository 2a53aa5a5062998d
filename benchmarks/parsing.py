"""How fast is reading? One process, alternately: pdfplumber's tables, pdfium's bare text, ours.

    python benchmarks/parsing.py [FILE.pdf …] [--rounds 3]

Prints the median CPU seconds of each over the rounds (all are bound by the processor, and other
work on the machine does not count) and their ratios. The bare text
(``get_text_range`` of every page) is the floor: no reader on pdfium can be faster.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import pdfplumber
import pypdfium2

from parsers.assemble import assemble
from parsers.engine import read_pages
from parsers.errors import DocumentError
from parsers.read import read_document

SAMPLES = Path(__file__).resolve().parent.parent / "samples" / "pdf"


def plumber_tables(data: bytes) -> None:
    with pdfplumber.open(io.BytesIO(data)) as pdf:
        for page in pdf.pages:
            page.extract_tables()
            page.close()


def bare_text(data: bytes) -> None:
    pdf = pypdfium2.PdfDocument(data)
    for page in pdf:
        text = page.get_textpage()
        text.get_text_range()
        text.close()
        page.close()
    pdf.close()


def forms_only(data: bytes) -> None:
    assemble(read_pages(data))


def whole(data: bytes) -> None:
    try:
        read_document(data)
    except DocumentError as err:
        print(f"  ({err.code})")


WAYS: dict[str, Callable[[bytes], None]] = {
    "pdfplumber extract_tables": plumber_tables,
    "pdfium bare text (floor)": bare_text,
    "the 13 forms": forms_only,
    "whole document": whole,
}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("files", nargs="*", type=Path, default=sorted(SAMPLES.glob("*.pdf")))
    arguments.add_argument("--rounds", type=int, default=3)
    given = arguments.parse_args()
    totals: dict[str, float] = dict.fromkeys(WAYS, 0.0)
    for path in given.files:
        data = path.read_bytes()
        times: dict[str, list[float]] = {name: [] for name in WAYS}
        for _ in range(given.rounds):
            for name, way in WAYS.items():
                start = time.process_time()
                way(data)
                times[name].append(time.process_time() - start)
        medians = {name: statistics.median(t) for name, t in times.items()}
        for name, seconds in medians.items():
            totals[name] += seconds
        print(path.name, *(f"{name}: {s:.3f} s" for name, s in medians.items()), sep="\n  ")
    base = totals["pdfplumber extract_tables"]
    floor = totals["pdfium bare text (floor)"]
    print(f"all {len(given.files)} files")
    for name, seconds in totals.items():
        print(
            f"  {name:28} {seconds:8.3f} s   {base / seconds:7.1f} × as fast as pdfplumber   "
            f"{seconds / floor:7.1f} × the floor"
        )


if __name__ == "__main__":
    main()
