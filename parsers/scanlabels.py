"""Labels of recognised rows, matched to what can stand there.

Three lists say what a label can be: the fixed rows of a form (T01, T04, T10), the same code's
name in the document's other forms (T02, T03, T05, T08) or in a code list (economic items in T06),
and the projects and bodies of the performance tables and of T11 (T12, T13). A label that is none of them but nearer to one than to any
other, counted in characters that a recogniser confuses, is that one; what was read stays with
the cell. What was not read plainly and cannot be matched stays as read, and is told
(``label_unmatched``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache

from parsers.document import Cell, ParsedDocument, Table, Warning_
from parsers.forms import family, key
from parsers.rows import line_labels, two_sided_labels

CONFUSABLE = (
    "人入八", "千干于", "末未", "己已巳", "土士", "日曰目自白", "大太犬", "天夭", "田由甲申", "刀力",
    "一-—1", "0Oo○〇", "1lI|", "①1(1)", "②2", "③3", "、,，.", "：:", "（(", "）)", "人入", "贝见",
    "侯候", "拔拨", "戊戌戍", "徽微", "坏环", "晴睛", "扶抚", "币市", "农衣", "防妨", "贷货",
    "金全",
)  # fmt: skip
"""Characters that print alike."""
_BARE_NUMBER = re.compile(r"[123](?=[\u4e00-\u9fff])")
_MARKS_AS_DIGITS = dict(zip("①②③", "123", strict=True))
_PLAIN = 0.9
"""A label read this surely stays as read."""
_ALIKE = 0.35
_NEAR = 0.26
"""Distance, as a share of the label's length, up to which a label may be a known one."""
_APART = 0.5
"""The next likely label must be this much farther away."""


def match_labels(document: ParsedDocument) -> None:
    """Match the labels of recognised cells, in place; call before the rows are described."""
    named = _names_by_code(document.tables)
    projects = _projects(document)
    for table in document.tables:
        form = family().forms[table.id]
        fixed = _fixed(table.id)
        code = form.roles.index("code") if "code" in form.roles else None
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                kind = form.columns[c].kind if c < len(form.columns) else ""
                if cell.source != "ocr" or kind != "label" or not cell.text:
                    continue
                known: Iterable[str] = ()
                if fixed:
                    known = fixed
                elif code is not None and c != code and row[code].text in named:
                    known = {named[row[code].text]}
                elif table.id in ("T12", "T13"):
                    known = projects
                _match(document, table, r, c, known)


def _projects(document: ParsedDocument) -> set[str]:
    """Projects (项目名称) and bodies (实施单位) of the performance tables, and the units of T11."""
    said = [t.get(field) for t in document.performance for field in ("项目名称", "实施单位")]
    said.append(document.document.department)
    units = document.table("T11")
    for row in units.cells if units is not None else ():
        if (row[0].confidence or 0.0) >= _PLAIN:
            said.append(row[0].text)
    return {key(name) for name in said if isinstance(name, str) and key(name)}


def match_names(
    document: ParsedDocument, names: Mapping[str, Collection[str]], items: Collection[str] = ()
) -> None:
    """Match the names beside recognised codes to a code list (code → its names), and those of T06
    to the economic ``items``, in place; call once the rows are described."""
    for table in document.tables:
        form = family().forms[table.id]
        code = form.roles.index("code") if "code" in form.roles else None
        for r, row in enumerate(table.cells):
            known: Collection[str] = items if table.id == "T06" else ()
            if code is not None and code < len(row):
                known = names.get(row[code].text, ())
            for c, cell in enumerate(row):
                is_name = c < len(form.columns) and form.columns[c].kind == "label" and c != code
                if not (known and is_name and cell.source == "ocr" and cell.text):
                    continue
                before = key(cell.text)
                _match(document, table, r, c, known)
                if r < len(table.rows) and key(table.rows[r].label) == before:
                    table.rows[r].label = key(cell.text)


def _fixed(form_id: str) -> frozenset[str]:
    strategy = family().forms[form_id].rows["strategy"]
    if strategy == "two_sided":
        return two_sided_labels(form_id)
    return line_labels(form_id) if strategy == "lines" else frozenset()


def _names_by_code(tables: Iterable[Table]) -> dict[str, str]:
    """What most forms say a code is called, where more than one of them says so."""
    said: dict[str, Counter[str]] = {}
    for table in tables:
        roles = family().forms[table.id].roles
        if "code" not in roles or "name" not in roles:
            continue
        at, name = roles.index("code"), roles.index("name")
        for row in table.cells:
            if row[at].text and row[name].text:
                said.setdefault(row[at].text, Counter())[key(row[name].text)] += 1
    out = {}
    for code, counts in said.items():
        (first, times), *rest = counts.most_common(2)
        if times > 1 and (not rest or times > rest[0][1]):
            out[code] = first
    return out


def _match(document: ParsedDocument, table: Table, r: int, c: int, known: Iterable[str]) -> None:
    cell, where = table.cells[r][c], f"{table.id}/{r}/{c}"
    circled = _BARE_NUMBER.match(cell.text) if table.id == "T10" else None
    if circled:
        # a circled number reads as a bare one, surely too; no label has a bare one right before it
        _take(cell, "①②③"[int(circled.group()) - 1] + cell.text[1:])
        table.body[r][c] = cell.text
    if (cell.confidence or 0.0) >= _PLAIN and cell.reading_text is None:
        return  # what is plainly read differs in print
    said = key(cell.text)
    totals = family().forms[table.id].rows.get("total", [])
    options = {key(k): k for k in (*known, *(totals if isinstance(totals, list) else ()))}
    document.warnings = [
        w for w in document.warnings if w.code != "label_unmatched" or w.where != where
    ]
    if said in options:
        return
    ranked = sorted((distance(said, k), k) for k in options)[:2]
    best, text = ranked[0] if ranked else (0.0, "")
    clear = len(ranked) < 2 or ranked[1][0] - best >= _APART
    near = bool(ranked) and best <= max(1.0, _NEAR * len(text)) and _numbers(said) == _numbers(text)
    if near and clear:
        _take(cell, options[text])
        table.body[r][c] = cell.text
        return
    may_be = (
        f" may be {' or '.join(repr(k) for _, k in ranked)};" if near else " matches nothing known;"
    )
    document.warnings.append(
        Warning_(
            code="label_unmatched",
            message=f"{table.id} row {r + 1}: {cell.text!r}{may_be} it stays as read",
            page=cell.page,
            where=where,
        )
    )


def _numbers(text: str) -> str:
    """Years and counts of a label: they are never changed to match."""
    return "".join(_MARKS_AS_DIGITS.get(ch, ch) for ch in text if ch.isdigit())


def _take(cell: Cell, text: str) -> None:
    cell.reading_text = cell.text
    cell.alternatives = [cell.text, *(a for a in cell.alternatives if a != cell.text)]
    cell.text = text


def distance(one: str, other: str) -> float:
    """Edit distance; characters that print alike cost little."""
    before = [float(j) for j in range(len(other) + 1)]
    for i, a in enumerate(one, 1):
        row = [float(i)]
        for j, b in enumerate(other, 1):
            change = 0.0 if a == b else _ALIKE if _alike(a, b) else 1.0
            row.append(min(before[j] + 1, row[-1] + 1, before[j - 1] + change))
        before = row
    return before[-1]


@lru_cache(maxsize=4096)
def _alike(a: str, b: str) -> bool:
    return any(a in group and b in group for group in CONFUSABLE)
