"""What one invented document prints: its figures, before any typesetting.

``Facts`` is the whole truth about a sample: the typeset PDF shows exactly this and a perfect
reading gives exactly this back (``expected``). All counties, bodies and projects are
invented; division codes 1499xx are not assigned to any county.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

_HERE = Path(__file__).parent

FORM_IDS = tuple(f"T{n:02d}" for n in range(1, 14))
NO_DATA = "注：本表无数据"


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid")


class County(_Model):
    name: str
    code: str = Field(pattern=r"^1499\d\d$")


class Body(_Model):
    """A department or unit (部门, 单位); ``code`` is its budget code (预算编码)."""

    name: str
    short: str
    code: str


class PrintedForm(_Model):
    """One of the 13 forms as printed: strings, in the unit 万元."""

    id: str
    variant: str | None = None
    label: str | None = None
    note: str | None = None
    body: list[list[str]]
    title_year: int | None = Field(default=None, description="a wrong year in the title")


class Change(_Model):
    """Against last year's budget: ``delta`` in 万元 and ``pct`` in %, signed."""

    delta: str
    pct: str | None = None
    reason: str = ""


class ThreePublicChange(_Model):
    """Changes of the lines of T10 (三公经费增减), 万元, signed; ``0`` means 相同.

    ``vehicles`` (购置及运行) and ``total`` are the sums of the others where they are left out.
    """

    change: dict[Literal["abroad", "reception", "purchase", "running", "vehicles", "total"], str]
    reason: str = ""


class Operating(_Model):
    """Agency operating expense (机关运行经费) of one or several bodies, 万元."""

    name: str
    amount: str
    delta: str
    pct: str | None = None
    reason: str = ""
    units: list[str] = Field(default=[], description="行政、参公 units that the figure covers")


class Procurement(_Model):
    """Government procurement budget (政府采购预算), 万元."""

    total: str = "0"
    goods: str = "0"
    works: str = "0"
    services: str = "0"


class Whole(_Model):
    """Overall performance targets (整体支出绩效目标), 万元."""

    amount: str
    basic: str | None = None
    project: str | None = None
    units: str | None = None
    units_amount: str | None = None
    items: list[tuple[str, str]] = []


class Projects(_Model):
    """Projects under performance management: number and amount (万元).

    ``running`` 其他运转类 and ``target`` 特定目标类 are [number, amount].
    """

    count: str
    amount: str
    pct: str | None = None
    running: tuple[str, str] | None = None
    target: tuple[str, str] | None = None


class Assets(_Model):
    """State-owned assets in use (国有资产占有使用情况)."""

    date: str | None = None
    quota: str | None = None
    actual: str | None = None
    by_use: dict[str, str] = {}
    floor_area: str | None = None
    over_50: str | None = None
    over_100: str | None = None
    book_count: str | None = None
    book_value: str | None = Field(default=None, description="元")
    others: dict[str, str] = Field(default={}, description="元")


class Said(_Model):
    """Figures that part 3 states beyond those of the forms."""

    total: Change
    general: Change
    three_public: ThreePublicChange | None = None
    operating: list[Operating] = []
    procurement: Procurement = Procurement()
    whole: Whole | None = None
    projects: Projects
    published: Projects | None = None
    assets: Assets = Assets()


class Erratum(_Model):
    """A planted error: what the document prints in the place of the right figure.

    In a form: ``form``, ``row``, ``column``. In part 3: ``section`` (its first characters)
    and ``around``, a piece of the sentence with the right figure in it; ``key`` is the
    figure's place among the narrated ones, e.g. ``income_carryover/amount``.
    """

    right: str
    printed: str
    form: str | None = None
    row: int | None = None
    column: int | None = None
    section: str | None = None
    around: str | None = None
    key: str | None = None


class Facts(_Model):
    """One document. ``kind`` 部门 = consolidated department, 单位 = one unit's own budget."""

    id: str
    county: County
    body: Body
    year: int
    kind: Literal["部门", "单位"] = "部门"
    wording: Literal["department", "unit_2023"] = "department"
    zero: Literal["", "0.00"] = Field(default="", description="how the forms print zero")
    duties: list[str]
    setting: str
    said: Said
    forms: list[PrintedForm]
    performance: list[dict[str, Any]] = []
    errata: list[Erratum] = []

    def form(self, form_id: str) -> PrintedForm:
        return next(f for f in self.forms if f.id == form_id)

    def body_of(self, form_id: str) -> list[list[str]]:
        """The body as printed, planted errors included."""
        rows = [list(row) for row in self.form(form_id).body]
        for erratum in self.errata:
            if erratum.form == form_id and erratum.row is not None and erratum.column is not None:
                if rows[erratum.row][erratum.column] != erratum.right:
                    raise ValueError(
                        f"{self.id}: {form_id} row {erratum.row} column {erratum.column} holds "
                        f"{rows[erratum.row][erratum.column]!r}, not {erratum.right!r}"
                    )
                rows[erratum.row][erratum.column] = erratum.printed
        return rows

    @property
    def owner_line(self) -> str:
        return f"{self.kind}名称：{self.body.name}"

    @property
    def subtitle(self) -> str:
        return f"{self.year}年度{self.kind}预算公开"


@functools.lru_cache(maxsize=1)
def _forms() -> dict[str, dict[str, Any]]:
    text = (_HERE / "forms.yml").read_text("utf-8")
    loaded: dict[str, dict[str, Any]] = yaml.safe_load(text)
    return loaded


class Layout(_Model):
    """Title, header grid and column geometry of a form for one year."""

    title: str
    header: list[list[str]]
    spans: list[tuple[int, int, int, int]]
    widths: list[float]
    align: str


def layout(form: PrintedForm, year: int) -> Layout:
    """The printed frame of ``form`` in a document of ``year``."""
    base = _forms()[form.id]
    chosen = {k: v for k, v in base.items() if k != "variants"}
    if form.variant:
        chosen |= base["variants"][form.variant]
    filled = json.loads(json.dumps(chosen, ensure_ascii=False).replace("{year}", str(year)))
    if form.title_year:
        filled["title"] = chosen["title"].replace("{year}", str(form.title_year))
    return Layout.model_validate(filled)


def load(name: str) -> Facts:
    """The committed facts ``samples/facts/<name>.json``."""
    path = _HERE / "facts" / f"{name}.json"
    return Facts.model_validate_json(path.read_text("utf-8"))


def names() -> list[str]:
    """Names of the committed facts."""
    folder = _HERE / "facts"
    return sorted(
        p.name.removesuffix(".json") for p in folder.iterdir() if p.name.endswith(".json")
    )


def expected(facts: Facts) -> dict[str, Any]:
    """What a perfect reading says: tables, performance, narrative keys and sentences."""
    from samples import narrative

    tables = []
    for form in facts.forms:
        frame = layout(form, facts.year)
        body = facts.body_of(form.id)
        tables.append(
            {
                "id": form.id,
                "title": frame.title,
                "label": form.label,
                "owner": facts.owner_line,
                "unit": "单位：万元",
                "header": frame.header,
                "spans": [list(s) for s in frame.spans],
                "ncols": len(frame.widths),
                "body": body,
                "note": form.note,
                "is_empty": form.note == NO_DATA,
            }
        )
    return {
        "meta": {
            "county": facts.county.name,
            "department": facts.body.name,
            "subtitle": facts.subtitle,
            "year": facts.year,
            "kind": facts.kind,
        },
        "tables": tables,
        "performance": facts.performance,
        "narrative": {"keys": narrative.keys(facts), "sections": narrative.outline(facts)},
    }
