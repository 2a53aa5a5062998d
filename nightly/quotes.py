"""What a finding rests on, as printed: the rows of the forms and the sentences of the text.

A finding's two statements are worked out; here stands what they were worked out from, so that a
person sees it without opening the original.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from expectations.catalogue.names import FORM_NAMES
from expectations.findings import Finding
from nightly.settings import Settings
from parsers.document import IdentityInstance, IdentityTerm, ParsedDocument

__all__ = ["Quote", "quotes", "quotes_of"]

AMOUNT_UNITS = {"元": 1, "万元": 10_000, "亿元": 100_000_000}
A_SIDE = 12
"""Rows and sentences shown of one side; a sum of thirty rows is read in the original."""


@dataclass(frozen=True)
class Quote:
    """One row or sentence. ``side``: 1 or 2, the statement it belongs to; ``where``: the form."""

    side: Literal[1, 2]
    where: str
    text: str
    page: int | None


def quotes(settings: Settings, finding: Finding) -> list[Quote]:
    """The rows and sentences behind a finding, from the kept reading of its document; none where
    the reading is not kept or its document says something else by now."""
    from nightly.steps import kept_reading
    from store import Store

    held = Store(settings.data).list("parsed", suffix=f"{finding.document_id[:64]}.json.zst")
    versions = sorted({int(path.split("/")[1].removeprefix("parser=")) for path in held})
    for version in reversed(versions):
        record = kept_reading(settings, finding.document_id[:64], version)
        for document in record.documents if record else []:
            if document.document.document_id != finding.document_id:
                continue
            for one in document.identities:
                if (one.identity, one.instance, one.outcome) == (
                    finding.identity,
                    finding.instance,
                    "violated",
                ):
                    return quotes_of(document, one)
    return []


def quotes_of(document: ParsedDocument, instance: IdentityInstance) -> list[Quote]:
    """The rows and sentences of one instance, each once, at most ``A_SIDE`` a side."""
    found: list[Quote] = []
    for side, number in (("L", 1), ("R", 2)):
        mine: dict[Quote, None] = {}
        for term in instance.terms:
            if term.side == side:
                mine |= dict.fromkeys(_quoted(document, term, 1 if number == 1 else 2))
        found += list(mine)[:A_SIDE]
    return found


def _quoted(document: ParsedDocument, term: IdentityTerm, side: Literal[1, 2]) -> Iterator[Quote]:
    ref = term.cell
    table = document.table(ref.form)
    if table is not None and ref.row is not None:
        cells = table.cells[ref.row]
        text = "  ".join(cell.text for cell in cells if cell.text)
        page = next((cell.page for cell in cells if cell.text), None)
        yield Quote(side, f"{ref.form} {FORM_NAMES[ref.form][0]}", text, page)
    elif ref.form == "N":
        yield from _sentences(document, term, side)
    elif ref.form.startswith("P") and ref.form[1:].isdigit():
        target = document.performance[int(ref.form[1:])]
        name = str(target.get("项目名称") or "")
        for line in _lines(target.get("资金明细")):
            yield Quote(side, f"绩效目标表 {name}".strip(), line, term_page(document, term))


def _lines(lines: object) -> Iterator[str]:
    for line in lines if isinstance(lines, list) else []:
        if isinstance(line, dict):
            yield "  ".join(str(value) for value in line.values() if value not in (None, ""))


def term_page(document: ParsedDocument, term: IdentityTerm) -> int | None:
    """The page of a performance table's figures, where the reading kept their places."""
    index = int(term.cell.form[1:])
    if index >= len(document.performance_places):
        return None
    places = document.performance_places[index]
    return next((p.page for name, p in places.items() if name.startswith("资金明细/")), None)


def _sentences(
    document: ParsedDocument, term: IdentityTerm, side: Literal[1, 2]
) -> Iterator[Quote]:
    said = document.narrative.sentences
    key = (term.cell.key or "").removeprefix("@")
    indices = {
        figure.sentence_index
        for figure in document.narrative.figures
        if figure.path in {term.cell.key, key} and figure.sentence_index is not None
    }
    if not indices and term.value_yuan is not None:
        indices = {
            n
            for n, sentence in enumerate(said)
            for amount in sentence.amounts
            if amount.value * AMOUNT_UNITS.get(amount.unit, 0) == abs(term.value_yuan)
        }
    for n in sorted(indices):
        if n < len(said):
            yield Quote(side, said[n].section or "说明", said[n].sentence.strip(), said[n].page)
