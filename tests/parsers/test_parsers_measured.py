"""The measuring documents: every cell, header, title, empty form and amount exactly."""

from __future__ import annotations

import csv
import ctypes
import importlib.util
import json
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest
from pypdfium2 import raw

from parsers.document import ParsedDocument
from parsers.errors import NotADisclosureError, NoTextError, ScannedError, UnknownTemplateError
from parsers.read import read_document

pytestmark = [pytest.mark.shared, pytest.mark.xdist_group("measured")]

KINDS = {"dept": "organisation", "unit": "unit", "project": "project"}


@pytest.fixture(scope="session")
def scorer(shared_dir: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("score", shared_dir / "score" / "score.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def measured(shared_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for folder, truth in (("rendered", "truth"), ("synthetic/pdf", "synthetic/truth")):
        for path in sorted((shared_dir / folder).glob("*/*.pdf")):
            if path.parent.name != "scan":
                told = json.loads((shared_dir / truth / f"{path.stem}.json").read_text("utf-8"))
                yield path, told


@cache
def reading(path: Path) -> ParsedDocument:
    return read_document(path.read_bytes())


def same(a: object, b: object) -> bool:
    def fold(x: object) -> str:
        return re.sub(r"\s+", "", unicodedata.normalize("NFKC", "" if x is None else str(x)))

    return fold(a) == fold(b)


def test_every_table_is_exact(shared_dir: Path, scorer: ModuleType) -> None:
    wrong = []
    count = 0
    for path, truth in measured(shared_dir):
        read = reading(path)
        told = scorer.tidy(truth)
        _, total = scorer.score_doc(told, json.loads(read.model_dump_json()))
        exact = total["truth_cells"] == total["hit"] == total["pred_cells"]
        exact &= total["rows"] == total["rows_exact"]
        exact &= total["amounts"] == total["amounts_hit"]
        exact &= total["amounts_extra"] == 0
        exact &= total["header_ok"] == total["title_ok"] == total["empty_ok"] == total["tables"]
        if not exact:
            wrong.append((path.parent.name, path.stem, total))
        for t in told["tables"]:
            mine = read.table(t["id"])
            assert mine is not None
            for name in ("label", "owner", "unit", "note", "ncols"):
                if not same(t[name], getattr(mine, name)):
                    wrong.append((path.stem, t["id"], {name: getattr(mine, name)}))
            if sorted(map(tuple, t["spans"])) != sorted(mine.spans):
                wrong.append((path.stem, t["id"], {"spans": mine.spans}))
            if len(t["header"]) != len(mine.header):
                wrong.append((path.stem, t["id"], {"header": mine.header}))
        count += 1
    assert count >= 20
    assert wrong == []


def test_no_amount_is_silently_nothing(shared_dir: Path) -> None:
    for path, _ in measured(shared_dir):
        for table in reading(path).tables:
            amounts = [
                j
                for j, role in enumerate(table.roles)
                if not re.search("label|name|code|item", role)
            ]
            for row in table.cells:
                for j in amounts:
                    assert (row[j].amount is None) == (row[j].text == ""), (path.stem, row[j])


def test_kinds_of_project_rows(shared_dir: Path) -> None:
    for path, truth in measured(shared_dir):
        for form, kinds in truth["meta"].get("row_kinds", {}).items():
            table = reading(path).table(form)
            assert table is not None
            assert [m.kind for m in table.rows] == [KINDS[k] for k in kinds], (path.stem, form)


def printed_in(page: Any, text: Any, box: tuple[float, float, float, float]) -> str:
    """What pdfium itself finds in a box given from the top left of the visible page."""
    rect = raw.FS_RECTF()
    raw.FPDF_GetPageBoundingBox(page, rect)
    width, height = page.get_size()
    corners = []
    for x, y in ((box[0], box[1]), (box[2], box[3])):
        ux, uy = ctypes.c_double(), ctypes.c_double()
        scale = 100
        raw.FPDF_DeviceToPage(
            page, 0, 0, int(width * scale), int(height * scale), 0, int(x * scale), int(y * scale),
            ux, uy,
        )  # fmt: skip
        corners.append((ux.value, uy.value))
    (ax, ay), (bx, by) = corners
    return str(text.get_text_bounded(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)))


def test_every_cell_is_where_it_says(shared_dir: Path) -> None:
    """Cropping the page to a cell's box with pdfium gives the cell's text.

    On pages with nothing over the text; with a watermark or a hidden layer the crop holds
    more, and the cell's characters are among it.
    """
    checked = 0
    for path, _ in measured(shared_dir):
        read = reading(path)
        pdf = pypdfium2.PdfDocument(path)
        pages = {n: (pdf[n - 1], pdf[n - 1].get_textpage()) for t in read.tables for n in t.pages}
        clean = path.parent.name in ("excel", "borderless")
        for table in read.tables:
            for row in table.cells:
                for cell in row:
                    if not cell.text or cell.bbox is None:
                        continue
                    found = printed_in(*pages[cell.page], cell.bbox)
                    want = re.sub(r"\s", "", unicodedata.normalize("NFKC", cell.text))
                    got = re.sub(r"[\s\x00-\x1f\ufffe]", "", unicodedata.normalize("NFKC", found))
                    if len(table.pages) > 1 and got and got != want and want.startswith(got):
                        continue  # a row cut by the page end: its box is its upper half
                    if clean:
                        assert got == want, (path.stem, table.id, cell)
                        checked += 1
                    else:
                        missing = [ch for ch in want if ch not in got]
                        assert len(want) > 12 or not missing, (path.stem, table.id, cell, got)
        pdf.close()
    assert checked > 5000


def test_other_documents_keep_their_tables_as_plain_grids(shared_dir: Path) -> None:
    """Never taken for the family; every form that a person listed is there with its title."""
    with (shared_dir / "real/document_labels.csv").open(encoding="utf-8-sig") as f:
        labels = list(csv.DictReader(f))
    lost, seen = [], 0
    for row in labels:
        path = shared_dir / "real/documents" / row["folder"] / row["file"]
        with pytest.raises((UnknownTemplateError, NotADisclosureError, NoTextError)) as caught:
            read_document(path.read_bytes())
        error = caught.value
        assert error.what, path.name
        assert error.remedy, path.name
        document = error.document
        assert document is not None
        assert document.tables == []
        titles = [_bare(t.title or "") for t in document.generic_tables]
        for title in filter(None, row["form_titles"].split("|")):
            seen += 1
            if not any(t.endswith(_bare(title)) for t in titles):
                lost.append((path.name, title))
    assert seen > 180
    assert lost == []


def _bare(title: str) -> str:
    folded = re.sub(r"\s", "", unicodedata.normalize("NFKC", title)).replace("”", "“")
    return re.sub(r"^.*?表\d+:|^公开\d+表:", "", folded)


def test_images_of_pages_are_told_as_such(shared_dir: Path) -> None:
    paths = sorted((shared_dir / "rendered" / "scan").glob("*.pdf"))
    assert paths
    for path in paths:  # nothing is recognised here: that takes seconds a page
        with pytest.raises(ScannedError, match=r"(\d+) of \1 pages are images"):
            read_document(path.read_bytes(), recognise=False)
