"""Labels of recognised rows, matched to what can stand there.

Three lists say what a label can be: the fixed rows of a form (T01, T04, T10), the same code's
name in the document's other forms (T02, T03, T05, T08) or in a code list, and the projects of
the performance tables (T12, T13). A label that is none of them but nearer to one than to any
other, counted in characters that a recogniser confuses, is that one; what was read stays with
the cell. What cannot be matched stays as read, and is told.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache

from parsers.document import Cell, ParsedDocument, Table, Warning_
from parsers.forms import family, key
from parsers.rows import line_labels, two_sided_labels

CONFUSABLE = (
    "人入八", "千干于", "末未", "己已巳", "土士", "日曰目", "大太犬", "天夭", "田由甲申", "刀力",
    "一-—1", "0Oo○〇", "1lI|", "①1(1)", "②2", "③3", "、,，.", "：:", "（(", "）)", "人入", "贝见",
    "侯候", "拔拨", "戊戌戍", "徽微", "坏环", "晴睛", "扶抚", "币市", "农衣", "防妨", "贷货",
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
    projects = {
        key(name)
        for table in document.performance
        for field in ("项目名称",)
        if isinstance(name := table.get(field), str) and key(name)
    }
    for table in document.tables:
        form = family().forms[table.id]
        fixed = _fixed(table.id)
        code = form.roles.index("code") if "code" in form.roles else None
        for r, row in enumerate(table.cells):
            for c, cell in enumerate(row):
                kind = form.columns[c].kind if c < len(form.columns) else ""
                if cell.source != "ocr" or kind != "label" or not cell.text:
                    continue
                if fixed:
                    _match(document, table, r, c, fixed, tell=True)
                elif code is not None and c != code and row[code].text in named:
                    _match(document, table, r, c, {named[row[code].text]}, tell=False)
                elif table.id in ("T12", "T13") and projects:
                    _match(document, table, r, c, projects, tell=False)


def match_names(document: ParsedDocument, names: Mapping[str, str]) -> None:
    """Match the names beside recognised codes to a code list (code → name), in place."""
    for table in document.tables:
        form = family().forms[table.id]
        if "code" not in form.roles:
            continue
        code = form.roles.index("code")
        for r, row in enumerate(table.cells):
            wanted = names.get(row[code].text) if code < len(row) else None
            for c, cell in enumerate(row):
                if (
                    wanted
                    and cell.source == "ocr"
                    and cell.text
                    and c != code
                    and form.columns[c].kind == "label"
                ):
                    _match(document, table, r, c, {wanted}, tell=True)
                    if r < len(table.rows) and key(cell.text) == key(wanted):
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


def _match(
    document: ParsedDocument, table: Table, r: int, c: int, known: Iterable[str], *, tell: bool
) -> None:
    cell = table.cells[r][c]
    circled = _BARE_NUMBER.match(cell.text) if table.id == "T10" else None
    if circled:
        # a circled number reads as a bare one, surely too; no label has a bare one right before it
        _take(cell, "①②③"[int(circled.group()) - 1] + cell.text[1:])
        table.body[r][c] = cell.text
    said = key(cell.text)
    options = {key(k): k for k in known}
    if said in options or (cell.confidence or 0.0) >= _PLAIN:
        return  # what is plainly read differs in print
    ranked = sorted((distance(said, k), k) for k in options)[:2]
    best, text = ranked[0]
    clear = len(ranked) < 2 or ranked[1][0] - best >= _APART
    if best <= max(1.0, _NEAR * len(text)) and clear and _numbers(said) == _numbers(text):
        _take(cell, options[text])
        table.body[r][c] = cell.text
    elif tell and not clear:
        document.warnings.append(
            Warning_(
                code="label_unmatched",
                message=f"{table.id} row {r + 1}: {cell.text!r} may be {text!r} or {ranked[1][1]!r}; "
                "it stays as read",
                page=cell.page,
                where=f"{table.id}/{r}/{c}",
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
