"""docx → pages: paragraphs as lines of running text, tables as grids with their merged cells.

Read from the file's own XML: text that was deleted under revision or is hidden does not count,
inserted text does. Pages are counted by the breaks that the file holds.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from lxml import etree  # type: ignore[import-untyped]

from parsers.errors import DamagedError, UnsupportedFormatError
from parsers.office import Office, Setter, SheetCell

__all__ = ["read_doc", "read_docx"]

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_MAX_COLUMNS = 200


@dataclass
class _Paragraph:
    text: str
    centred: bool = False
    breaks_before: bool = False
    breaks_after: bool = False


@dataclass
class _Table:
    cells: list[SheetCell]
    rows: int
    columns: int


@dataclass
class _Numbering:
    """Automatic numbers of paragraphs (一、 二、 …), which stand in no run of text."""

    levels: dict[tuple[str, str], tuple[str, str, int]] = field(default_factory=dict)
    """(list, level) → number format, text pattern, start"""
    counts: dict[tuple[str, str], int] = field(default_factory=dict)

    def label(self, list_id: str, level: str) -> str:
        if (list_id, level) not in self.levels:
            return ""
        number_format, pattern, start = self.levels[list_id, level]
        for held in [k for k in self.counts if k[0] == list_id and int(k[1]) > int(level)]:
            del self.counts[held]
        count = self.counts.get((list_id, level), start - 1) + 1
        self.counts[list_id, level] = count
        text = pattern
        for n in range(9):
            if f"%{n + 1}" not in text:
                continue
            above = self.levels.get((list_id, str(n)))
            value = self.counts.get((list_id, str(n)), above[2] if above else 1)
            text = text.replace(f"%{n + 1}", _numeral(value, above[0] if above else number_format))
        return text


def _numeral(value: int, number_format: str) -> str:
    if number_format.startswith(("chinese", "japanese", "ideograph", "taiwanese")):
        digits = "零一二三四五六七八九"
        tens, ones = divmod(value, 10)
        if value < 100 and number_format != "ideographEnclosedCircle":
            head = "" if tens == 0 else "十" if tens == 1 else f"{digits[tens]}十"
            return head + (digits[ones] if ones or not tens else "")
    if number_format in {"bullet", "none"}:
        return ""
    return str(value)


def read_docx(data: bytes, name: str) -> Office:
    """Raises DamagedError where the document's XML cannot be read."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            body = etree.fromstring(package.read("word/document.xml"), parser).find(f"{_W}body")
            numbering = _numbering(package, parser)
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError, NotImplementedError) as error:
        raise DamagedError(
            f"the Word file cannot be opened ({type(error).__name__}: {str(error)[:200]})", name,
            "Fetch it again; if it is the same, the publisher's copy is broken.",
        ) from error  # fmt: skip
    if body is None:
        raise DamagedError("the Word file has no body", name, "Ask the publisher for the file.")
    office = Office([])
    setter = Setter(1, None)
    tables = 0
    for item in _blocks(body, numbering):
        if isinstance(item, _Table):
            tables += 1
            setter.table(item.cells, item.rows, item.columns, _named(tables))
            continue
        if item.breaks_before and (setter.lines or setter.grids):
            office.sheets.append(setter.done())
            setter = Setter(setter.number + 1, None)
        parts = item.text.split("\n")
        for part in parts:
            if "\t" in part or "   " in part.strip():
                pieces = [p for p in part.replace("   ", "\t").split("\t") if p.strip()]
                places, x = [], 100.0
                for piece in pieces:
                    places.append((x, piece))
                    x += 10.0 * (len(piece) + 6)
                setter.line(places)
            else:
                setter.paragraph(part, centred=item.centred)
        if item.breaks_after and (setter.lines or setter.grids):
            office.sheets.append(setter.done())
            setter = Setter(setter.number + 1, None)
    if setter.lines or setter.grids or not office.sheets:
        office.sheets.append(setter.done())
    return office


def read_doc(data: bytes, name: str) -> Office:
    """Word 97–2003 is archived, not read."""
    raise UnsupportedFormatError(
        "this is a Word file of the old format (.doc)", name,
        "It is archived as it is. Save it as docx or PDF and ingest that, or ask the publisher "
        "for a PDF.",
    )  # fmt: skip


def _named(table: int) -> Callable[[int, int], str]:
    return lambda row, column: f"table {table} R{row + 1}C{column + 1}"


def _numbering(package: zipfile.ZipFile, parser: Any) -> _Numbering:
    out = _Numbering()
    if "word/numbering.xml" not in package.namelist():
        return out
    root = etree.fromstring(package.read("word/numbering.xml"), parser)
    abstract: dict[str, dict[str, tuple[str, str, int]]] = {}
    for one in root.iter(f"{_W}abstractNum"):
        levels = abstract.setdefault(one.get(f"{_W}abstractNumId", ""), {})
        for level in one.iter(f"{_W}lvl"):
            start = _value(level, "start")
            levels[level.get(f"{_W}ilvl", "0")] = (
                _value(level, "numFmt") or "decimal",
                _value(level, "lvlText") or "",
                int(start) if start and start.isdigit() else 1,
            )
    for one in root.iter(f"{_W}num"):
        list_id, of = one.get(f"{_W}numId", ""), _value(one, "abstractNumId") or ""
        for level, spec in abstract.get(of, {}).items():
            out.levels[list_id, level] = spec
    return out


def _value(element: Any, name: str) -> str | None:
    found = element.find(f"{_W}{name}")
    return None if found is None else found.get(f"{_W}val")


def _blocks(parent: Any, numbering: _Numbering) -> Iterator[_Paragraph | _Table]:
    """Paragraphs and tables of a body in order, those in content controls included."""
    for child in parent:
        if child.tag == f"{_W}p":
            paragraph, boxes = _paragraph(child, numbering)
            yield paragraph
            for box in boxes:
                yield from _blocks(box, numbering)
        elif child.tag == f"{_W}tbl":
            table = _table(child, numbering)
            if table is not None:
                yield table
        elif child.tag in {f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}customXml"}:
            yield from _blocks(child, numbering)


def _paragraph(element: Any, numbering: _Numbering) -> tuple[_Paragraph, list[Any]]:
    """A paragraph and the text boxes that hang on it."""
    pieces: list[str] = []
    boxes: list[Any] = []
    out = _Paragraph("")
    _runs(element, pieces, boxes, out)
    text = "".join(pieces)
    properties = element.find(f"{_W}pPr")
    if properties is not None:
        out.centred = _value(properties, "jc") == "center"
        out.breaks_before |= properties.find(f"{_W}pageBreakBefore") is not None
        section = properties.find(f"{_W}sectPr")
        if section is not None and _value(section, "type") != "continuous":
            out.breaks_after = True
        numbered = properties.find(f"{_W}numPr")
        if numbered is not None and text.strip():
            label = numbering.label(
                _value(numbered, "numId") or "", _value(numbered, "ilvl") or "0"
            )
            text = label + text
    out.text = text
    return out, boxes


def _runs(element: Any, pieces: list[str], boxes: list[Any], out: _Paragraph) -> None:
    for child in element:
        tag = child.tag
        if tag in {f"{_W}pPr", f"{_W}del", f"{_W}moveFrom", f"{_W}instrText", f"{_W}rPr"}:
            continue
        if tag == f"{_W}r":
            properties = child.find(f"{_W}rPr")
            if properties is not None and properties.find(f"{_W}vanish") is not None:
                continue
            _runs(child, pieces, boxes, out)
        elif tag == f"{_W}t":
            pieces.append(child.text or "")
        elif tag == f"{_W}tab":
            pieces.append("\t")
        elif tag == f"{_W}br" and child.get(f"{_W}type") == "page":
            _break(pieces, out)
        elif tag in {f"{_W}br", f"{_W}cr"}:
            pieces.append("\n")
        elif tag == f"{_W}lastRenderedPageBreak":
            _break(pieces, out)
        elif tag == f"{_W}noBreakHyphen":
            pieces.append("-")
        elif tag == f"{_W}txbxContent":
            boxes.append(child)
        elif tag == f"{_MC}AlternateContent":
            # the same content twice, for newer and older programs: one of them counts
            chosen = child.find(f"{_MC}Choice")
            _runs(chosen if chosen is not None else child, pieces, boxes, out)
        elif isinstance(tag, str):
            _runs(child, pieces, boxes, out)


def _break(pieces: list[str], out: _Paragraph) -> None:
    if "".join(pieces).strip():
        out.breaks_after = True
    else:
        out.breaks_before = True


def _table(element: Any, numbering: _Numbering) -> _Table | None:
    """A table's cells; what is merged downwards is one cell."""
    cells: list[SheetCell] = []
    open_: dict[int, SheetCell] = {}
    columns = row = 0
    for tr in _rows(element):
        properties = tr.find(f"{_W}trPr")
        column = 0
        if properties is not None:
            if properties.find(f"{_W}del") is not None:
                continue
            before = _value(properties, "gridBefore")
            column = int(before) if before and before.isdigit() else 0
        for tc in tr.iter(f"{_W}tc"):
            if next(tc.iterancestors(f"{_W}tr")) is not tr:
                continue  # of a table inside a cell: its text stands in that cell
            tc_properties = tc.find(f"{_W}tcPr")
            span, merge = 1, None
            if tc_properties is not None:
                said = _value(tc_properties, "gridSpan")
                span = max(1, min(int(said), _MAX_COLUMNS)) if said and said.isdigit() else 1
                found = tc_properties.find(f"{_W}vMerge")
                merge = None if found is None else found.get(f"{_W}val", "continue")
            above = open_.get(column)
            if merge == "continue" and above is not None and above.row + above.rowspan == row:
                above.rowspan += 1
                text = _cell_text(tc, numbering)
                above.text = "\n".join(x for x in (above.text, text) if x)
            else:
                cell = SheetCell(row, column, _cell_text(tc, numbering), 1, span)
                cells.append(cell)
                if merge == "restart":
                    open_[column] = cell
                else:
                    open_.pop(column, None)
            column += span
            columns = max(columns, column)
            if columns > _MAX_COLUMNS:
                raise DamagedError(
                    f"a table of the Word file has more than {_MAX_COLUMNS} columns",
                    f"row {row + 1}", "Look at the file by hand.",
                )  # fmt: skip
        row += 1
    return _Table(cells, row, columns) if cells else None


def _rows(table: Any) -> Iterator[Any]:
    for tr in table.iter(f"{_W}tr"):
        if next(tr.iterancestors(f"{_W}tbl")) is table:
            yield tr


def _cell_text(tc: Any, numbering: _Numbering) -> str:
    lines = []
    for p in tc.iter(f"{_W}p"):
        paragraph, _ = _paragraph(p, numbering)
        text = " ".join(paragraph.text.split())
        if text:
            lines.append(text)
    return "\n".join(lines)
