"""A small warehouse in the shape the gates read: invented bodies, invented figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.schema import RAW

NOW = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
FORMS = [f"T{n:02d}" for n in range(1, 14)]
CODED = {"T02", "T03", "T05", "T08"}


@dataclass
class Document:
    """One document of the fixture; fields are what a test may want to spoil."""

    document_id: str
    department: str = "青岚县样例办公室"
    county: str = "青岚县"
    year: int = 2026
    phase: str = "budget"
    scope: str = "department"
    template: str | None = "shanxi_department"
    verdict: str | None = "accepted"
    forms: list[str] = field(default_factory=lambda: list(FORMS))
    record_key: str = ""
    batch_id: str = "b1"
    identities: list[dict[str, Any]] = field(default_factory=list)
    checked: bool = False  # carry as many evaluated identities as a real document

    @property
    def key(self) -> str:
        return self.record_key or f"record-{self.document_id}"


def identity(name: str, instance: str = "201", **changes: Any) -> dict[str, Any]:
    """One landed identity instance; exact unless said otherwise."""
    return {
        "identity": name,
        "instance": instance,
        "severity": "hard",
        "relation": "=",
        "outcome": "exact",
        "left_yuan": Decimal("1000000"),
        "right_yuan": Decimal("1000000"),
        "difference_yuan": Decimal(0),
        "tolerance_yuan": Decimal(0),
        "addends": 1,
        "unit": "元",
        "pages": "12",
        "statement_1": "T05 一般公共预算支出 201 类 合计 100.00 万元",
        "statement_2": "其各款合计 100.00 万元",
        **changes,
    }


def violated(
    name: str, instance: str = "201", yuan: str = "800000", **changes: Any
) -> dict[str, Any]:
    amount = Decimal(yuan)
    return identity(
        name,
        instance,
        **{
            "outcome": "violated",
            "left_yuan": Decimal("1000000") + amount,
            "difference_yuan": amount,
            **changes,
        },
    )


class Warehouse:
    """Builds the DuckDB file; ``sql`` spoils it afterwards."""

    def __init__(self, path: Path, *, create: bool = True) -> None:
        self.path = path
        if not create:
            return
        with duckdb.connect(str(path)) as con:
            for schema in ("raw", "marts", "quality"):
                con.execute(f"create schema {schema}")
            for table in RAW:
                con.execute(table.ddl())
            con.execute("create table raw.raw_batch (batch_id varchar, sequence bigint)")

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path)) as con:
            return con.execute(statement, list(values)).fetchall()

    def _insert(self, con: duckdb.DuckDBPyConnection, table: str, **values: Any) -> None:
        self._insert_all(con, table, [values])

    def _insert_all(
        self, con: duckdb.DuckDBPyConnection, table: str, rows: list[dict[str, Any]]
    ) -> None:
        """Rows of the same columns, in one statement."""
        names = ", ".join(f'"{name}"' for name in rows[0])
        marks = ", ".join(f"({', '.join('?' for _ in row)})" for row in rows)
        con.execute(
            f"insert into raw.{table} ({names}) values {marks}",
            [value for row in rows for value in row.values()],
        )

    def add(self, document: Document) -> Document:
        own = {
            "batch_id": document.batch_id,
            "record_key": document.key,
            "file_sha256": document.document_id,
        }
        with duckdb.connect(str(self.path)) as con:
            con.execute("begin")
            if not con.execute(
                "select 1 from raw.raw_batch where batch_id = ?", [document.batch_id]
            ).fetchone():
                con.execute(
                    "insert into raw.raw_batch select ?, count(*) + 1 from raw.raw_batch",
                    [document.batch_id],
                )
            self._insert(
                con,
                "raw_parse_outcome",
                **own,
                parser_version=1,
                catalogue_version="1",
                decisions_version="none",
                outcome="parsed",
                document_count=1,
                parsed_at=NOW.replace(tzinfo=None),
            )
            own["document_id"] = document.document_id
            self._insert(
                con,
                "raw_document",
                **own,
                parser_version=1,
                county=document.county,
                department=document.department,
                fiscal_year=document.year,
                phase=document.phase,
                scope=document.scope,
                template=document.template,
                page_count=40,
                text_layer="yes",
                watermark=False,
                verdict_status=document.verdict,
            )
            for form in document.forms:
                self._add_form(con, own, form)
            for one in document.identities:
                self._insert(con, "raw_identity_instance", **own, catalogue_version="1", **one)
            if document.checked:
                con.execute(_CHECKED, list(own.values()))
            con.execute("commit")
        return document

    def _add_form(self, con: duckdb.DuckDBPyConnection, own: dict[str, Any], form: str) -> None:
        codes = ["合计", "201", "20101", "2010101", "208"]
        kinds = ["total", "class", "section", "item", "class"]
        texts = ["1,200.50", "1,000.00", "1,000.00", "1,000.00", "200.50"]
        self._insert(
            con,
            "raw_table",
            **own,
            form=form,
            title=f"表 {form}",
            unit_printed="单位：万元",
            factor=10000,
            step=Decimal("0.01"),
            columns=["编码", "名称", "合计", "空白"],
            row_count=len(codes),
            is_empty=False,
            pages="3",
        )
        rows, written = [], []
        for row, (code, kind, text) in enumerate(zip(codes, kinds, texts, strict=True)):
            coded = form in CODED and kind != "total"
            rows.append(
                own
                | {
                    "form": form,
                    "row_index": row,
                    "row_kind": kind,
                    "row_label": f"科目{code}",
                    "row_code": code if coded else None,
                }
            )
            cells = [code if coded else "", f"科目{code}", text, ""]
            for column, printed in enumerate(cells):
                amount = Decimal(printed.replace(",", "")) if column == 2 else None
                written.append(
                    own
                    | {
                        "form": form,
                        "row_index": row,
                        "column_index": column,
                        "column_path": ["编码", "名称", "合计", "空白"][column],
                        "text": printed,
                        "amount": amount,
                        "page": 3,
                        "source": "text",
                    }
                )
        self._insert_all(con, "raw_row", rows)
        self._insert_all(con, "raw_cell", written)

    def build(self) -> None:
        """What ``dbt build`` leaves, for the columns the gates and findings read."""
        with duckdb.connect(str(self.path)) as con:
            con.execute(_MARTS)


_CHECKED = """
insert into raw.raw_identity_instance by name
select ? as batch_id, ? as record_key, ? as file_sha256, ? as document_id,
       '1' as catalogue_version, i.name as identity, 'row ' || n as instance,
       'hard' as severity, '=' as relation, 'exact' as outcome,
       100 as left_yuan, 100 as right_yuan, 0 as difference_yuan, 0 as tolerance_yuan,
       1 as addends, '3' as pages
from (values ('R-T01'), ('C-T05'), ('H-T05-KUAN'), ('X-0205')) as i(name), range(20) as r(n)
"""
"""As many evaluated identities of the core families as a real document has at the least."""

_MARTS = """
create or replace table quality.document_status as
select document_id, verdict_status as status, ''::varchar as reasons from raw.raw_document;

create or replace table marts.dim_document as
select
    document_id, file_sha256, md5(county || department) as organisation_id,
    '149901'::varchar as county_code, county, department, fiscal_year, phase, scope,
    scope = 'department' as is_additive,
    'http://127.0.0.1/' || document_id as source_url, true as is_official_source, page_count,
    date '2026-02-20' as published_on, verdict_status <> 'quarantined' as is_current,
    'online'::varchar as online_status, verdict_status as status
from raw.raw_document;

create or replace table marts.dim_organisation as
select distinct organisation_id, department as name_printed from marts.dim_document;

create or replace table marts.fct_amount as
select
    c.document_id, c.form, c.row_index, c.column_index,
    cast(c.amount * t.factor * 0.0001 as decimal(20, 6)) as amount_wan,
    cast(c.amount * t.factor as decimal(20, 2)) as amount_yuan,
    c.text as amount_text, c.source, d.is_current, d.status
from raw.raw_cell as c
join raw.raw_table as t using (document_id, form)
join marts.dim_document as d using (document_id)
where c.amount is not null;

create or replace table marts.fct_expenditure as
select document_id, organisation_id, amount_wan
from marts.fct_amount join marts.dim_document using (document_id)
where form = 'T03' and dim_document.is_current;

create or replace table quality.identity_result as
select
    document_id, identity, instance, severity, outcome,
    cast(case when coalesce(unit, '元') = '元' then left_yuan * 0.0001 else left_yuan end as decimal(20, 6)) as left_value,
    cast(case when coalesce(unit, '元') = '元' then right_yuan * 0.0001 else right_yuan end as decimal(20, 6)) as right_value,
    cast(case when coalesce(unit, '元') = '元' then difference_yuan * 0.0001 else difference_yuan end as decimal(20, 6)) as difference,
    cast(case when coalesce(unit, '元') = '元' then tolerance_yuan * 0.0001 else tolerance_yuan end as decimal(20, 6)) as tolerance,
    case when unit = '元' then '万元' else unit end as unit,
    addends, pages, statement_1, statement_2, statement_1_en, statement_2_en
from raw.raw_identity_instance;

create or replace table quality.finding as
select
    'n' || left(md5(concat_ws('|', organisation_id, fiscal_year, identity, instance)), 19)
        as finding_id,
    document_id, organisation_id, county_code, fiscal_year, phase, scope, identity, instance,
    case when is_current then 'contradiction' else 'misread' end as kind, severity,
    statement_1, statement_2, statement_1_en, statement_2_en,
    left_value, right_value, difference, tolerance, unit, pages,
    'open'::varchar as status, null::varchar as status_reason
from quality.identity_result
join marts.dim_document using (document_id)
where outcome = 'violated';

create or replace table quality.outcome as
select file_sha256 as outcome_id, 'parse'::varchar as step, outcome from raw.raw_parse_outcome;
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "warehouse.duckdb")


@pytest.fixture
def ledger_lines(tmp_path: Path) -> Callable[[], list[dict[str, Any]]]:
    """Every line of the ledger below ``tmp_path``, in order of file name."""

    def read() -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        for path in sorted((tmp_path / "ledger").rglob("*.jsonl")):
            lines += [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        return lines

    return read
