"""One document as its pages show it: forms as tables, boxes on pages, crops for findings.

The layout (headers, rows, texts, boxes) is that of the reading; every figure is compared with the
published one, cell by cell. Where they differ the document gets no page: the site never shows a
number that the marts do not hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from evidence.policy import Policy, hide_small_groups
from evidence.source import Row
from expectations.catalogue.targets import PART_FIELDS
from parsers.document import (
    BBox,
    CellRef,
    FieldPlace,
    IdentityInstance,
    IdentityTerm,
    ParsedDocument,
    Table,
)
from parsers.money import NotAnAmountError, parse_amount

__all__ = [
    "Box",
    "CellView",
    "DiffersError",
    "FormView",
    "RowView",
    "boxes",
    "figure_names",
    "form_views",
    "masks",
    "money",
    "places",
]

WAN = Decimal(10000)
AMOUNT_UNITS = {"亿元": Decimal(100_000_000), "万元": WAN, "元": Decimal(1)}


class DiffersError(ValueError):
    """The reading at hand is not what was published: names document, form and cell."""


def money(value: Decimal | None, places: int | None = 2) -> str:
    """A sum with separators; a blank stays blank. ``places`` None keeps the decimals it has."""
    if value is None:
        return ""
    if places is not None:
        value = value.quantize(Decimal(1).scaleb(-places))
    return f"{value:,f}"


@dataclass
class CellView:
    """``kind``: text, head (labels its row), code, num or blank. ``wan``, ``yuan`` as shown."""

    kind: str
    text: str = ""
    wan: str = ""
    yuan: str = ""
    anchor: str = ""
    page: int | None = None
    source: str = "text"
    linked: bool = False


@dataclass
class RowView:
    kind: str
    depth: int
    cells: list[CellView]


@dataclass
class FormView:
    """A form, ready for its template. ``header``: rows of (text, rowspan, colspan, is_number)."""

    id: str
    title: str
    name_en: str
    label: str | None
    unit: str | None
    header: list[list[tuple[str, int, int, bool]]]
    rows: list[RowView]
    pages: list[int]
    is_empty: bool
    note: str | None
    figures: int = 0
    first: int = 0  # index of the first row, where this is a part of the form


@dataclass
class Box:
    """A figure's place on a page. ``back``: where in the document's pages it is shown."""

    anchor: str
    page: int
    bbox: BBox
    says: str
    value: str
    back: str = ""


_DEPTH = {"section": 1, "unit": 1, "item": 2, "project": 2}


def form_views(
    document: ParsedDocument,
    published: Mapping[tuple[str, int, int], Row],
    names: Mapping[str, Row],
    *,
    policy: Policy,
    linked: bool,
) -> list[FormView]:
    """The document's forms. ``linked``: its figures lead to pictures of its pages.

    Raises DiffersError where a figure is not the published one, or is missing on either side.
    """
    held = set(published)
    out = []
    for table in document.tables:
        rows = []
        figures = 0
        for r, cells in enumerate(table.cells):
            meta = table.rows[r]
            shown: list[CellView] = []
            for c, cell in enumerate(cells):
                key = (table.id, r, c)
                fact = published.get(key)
                if fact is None:
                    if cell.amount is not None and _role(table, c) not in ("code", "income_code"):
                        raise DiffersError(
                            f"{document.document.document_id}: {table.id} row {r} column {c} reads "
                            f"{cell.text!r} and is not published; parse and load it again"
                        )
                    shown.append(_text(table, r, c, cell.text, policy))
                    continue
                held.discard(key)
                _same(document, table, r, c, fact)
                view = CellView(kind="blank", anchor=f"{table.id}-{r}-{c}")
                if cell.amount is not None:
                    figures += 1
                    is_linked = linked and cell.bbox is not None
                    view = CellView(
                        kind="num",
                        text=cell.text,
                        wan=_wan(cell.amount, table.factor),
                        yuan=_yuan(cell.amount, table.factor),
                        anchor=f"{table.id}-{r}-{c}",
                        page=cell.page if is_linked else None,
                        source=cell.source,
                        linked=is_linked,
                    )
                elif cell.text.strip():
                    view = CellView(kind="text", text=cell.text)
                shown.append(view)
            rows.append(RowView(meta.kind, _DEPTH.get(meta.kind, 0), shown))
        name = names.get(table.id, {})
        out.append(
            FormView(
                id=table.id,
                title=table.title or str(name.get("form_name") or table.id),
                name_en=str(name.get("form_name_en") or ""),
                label=table.label,
                unit=table.unit,
                header=list(_header(table)),
                rows=rows,
                pages=list(table.pages),
                is_empty=table.is_empty,
                note=table.note,
                figures=figures,
            )
        )
    missing = sorted(k for k in held if published[k]["amount_text"])
    if missing:
        raise DiffersError(
            f"{document.document.document_id}: {len(missing)} published figures are not in the "
            f"reading, first {missing[0]}; parse and load the document again"
        )
    return out


def _role(table: Table, column: int) -> str:
    return table.roles[column] if column < len(table.roles) else ""


def _same(document: ParsedDocument, table: Table, r: int, c: int, fact: Row) -> None:
    cell = table.cells[r][c]
    read = None if cell.amount is None else cell.amount * table.factor
    told = fact["amount_wan"]
    if (read is None) != (told is None) or (
        read is not None and told is not None and read != told * WAN
    ):
        raise DiffersError(
            f"{document.document.document_id}: {table.id} row {r} column {c} reads {cell.text!r}, "
            f"published is {fact['amount_text']!r}; parse and load the document again"
        )


def _wan(amount: Decimal, factor: Decimal) -> str:
    if factor == WAN:
        return money(amount, None)  # with the decimals it is printed with: 0 is not 0.00
    return money((amount * factor / WAN).normalize() + 0, None)


def _yuan(amount: Decimal, factor: Decimal) -> str:
    if factor == 1:
        return money(amount, None)
    value = amount * factor
    return money(value, 0 if value == value.to_integral_value() else None)


def _text(table: Table, r: int, c: int, printed: str, policy: Policy) -> CellView:
    text = policy.shown(printed)
    role = _role(table, c)
    if role in ("code", "income_code"):
        return CellView(kind="code", text=text)
    meta = table.rows[r]
    bare = "".join(printed.split())
    is_head = bool(bare) and (
        bare in ("".join((meta.label or "").split()), "".join((meta.income_label or "").split()))
        or role in ("name", "label", "income_label", "expenditure_label", "unit_name")
    )
    return CellView(kind="head" if is_head else "text", text=text)


def _header(table: Table) -> Iterator[list[tuple[str, int, int, bool]]]:
    spans = {(r, c): (h, w) for r, c, h, w in table.spans}
    covered = {
        (r + i, c + j)
        for (r, c), (h, w) in spans.items()
        for i in range(h)
        for j in range(w)
        if i or j
    }
    texts = {c for c in range(table.ncols) if not _is_figures(table, c)}
    for r, line in enumerate(table.header):
        yield [
            (text, *spans.get((r, c), (1, 1)), c not in texts)
            for c, text in enumerate(line)
            if (r, c) not in covered
        ]


def _is_figures(table: Table, column: int) -> bool:
    return _role(table, column) not in {
        "code", "income_code", "name", "income_name", "label", "income_label",
        "expenditure_label", "unit_name", "department_item", "government_item",
    }  # fmt: skip


# --- where things stand -----------------------------------------------------------------------


def figure_names() -> dict[str, str]:
    """Path of a narrated figure → its Chinese name (the catalogue's)."""
    from expectations.catalogue.schema import load_yaml
    from expectations.catalogue.view import HERE

    held: Any = load_yaml(HERE / "narrative.yml")
    return {f["path"]: f["zh"] for f in held["figures"] if "path" in f and "zh" in f}


_KIND = {"amount": "", "pct": "占比", "count": "个数"}
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


def figure_name(names: Mapping[str, str], path: str) -> str:
    """What a narrated figure is called; of a group its member's name (…/卫生健康支出/pct)."""
    if path in names:
        return names[path]
    parts = path.split("/")
    member = next((p for p in reversed(parts) if _CHINESE.search(p)), "")
    return (member + _KIND.get(parts[-1], "")) if member else "说明文字中的数字"


def boxes(
    document: ParsedDocument,
    forms: Sequence[FormView],
    names: Mapping[str, str],
    policy: Policy,
) -> list[Box]:
    """Every figure that has a place on a page: cells of forms, figures of the text, of targets."""
    out = []
    tables: dict[str, Table] = {t.id: t for t in document.tables}
    for form in forms:
        table = tables[form.id]  # one table a form: the reader joins the parts over page ends
        for r, row in enumerate(form.rows):
            label = _label(row)
            for c, view in enumerate(row.cells):
                cell = table.cells[r][c]
                if view.kind == "num" and view.linked and cell.bbox is not None:
                    column = table.columns[c] if c < len(table.columns) else ""
                    says = " · ".join(x for x in (label, column.rpartition("/")[2]) if x)
                    out.append(Box(view.anchor, cell.page, cell.bbox, says, f"{view.wan} 万元"))
    for n, figure in enumerate(document.narrative.figures):
        if figure.page is not None and figure.bbox is not None and figure.value is not None:
            name = figure_name(names, figure.path)
            text = hide_small_groups(figure.text)
            if text != figure.text:
                continue
            out.append(Box(f"N-{n}", figure.page, figure.bbox, name, text))
    for n, fields in enumerate(document.performance_places):
        out += _target_boxes(document, n, fields, policy)
    return out


def _target_boxes(
    document: ParsedDocument, n: int, fields: Mapping[str, FieldPlace], policy: Policy
) -> Iterator[Box]:
    """The money of one performance target (绩效目标表 资金明细), line by line."""
    target = document.performance[n]
    lines = target.get("资金明细")
    lines = lines if isinstance(lines, list) else []
    name = policy.shown(str(target.get("项目名称") or "部门整体"))
    for k, (path, place) in enumerate(fields.items()):
        part, _, rest = path.partition("/")
        number, _, column = rest.partition("/")
        if part != "资金明细" or place.bbox is None or not is_amount(place.text):
            continue
        line = lines[int(number)] if number.isdigit() and int(number) < len(lines) else {}
        label = str(line.get("label", "")).rstrip("：:")
        says = " · ".join(x for x in (name, label, column) if x)
        yield Box(f"P-{n}-{k}", place.page, place.bbox, says, place.text)


def _label(row: RowView) -> str:
    heads = [c.text for c in row.cells if c.kind == "head" and c.text]
    texts = [c.text for c in row.cells if c.kind == "text" and c.text]
    return (heads or texts or [""])[0]


def masks(document: ParsedDocument, policy: Policy) -> dict[int, list[BBox]]:
    """page → what is covered in its pictures: personal data, and names of restricted topics."""
    found: dict[int, list[BBox]] = {}
    for one in document.dropped:
        if one.bbox is not None:
            found.setdefault(one.page, []).append(one.bbox)
    if policy.hides:
        for table in document.tables:
            for cells in table.cells:
                for cell in cells:
                    if (
                        cell.bbox is not None
                        and cell.amount is None
                        and policy.is_restricted(cell.text)
                    ):
                        found.setdefault(cell.page, []).append(cell.bbox)
        for places_ in document.performance_places:
            for place in places_.values():
                if place.bbox is not None and policy.is_restricted(place.text):
                    found.setdefault(place.page, []).append(place.bbox)
    return found


def whole_page_masks(document: ParsedDocument) -> set[int]:
    """Pages with personal data of which the reader could not say where it stood: not drawn."""
    return {one.page for one in document.dropped if one.bbox is None}


def places(document: ParsedDocument, term: IdentityTerm) -> list[tuple[int, BBox]]:
    """Where a term's figure is printed; empty where the document does not say."""
    ref = term.cell
    if ref.row is not None and ref.column is not None:
        table = document.table(ref.form)
        if table is None or ref.row >= len(table.cells) or ref.column >= len(table.cells[ref.row]):
            return []
        cell = table.cells[ref.row][ref.column]
        return [(cell.page, cell.bbox)] if cell.bbox is not None else []
    if ref.form == "N":
        return list(_narrated(document, ref, term.value_yuan))
    if ref.form.startswith("P") and ref.form[1:].isdigit():
        return list(_in_target(document, int(ref.form[1:]), ref.key or ""))
    return []


def _narrated(
    document: ParsedDocument, ref: CellRef, value: Decimal | None
) -> Iterator[tuple[int, BBox]]:
    found = False
    for figure in document.narrative.figures:
        if figure.path == ref.key and figure.page is not None and figure.bbox is not None:
            found = True
            yield figure.page, figure.bbox
    if found or value is None:
        return
    for sentence in document.narrative.sentences:
        for amount in sentence.amounts:
            factor = AMOUNT_UNITS.get(amount.unit)
            if (
                factor is not None
                and amount.value * factor == value
                and amount.page is not None
                and amount.bbox is not None
            ):
                yield amount.page, amount.bbox
                return


def _in_target(document: ParsedDocument, index: int, key: str) -> Iterator[tuple[int, BBox]]:
    if index >= len(document.performance_places):
        return
    fields = document.performance_places[index]
    side, _, label = key.partition("/")
    column = PART_FIELDS.get(side, side)
    lines = document.performance[index].get("资金明细")
    for n, line in enumerate(lines if isinstance(lines, list) else []):
        said = "".join(str(line.get("label", "")).split())
        said = said.replace("：", ":").rstrip(":").removeprefix("其中:")
        is_total = said.endswith("总额") and label.endswith("_total")
        if said == label.rstrip(":") or is_total:
            place = fields.get(f"资金明细/{n}/{column}")
            if place is not None and place.bbox is not None:
                yield place.page, place.bbox


def instance_of(document: ParsedDocument, identity: str, instance: str) -> IdentityInstance | None:
    return next(
        (i for i in document.identities if i.identity == identity and i.instance == instance), None
    )


def is_amount(text: str) -> bool:
    try:
        return parse_amount(text) is not None
    except NotAnAmountError:
        return False


@dataclass
class Crop:
    """One crop of a statement: what to draw, and the boxes to outline in it."""

    key: str
    page: int
    strips: list[BBox]
    outlines: list[BBox]
    anchor: str = ""
    says: list[str] = field(default_factory=list)


CROPS_A_SIDE = 3
AROUND = 34.0  # points of a page above and below what is outlined


def crops(document: ParsedDocument, instance: IdentityInstance, side: str, key: str) -> list[Crop]:
    """Crops for one side: the rows where its figures stand, under the heading of their form."""
    by_place: dict[tuple[int, str], list[tuple[BBox, IdentityTerm]]] = {}
    for term in instance.terms:
        if term.side == side:
            for page, bbox in places(document, term):
                by_place.setdefault((page, term.cell.form), []).append((bbox, term))
    out = []
    for n, ((page, form), held) in enumerate(by_place.items()):
        if n >= CROPS_A_SIDE:
            break
        found = [b for b, _ in held]
        table = document.table(form)
        out.append(
            Crop(
                key=f"{key}-{side}{n}",
                page=page,
                strips=_strips(table, page, found),
                outlines=found,
                anchor=_anchor(held[0][1].cell),
            )
        )
    return out


def _anchor(ref: CellRef) -> str:
    return f"{ref.form}-{ref.row}-{ref.column}" if ref.row is not None else ""


def _strips(table: Table | None, page: int, found: Sequence[BBox]) -> list[BBox]:
    top, bottom = min(b[1] for b in found), max(b[3] for b in found)
    whole = table.bbox_by_page.get(page) if table is not None else None
    if table is None or whole is None:
        # running text: the whole width of the page, some lines around
        return [(0, top - AROUND, 10_000, bottom + AROUND)]
    left, right = whole[0] - 4, whole[2] + 4
    rows = [c for cells in table.cells for c in cells if c.page == page and c.bbox is not None]
    first = min((c.bbox[1] for c in rows if c.bbox is not None), default=whole[1])
    strips: list[BBox] = []
    if first - whole[1] > 2 and top - AROUND > first:
        strips.append((left, whole[1] - 2, right, first))
        around = AROUND
    else:
        around = max(AROUND, top - whole[1] + 4) if top - AROUND <= first else AROUND
    return [*strips, (left, top - around, right, bottom + AROUND)]
