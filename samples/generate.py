"""Typeset the sample PDFs: ``python -m samples.generate [--out DIR]``.

Without ``--out`` the committed PDFs in ``samples/pdf`` are written anew; the bytes depend on
the facts and the typesetting only.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from samples import document
from samples.document import Facts
from samples.province import province
from samples.typesetting import PRESETS, typeset

PDF_FOLDER = Path(__file__).parent / "pdf"


def facts_of(name: str) -> Facts:
    """Facts of the province's document ``name``."""
    return document.load(province().documents[name].facts)


def pdf_of(name: str) -> bytes:
    """The PDF of the province's document ``name``, typeset now."""
    plan = province().documents[name]
    return typeset(facts_of(name), PRESETS[plan.typesetting])


def write_all(folder: Path = PDF_FOLDER) -> list[Path]:
    """Write every document of the province; files of no document are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in province().documents:
        path = folder / f"{name}.pdf"
        path.write_bytes(pdf_of(name))
        written.append(path)
    for path in set(folder.glob("*.pdf")) - set(written):
        path.unlink()
    return written


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, default=PDF_FOLDER)
    given = options.parse_args()
    for path in write_all(given.out):
        print(f"{path}  {path.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
