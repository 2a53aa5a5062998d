"""Turns the measuring documents' truth files into ``ParsedDocument`` (a perfect reading).

The truth gives titles, header, columns and body; cells, amounts and ``RowMeta`` are made here, by
rules that know the truth's own layout and nothing of ``parsers``.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from parsers.document import (
    Amount,
    Cell,
    DocumentInfo,
    Narrative,
    ParsedDocument,
    RowMeta,
    Sentence,
    Table,
)

T06_GROUPS = ("工资福利支出", "商品和服务支出", "对个人和家庭的补助", "资本性支出")
ORDINAL = re.compile(r"^[一二三四五六七八九十]+、")
NUMBER = re.compile(r"-?[\d,]+(?:\.\d+)?")
KINDS = {"dept": "organisation", "unit": "unit", "project": "project"}
LABELS = re.compile(r"科目|项目$|项目名称$|单位名称$")


def amount(text: str) -> Decimal | None:
    bare = "".join(text.split())
    return Decimal(bare.replace(",", "")) if NUMBER.fullmatch(bare) else None


def is_amount_column(path: str) -> bool:
    return not LABELS.search(path)


def code_kind(code: str) -> str:
    return {3: "class", 5: "section", 7: "item"}.get(len(code), "line")


def row_meta(form: str, i: int, row: list[str], truth: dict[str, Any], units: set[str]) -> RowMeta:
    if form in ("T02", "T03", "T05", "T07", "T08"):
        code = row[0] if row[0].isdigit() else None
        label = row[1] or row[0]
        return RowMeta(kind=code_kind(code) if code else "total", label=label, code=code)  # type: ignore[arg-type]
    if form == "T09":
        code = row[3] if row[3].isdigit() else None
        kind = code_kind(code) if code else "total"
        return RowMeta(kind=kind, label=row[4] or row[0], code=code)  # type: ignore[arg-type]
    if form in ("T01", "T04"):
        return RowMeta(
            kind="class" if ORDINAL.match(row[2]) else "total",
            label=row[2],
            income_kind="class" if ORDINAL.match(row[0]) else "total",
            income_label=row[0],
        )
    if form == "T06":
        kind = (
            "total"
            if row[0] == "合计"
            else "class"
            if row[0] in T06_GROUPS and not row[1]
            else "item"
        )
        return RowMeta(kind=kind, label=row[0])  # type: ignore[arg-type]
    if form == "T10":
        return RowMeta(kind="total" if row[0] == "合计" else "item", label=row[0])
    if form == "T11":
        return RowMeta(kind="organisation" if row[0] == "部门合计" else "unit", label=row[0])
    kinds = truth["meta"].get("row_kinds", {}).get(form)
    if kinds is not None:
        return RowMeta(kind=KINDS[kinds[i]], label=row[0])  # type: ignore[arg-type]
    if i == 0:
        return RowMeta(kind="organisation", label=row[0])
    return RowMeta(kind="unit" if row[0] in units else "project", label=row[0])


def table(raw: dict[str, Any], truth: dict[str, Any], units: set[str], page: int) -> Table:
    form = raw["id"]
    cells = [
        [
            Cell(
                text=text,
                amount=amount(text) if is_amount_column(raw["columns"][j]) else None,
                page=page,
            )
            for j, text in enumerate(row)
        ]
        for row in raw["body"]
    ]
    return Table(
        id=form,
        title=raw["title"],
        label=raw["label"],
        owner=raw["owner"],
        unit=raw["unit"],
        header=raw["header"],
        columns=raw["columns"],
        ncols=raw["ncols"],
        body=raw["body"],
        cells=cells,
        rows=[row_meta(form, i, row, truth, units) for i, row in enumerate(raw["body"])],
        note=raw["note"],
        is_empty=raw["is_empty"],
        pages=[page],
    )


def parsed(truth: dict[str, Any]) -> ParsedDocument:
    t11 = next(t for t in truth["tables"] if t["id"] == "T11")
    units = {row[0] for row in t11["body"][1:]}
    sentences = [
        Sentence(
            section=s["section"],
            sub=s.get("sub") or "",
            sentence=s["sentence"],
            amounts=[Amount(**a) for a in s["amounts"]],
            page=20,
        )
        for s in truth["narrative"]["sentences"]
    ]
    return ParsedDocument(
        document=DocumentInfo(
            file_sha256="0" * 64,
            document_id="0" * 64,
            county=truth["meta"]["county"],
            department=truth["meta"]["department"],
            subtitle=truth["meta"]["subtitle"],
            year=truth["meta"]["year"],
            scope="department" if truth["meta"].get("kind") == "部门" else "unit",
            pages=40,
            parser_version=1,
        ),
        contents=[entry[0] for entry in truth.get("toc", [])],
        tables=[table(t, truth, units, 3 + i) for i, t in enumerate(truth["tables"])],
        performance=truth["performance"],
        narrative=Narrative(keys=truth["narrative"]["keys"], sentences=sentences),
    )


def read(path: Path) -> tuple[dict[str, Any], ParsedDocument]:
    truth: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return truth, parsed(truth)
