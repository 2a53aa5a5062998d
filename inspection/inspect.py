"""A draft → the inspection sheet: identities judged, checks run, what belongs together joined."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from expectations.catalogue import identities_of
from inspection.checks import CHECKS, cell_place
from inspection.model import Place, Remark, Sheet, SheetLine, Status
from inspection.rules import LineRule, rules
from inspection.text import Context, context
from parsers.document import Cell, CellRef, IdentityInstance, KeyFigure, Table
from parsers.draft import Draft
from parsers.forms import family_of
from parsers.seen import SURE

_FORM = re.compile(r"\bT\d\d\b")
_FIGURE = re.compile(r"[-\d,.%]+")
_SHOWN_TERMS = 4
_SHOWN_INSTANCES = 3
_WAN = Decimal(10_000)
GROUPS = {
    "cover": "内容规范性",
    "contents": "内容规范性",
    "text": "内容规范性",
    "form": "内容规范性",
    "identities": "内容一致性",
    "figures": "内容一致性",
    "layout": "版面",
}
# what a reading of tables may warn of that leaves a form unchecked
_UNREAD = ("unreadable_amount", "header_differs", "untitled_form", "amount_joined", "form_twice")


def inspect(draft: Draft, *, file_name: str) -> Sheet:
    """The sheet of one draft. Pure; raises nothing of its own."""
    ctx = context(draft, rules())
    remarks = [*_checked(ctx), *_identities(ctx)]
    known = {line.id for line in ctx.lines}
    for r in remarks:
        r.lines = [x for x in dict.fromkeys(r.lines) if x in known] or ["layout"]
    remarks = _joined(remarks)
    for r in remarks:
        _doubt(r, ctx.images)
    order = [line.id for line in ctx.lines]
    remarks.sort(key=lambda r: (order.index(r.lines[0]), *_first(r.places)))
    for n, r in enumerate(remarks, start=1):
        r.number = n
    info = draft.document.document
    return Sheet(
        file_name=file_name,
        sha256=info.file_sha256,
        department=info.department,
        year=info.year,
        template=info.template if draft.problem is None else None,
        kind=draft.kind,
        lines=[_line(ctx, line, remarks) for line in ctx.lines],
        notes=list(_notes(ctx)),
    )


def _doubt(remark: Remark, images: set[int]) -> None:
    """What rests on a recognised image is asked, not told: it may have been misread."""
    seen = sorted({p.page for p in remark.places} & images)
    if seen:
        where = f"第{'、'.join(map(str, seen))}页由图像识别得出，可能有误，请对照原件"
    elif images and not remark.places:
        where = "文件含图像页，可能未能识别，请对照原件"
    else:
        return
    remark.severity = "please"
    remark.statements.append(where)


def _first(places: Sequence[Place]) -> tuple[int, float]:
    if not places:
        return (0, 0.0)
    return min((p.page, p.bbox[1] if p.bbox else 0.0) for p in places)


def _notes(ctx: Context) -> Iterable[str]:
    images = [p.number for p in ctx.draft.pages if p.is_image]
    if images:
        yield f"第{'、'.join(map(str, images))}页为图像，其文字由识别得出，未核对标点和版面。"
    parts = ctx.draft.document.document.parts
    if parts > 1:
        yield f"文件含{parts}份文本，本表只检查其中一份。"
    if ctx.draft.problem is not None:
        yield "预算表的格式尚未收录，表格、勾稽关系未能核对。"


# -- checks ------------------------------------------------------------------------------
def _checked(ctx: Context) -> Iterable[Remark]:
    for rule in ctx.rules.checks:
        for found in CHECKS[rule.how](ctx, rule):
            if rule.typeset and any(p.page in ctx.images for p in found.places):
                continue
            yield Remark(
                check=rule.id,
                title=rule.title,
                severity=rule.severity,
                lines=[rule.line or found.line, *([rule.also] if rule.also else [])],
                says=found.says or rule.says,
                statements=found.statements,
                places=found.places,
                group=rule.together,
            )


def _joined(remarks: list[Remark]) -> list[Remark]:
    """Remarks of one group about one place are one remark with all its statements."""
    out: list[Remark] = []
    for r in remarks:
        same = next(
            (o for o in out if o.group is not None and o.group == r.group and _meet(o, r)), None
        )
        if same is None:
            out.append(r)
            continue
        if r.title not in same.title.split("、"):
            same.title += f"、{r.title}"
        if r.says not in same.says:
            same.says += f"；{r.says}"
        same.statements += [s for s in r.statements if s not in same.statements]
        same.places += [p for p in r.places if p not in same.places]
        same.lines += [x for x in r.lines if x not in same.lines]
        if r.severity == "must":
            same.severity = "must"
    return out


def _meet(a: Remark, b: Remark) -> bool:
    return any(_overlap(p, q) for p in a.places for q in b.places)


def _overlap(a: Place, b: Place) -> bool:
    if a.page != b.page:
        return False
    if a.bbox is None or b.bbox is None:
        return a.bbox is b.bbox and a.where == b.where
    return (
        min(a.bbox[2], b.bbox[2]) - max(a.bbox[0], b.bbox[0]) > 1
        and min(a.bbox[3], b.bbox[3]) - max(a.bbox[1], b.bbox[1]) > 1
    )


# -- identities --------------------------------------------------------------------------
def _identities(ctx: Context) -> Iterable[Remark]:
    if not ctx.draft.document.tables:
        return
    unread = {x.id for x in ctx.lines if x.kind == "form" and _status(ctx, x)[0] == "unread"}
    named_only = {w.where for w in ctx.draft.document.warnings if w.code == "header_differs"}
    violated: dict[tuple[str, tuple[str, ...]], list[IdentityInstance]] = defaultdict(list)
    for one in identities_of(ctx.draft.document, ctx.catalogue):
        identity = ctx.catalogue[one.identity]
        if one.outcome == "violated" and identity.kind != "anomaly":
            # a form that was not read whole proves nothing; one that is not there does
            concerned = _forms_of(one) & unread
            if identity.family == "X":
                concerned |= set(_FORM.findall(identity.scope)) & unread
            if concerned and (one.identity != "M-TABLES" or concerned & named_only):
                continue
            lines = tuple(_lines_of(ctx, one))
            if lines:
                violated[one.identity, lines].append(one)
    for (name, lines), instances in violated.items():
        identity = ctx.catalogue[name]
        more = len(instances) - _SHOWN_INSTANCES
        yield Remark(
            check=name,
            title=_readable(ctx, identity.title.zh),
            severity="must" if identity.severity == "hard" else "please",
            lines=list(lines),
            says=f"不符合“{_readable(ctx, identity.title.zh)}”"
            + (f"，共{len(instances)}处" if len(instances) > 1 else ""),
            statements=[
                *(s for one in instances[:_SHOWN_INSTANCES] for s in _statements(ctx, one)),
                *([f"另有{more}处"] if more > 0 else []),
            ],
            places=_places(ctx, instances),
        )


def _lines_of(ctx: Context, one: IdentityInstance) -> list[str]:
    line = ctx.rules.line_of(one.identity)
    if line == "none":
        return []
    forms = sorted(_forms_of(one))
    if line == "form":
        return [*forms, *(["identities"] if len(forms) > 1 else [])] or ["identities"]
    return [line, *forms] if line in ("identities", "figures") else [line]


def _forms_of(one: IdentityInstance) -> set[str]:
    """The forms that an instance compares."""
    named = {t.cell.form for t in one.terms if _FORM.fullmatch(t.cell.form)}
    return named or set(_FORM.findall(re.sub(r"(?<=\d)(?=[^\d\s])", " ", one.instance)))


def _readable(ctx: Context, text: str) -> str:
    """Form ids as the titles the document prints."""
    names = {x.id: x.title for x in ctx.lines if x.kind == "form"}
    return _FORM.sub(lambda m: names.get(m[0], m[0]), text)


def _statements(ctx: Context, one: IdentityInstance) -> list[str]:
    if one.kind == "outcome" or not one.terms:
        return [_readable(ctx, s) for s in (one.statement_1, one.statement_2) if s]
    left = [t for t in one.terms if t.side == "L"]
    right = [t for t in one.terms if t.side == "R"]
    said = [
        "＋".join(_term(ctx, t.cell) for t in side[:_SHOWN_TERMS])
        + (f" 等{len(side)}项" if len(side) > _SHOWN_TERMS else "")
        + (f"，合计 {_amount(total, one.unit)}" if len(side) > 1 else "")
        for side, total in ((left, one.left_yuan), (right, one.right_yuan))
        if side
    ]
    if one.difference_yuan is not None:
        said.append(f"相差 {_amount(abs(one.difference_yuan), one.unit)}")
    return said


def _amount(value: Decimal | None, unit: str | None) -> str:
    if value is None:
        return "空白"
    if unit in (None, "元", "万元"):
        whole = value == value.to_integral_value()
        return f"{value:,.0f} 元" if whole else f"{value:,.2f} 元"
    return f"{value.normalize():f} {unit}"


def _cell(ctx: Context, ref: CellRef) -> tuple[Table, Cell] | None:
    table = ctx.draft.document.table(ref.form)
    if table is None or ref.row is None or ref.column is None:
        return None
    try:
        return table, table.cells[ref.row][ref.column]
    except IndexError:
        return None


def _term(ctx: Context, ref: CellRef) -> str:
    found = _cell(ctx, ref)
    if found is None:
        return _narrated(ctx, ref)
    table, cell = found
    # the label of its own half of the row: the nearest words to its left
    left = reversed(table.body[ref.row or 0][: ref.column or 0])
    row = next((t for t in left if t.strip() and not _FIGURE.fullmatch(t.strip())), "")
    column = table.columns[ref.column or 0].split("/")[-1]
    return f"《{table.title}》{row.strip()}·{column} {cell.text or '空白'}（{cell_place(cell).said()}）"


def _narrated(ctx: Context, ref: CellRef) -> str:
    key = (ref.key or "").lstrip("@")
    hit = _figure(ctx, ref)
    printed = f" {hit.text}（第{hit.page}页）" if hit is not None and hit.page else ""
    names = ctx.catalogue.narrative.rules
    rule = next((r for r in names if key in (r.name, r.path)), None)
    parts = [p for p in key.split("/") if p not in ("amount", "pct")]
    return f"说明文字“{rule.zh if rule is not None else parts[-1] if parts else key}”{printed}"


def _figure(ctx: Context, ref: CellRef) -> KeyFigure | None:
    figures = ctx.draft.document.narrative.figures
    return next((f for f in figures if f.path == ref.key), None)


def _places(ctx: Context, instances: Sequence[IdentityInstance]) -> list[Place]:
    out: list[Place] = []
    for one in instances[:_SHOWN_INSTANCES]:
        found = [c for t in one.terms if (c := _cell(ctx, t.cell)) is not None]
        here = [cell_place(cell) for _, cell in found]
        here += [p for t in one.terms if _cell(ctx, t.cell) is None for p in _told(ctx, t.cell)]
        covered = {p.page for p in here}
        here += [Place(page=n) for n in one.pages if n not in covered and ctx.draft.kind == "pdf"]
        out += [p for p in here if p not in out]
    return out


def _told(ctx: Context, ref: CellRef) -> list[Place]:
    """Where a narrated figure stands, as far as the reading knows."""
    hit = _figure(ctx, ref)
    if hit is None or hit.page is None or hit.bbox is None:
        return []
    return [Place(page=hit.page, bbox=hit.bbox)]


# -- lines -------------------------------------------------------------------------------
def _line(ctx: Context, rule: LineRule, remarks: list[Remark]) -> SheetLine:
    mine = [r for r in remarks if r.lines[0] == rule.id]
    others = [r.number for r in remarks if rule.id in r.lines[1:]]
    status, note = _status(ctx, rule)
    if status in ("ok", "unread"):
        told = [*mine, *(r for r in remarks if rule.id in r.lines[1:])]
        if any(r.severity == "must" for r in told):
            status = "defect"
        elif told:
            status = "ask"
    return SheetLine(
        id=rule.id,
        title=rule.title,
        group=GROUPS[rule.kind],
        status=status if not mine or status not in ("absent",) else "defect",
        remarks=mine,
        seen_elsewhere=others,
        note=note,
    )


def _unsure(ctx: Context, table: Table) -> int:
    """Recognised cells of money of which the recognisers are not sure, blank ones too."""
    columns = family_of(ctx.draft.document.document.template).forms[table.id].columns
    return sum(
        cell.source == "ocr" and (cell.confidence or 0.0) < SURE
        for row in table.cells
        for cell, column in zip(row, columns, strict=False)
        if column.kind == "amount"
    )


def _status(ctx: Context, rule: LineRule) -> tuple[Status, str]:
    """ok, or why the line could not be checked."""
    document = ctx.draft.document
    if rule.kind in ("form", "identities", "figures") and ctx.draft.problem is not None:
        return "unread", "预算表的格式尚未收录"
    if rule.kind == "form":
        table = document.table(rule.id)
        if table is None:
            return "unread", "未见该表"
        told = [
            w
            for w in document.warnings
            if w.code in _UNREAD and (w.where or "").startswith(rule.id)
        ]
        if told:
            return "unread", f"有{len(told)}处未能读取"
        if unsure := _unsure(ctx, table):
            return "unread", f"由图像识别，有{unsure}处没有把握"
        return "ok", "空表" if table.is_empty else ""
    if rule.kind == "identities":
        unread = sum(_status(ctx, x)[0] == "unread" for x in ctx.lines if x.kind == "form")
        return ("unread", f"有{unread}张表未能核对") if unread else ("ok", "")
    if ctx.draft.kind == "excel" and rule.kind in ("cover", "contents", "layout"):
        return "absent", "工作簿不含此部分"
    if rule.kind == "figures" and not any(True for _ in ctx.prose()):
        return "absent", "文件未含说明文字"
    if rule.kind == "text" and not any(s.line == rule.id for s in ctx.texts):
        return "absent", "文件未含此部分"
    if rule.kind == "layout" and ctx.draft.kind != "pdf":
        return "absent", "版面以排版后的PDF为准"
    return "ok", ""
