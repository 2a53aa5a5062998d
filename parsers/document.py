"""The contract between reading and everything else: ``ParsedDocument`` (部门预算公开文本).

One document is what one body (部门 or 单位) published for one year. All money stays as
printed (``text``) beside its exact decimal (``amount``), in the unit printed on the table
(万元 or 元). Blank, ``0`` and ``0.00`` are three different facts: blank is ``text == ""``
and ``amount is None``. Boxes are in PDF points from the top left of the visible page.

The JSON form of these models is published as ``docs/contract.schema.json``.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

BBox = tuple[float, float, float, float]
"""x0, top, x1, bottom in PDF points from the top left of the visible page."""

FormId = Literal[
    "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13"
]
Phase = Literal["budget", "adjusted", "final_account", "other"]
Scope = Literal["department", "unit_own", "unit", "unknown"]
Outcome = Literal["exact", "rounding", "violated", "not_applicable"]
"""What became of an identity."""
RowKind = Literal[
    "total",  # 合计、本年收入合计、收入总计 …
    "class",  # 类 (3 digits), or a class line 一、… of T01/T04, or 大类 of T06
    "section",  # 款 (5 digits)
    "item",  # 项 (7 digits), or an economic item of T06, or a line of T10
    "organisation",  # the department's own total line in T11–T13
    "unit",  # 预算单位
    "project",  # 项目
    "line",  # any other line with a meaning of its own
]


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=False)


class Cell(Model):
    """One printed cell of a form's body."""

    text: str
    amount: Decimal | None = None
    page: int = Field(description="1-based page of the file")
    bbox: BBox | None = Field(default=None, description="null for spreadsheets")
    source: Literal["text", "ocr", "repaired"] = "text"
    confidence: float | None = None
    reading_text: str | None = Field(
        default=None, description="what the text layer says, where text was repaired"
    )
    alternatives: list[str] = Field(
        default_factory=list,
        description="what other readings of the cell say, where they differ",
        json_schema_extra={"default": []},
    )
    sheet: str | None = None
    reference: str | None = Field(default=None, description="cell reference in a spreadsheet")


class RowMeta(Model):
    """What a body row is. Parallel to ``Table.body``."""

    kind: RowKind
    label: str = Field(description="the row's printed label without blanks, e.g. 行政运行")
    code: str | None = Field(default=None, description="功能科目编码 as printed (expenditure side)")
    income_kind: RowKind | None = Field(
        default=None, description="T01, T04, T09: kind of the left (收入) half of the row"
    )
    income_label: str | None = Field(default=None, description="label of the left half")
    parent: int | None = Field(
        default=None, description="index of the row this row is a part of, where printed"
    )
    unit_name: str | None = Field(default=None, description="T12/T13: the unit a project is of")


class Table(Model):
    """One of the 13 official forms (预算公开表), read whole across page ends."""

    id: FormId
    title: str
    label: str | None = Field(default=None, description="printed form number, wrong ones kept")
    owner: str | None = Field(default=None, description="部门名称：… line as printed")
    unit: str | None = Field(default=None, description="单位：万元 as printed")
    factor: Decimal = Field(
        default=Decimal(10000), description="元 for one printed unit: 10000 for 万元, 1 for 元"
    )
    step: Decimal = Field(
        default=Decimal("0.01"), description="printed step u of the table in printed units"
    )
    template: str | None = Field(default=None, description="id of the form YAML variant taken")
    header: list[list[str]] = []
    spans: list[tuple[int, int, int, int]] = Field(
        default=[], description="merged header cells: row, col, rowspan, colspan"
    )
    columns: list[str] = Field(default=[], description='"group/leaf" path of each column')
    roles: list[str] = Field(
        default=[],
        description="role of each column, the same over years and wordings, e.g. code, name, "
        "total, general_public_budget",
    )
    ncols: int = 0
    body: list[list[str]] = []
    cells: list[list[Cell]] = []
    rows: list[RowMeta] = []
    note: str | None = None
    is_empty: bool = False
    pages: list[int] = []
    bbox_by_page: dict[int, BBox] = {}


class Amount(Model):
    """A figure in running text."""

    text: str = Field(description="as printed, e.g. 973.44万元")
    value: Decimal
    unit: str = Field(description="万元, 元, %, 个, …")
    page: int | None = None
    bbox: BBox | None = None


class FieldPlace(Model):
    """Where a field of a performance table is printed."""

    page: int
    bbox: BBox | None = None
    text: str


class Sentence(Model):
    section: str
    sub: str = ""
    sentence: str
    amounts: list[Amount] = []
    page: int | None = None


class KeyFigure(Model):
    """A narrated figure under its standard name; ``path`` is its place in ``Narrative.keys``."""

    path: str = Field(description="e.g. income_general_public_budget/pct")
    text: str
    value: Decimal | None = None
    unit: str | None = None
    page: int | None = None
    bbox: BBox | None = None
    sentence_index: int | None = None


class Narrative(Model):
    """Part 3 预算情况说明."""

    keys: dict[str, object] = {}
    sentences: list[Sentence] = []
    figures: list[KeyFigure] = []


class Reason(Model):
    """增减变动原因 as given in the narrative."""

    topic: str
    direction: str | None = None
    amount: Decimal | None = None
    text: str
    page: int | None = None


class GenericTable(Model):
    """A table that no form claims: title and plain grid, kept out of the marts."""

    title: str | None = None
    unit: str | None = None
    page: int
    pages: list[int] = []
    rows: list[list[str]] = []


class Warning_(Model):
    code: str
    message: str
    page: int | None = None
    where: str | None = None


class Dropped(Model):
    """Personal data taken out while reading: where it stood, never what it said."""

    kind: Literal["person", "phone", "email", "id_number"]
    page: int
    bbox: BBox | None = None


class CellRef(Model):
    """Names one cell of the document: a form's body cell, or a narrated or other figure."""

    form: str = Field(description="T01…T13, N (narrative), P<n> (performance), O, A")
    row: int | None = None
    column: int | None = None
    key: str | None = Field(default=None, description="narrative path or field name")


class IdentityTerm(Model):
    """One signed figure of one bound identity: left = Σ sign·value over side L, right over R."""

    side: Literal["L", "R"]
    sign: Literal[-1, 1] = 1
    cell: CellRef
    value_yuan: Decimal | None = Field(default=None, description="value in 元; null = blank")


class IdentityInstance(Model):
    """An identity (勾稽关系) bound to the cells of one document, with its outcome."""

    identity: str
    instance: str
    severity: Literal["hard", "soft"]
    relation: Literal["=", "<=", ">="] = "="
    outcome: Outcome
    left_yuan: Decimal | None = None
    right_yuan: Decimal | None = None
    difference_yuan: Decimal | None = None
    tolerance_yuan: Decimal | None = None
    addends: int = Field(default=0, description="n of the tolerance rule: non-blank rounded parts")
    terms: list[IdentityTerm] = []
    pages: list[int] = []
    unit: str | None = Field(
        default=None,
        description="what left and right are counted in: 元 for money, else %, 个, 人, 辆 …",
    )
    statement_1: str | None = None
    statement_2: str | None = None
    statement_1_en: str | None = Field(default=None, description="statement_1 in English")
    statement_2_en: str | None = Field(default=None, description="statement_2 in English")
    kind: Literal["sum", "outcome"] = Field(
        default="sum",
        description="sum: left and right are recomputable from the terms; outcome: they are not",
    )
    reason: str | None = Field(default=None, description="why an instance is not applicable")


class Verdict(Model):
    status: Literal["accepted", "accepted_with_findings", "quarantined"]
    reasons: list[str] = []


class DocumentInfo(Model):
    file_sha256: str
    document_id: str = Field(
        description="the sha256 for the first document of a file, <sha256>-02 … for further ones"
    )
    parts: int = Field(default=1, description="documents that the file holds")
    county: str | None = None
    department: str | None = Field(default=None, description="name on the cover")
    subtitle: str | None = None
    year: int | None = None
    phase: Phase = "budget"
    scope: Scope = "unknown"
    template: str | None = None
    pages: int
    text_layer: Literal["yes", "no", "partial"] = "yes"
    watermark: bool = False
    parser_version: int


class ParsedDocument(Model):
    """What a perfect reading of one document says, and what was odd about it."""

    document: DocumentInfo
    contents: list[str] = Field(default=[], description="titles of the list of contents (目录)")
    tables: list[Table] = []
    performance: list[dict[str, object]] = []
    performance_places: list[dict[str, FieldPlace]] = Field(
        default=[], description="parallel to performance: path of a field → where it is printed"
    )
    narrative: Narrative = Narrative()
    assets: dict[str, object] = {}
    procurement: dict[str, object] = {}
    staff: dict[str, object] = {}
    reasons: list[Reason] = []
    generic_tables: list[GenericTable] = []
    warnings: list[Warning_] = []
    dropped: list[Dropped] = []
    identities: list[IdentityInstance] = []
    catalogue_version: str | None = None
    verdict: Verdict | None = None

    def table(self, form: str) -> Table | None:
        """The form ``T01``…``T13``, or None where the document does not have it."""
        return next((t for t in self.tables if t.id == form), None)


class ReadingProblem(Model):
    """Why a file gave no document: what, where and what to do about it."""

    code: str
    what: str
    where: str
    remedy: str


class ParseRecord(Model):
    """The checkpoint of one file: written once and atomically, whatever the outcome.

    ``outcome``: parsed (≥ 1 document for the marts) | unknown_template | not_a_disclosure |
    damaged | not_a_pdf | unsupported_format | encrypted | too_large | timeout | memory | failed.
    """

    file_sha256: str
    parser_version: int
    catalogue_version: str
    decisions_version: str = "none"
    outcome: str
    problem: ReadingProblem | None = None
    documents: list[ParsedDocument] = []
    parsed_at: str
    seconds: float = 0.0
