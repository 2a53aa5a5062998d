"""The language of the catalogue: what an entry of ``identities.yml`` may say.

An identity (勾稽关系) is data. It names cells by form, row selector and column role, puts them on
two sides of a relation and says how far rounding may part them. The models below refuse what the
binder would not understand; :func:`parse_yaml` turns every refusal into one sentence that names
the entry and the field.
"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar

import yaml
from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from parsers.document import FormId

ModelT = TypeVar("ModelT", bound=BaseModel)
Given = TypeVar("Given")
Family = Literal["R", "C", "H", "X", "N", "A", "P", "O", "M", "E", "G", "W", "J"]
Kind = Literal["contradiction", "anomaly"]
Severity = Literal["hard", "soft"]
Relation = Literal["=", "<=", ">="]
HalfName = Literal["income", "expenditure"]


class CatalogueError(ValueError):
    """A catalogue file that says something the binder does not understand."""


def need(value: Given | None) -> Given:
    """A field that the validators of this module guarantee; an error of ours where it is null."""
    if value is None:
        raise CatalogueError("a field that validation guarantees is absent")
    return value


def _listed(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Texts = Annotated[list[str], BeforeValidator(_listed)]


class Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    def _exactly_one(self, *names: str) -> None:
        given = [n for n in names if getattr(self, n) is not None]
        if len(given) != 1:
            said = ", ".join(given) or "none"
            raise ValueError(f"exactly one of {', '.join(names)} is needed, given: {said}")


class Bilingual(Entry):
    zh: str = Field(min_length=1)
    en: str = Field(min_length=1)


class Statement(Entry):
    """The two statements of a finding. Placeholders: ``{left}`` and ``{right}`` become the cells
    of that side with form, row, column, amount and page."""

    left: str = "{left}"
    right: str = "{right}"


class Wording(Entry):
    zh: Statement = Statement()
    en: Statement = Statement()


class RowSelector(Entry):
    """Which rows of a form. Exactly one way of naming them.

    ``row``: a row bound by ``for_each`` ($row) · ``role``: a row by what it is in its form
    (``labels.yml``) · ``code``: functional or income code(s) · ``label``: printed label(s)
    without blanks · ``kind``: all rows of a kind · ``children_of``: the rows a bound row is the
    sum of · ``leaves``: the code rows that no printed row divides further.
    """

    row: str | None = None
    role: str | None = None
    code: Texts | None = None
    label: Texts | None = None
    kind: Texts | None = None
    children_of: str | None = None
    leaves: Literal[True] | None = None
    project_of: str | None = Field(default=None, description="the T12 row of a target ($target)")
    besides: Texts = Field(default=[], description="labels left out of a kind")
    of_kind: Texts = Field(default=[], description="labels looked for in these kinds only")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = ("row", "role", "code", "label", "kind", "children_of", "leaves", "project_of")
        self._exactly_one(*ways)
        if self.besides and self.kind is None:
            raise ValueError("besides goes with kind")
        return self


def _row(value: Any) -> Any:
    return {"row": value} if isinstance(value, str) and value.startswith("$") else value


class Term(Entry):
    """Signed figures on one side of an identity; several rows or columns are added up.

    A cell: ``form``, ``row``, ``column`` (and ``half`` for the left half of T01, T04, T09).
    A narrated figure: ``figure`` (``narrative.yml``; ``name/*`` takes all of a group).
    A performance table: ``target`` ($target) with ``field``. The overall performance table:
    ``overall``. A count of things in the document: ``count``.
    """

    form: FormId | None = None
    half: HalfName = "expenditure"
    row: Annotated[RowSelector, BeforeValidator(_row)] | None = None
    column: Texts | None = None
    figure: str | None = None
    target: str | None = None
    field: Texts | None = None
    overall: str | None = None
    count: str | None = None
    sign: Literal[-1, 1] = 1
    optional: bool = Field(
        default=False, description="the row need not exist: an absent row is a blank one"
    )

    @model_validator(mode="after")
    def _whole(self) -> Self:
        self._exactly_one("form", "figure", "target", "overall", "count")
        if self.form is not None and (self.row is None or self.column is None):
            raise ValueError("a cell needs form, row and column")
        if self.target is not None and self.field is None:
            raise ValueError("a performance figure needs a field")
        return self


Terms = Annotated[list[Term], BeforeValidator(_listed), Field(min_length=1)]


class Rows(Entry):
    form: FormId
    half: HalfName = "expenditure"
    kind: Texts


class Codes(Entry):
    """Every code printed in at least one of the forms; ``total`` stands for their total rows."""

    forms: list[FormId] = Field(min_length=1)
    kind: Texts


class Domain(Entry):
    """What a ``for_each`` variable runs over."""

    values: Texts | None = None
    rows: Rows | None = None
    codes: Codes | None = None
    figures: str | None = Field(default=None, description="members of a group of figures")
    targets: Literal["project", "project_one_year"] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._exactly_one("values", "rows", "codes", "figures", "targets")
        return self


def _domain(value: Any) -> Any:
    return {"values": value} if isinstance(value, list) else value


class RowsAtLeast(Entry):
    form: FormId
    kind: Texts
    count: int


class Witnesses(Entry):
    """True where every sum is above zero and all of them agree within ``within_steps`` u."""

    sums: list[Terms] = Field(min_length=2)
    within_steps: int


class Condition(Entry):
    """When an identity holds. Exactly one of the ways to say it."""

    all: list[Condition] | None = None
    any: list[Condition] | None = None
    not_: Condition | None = Field(
        default=None, alias="not", description="true where the condition is not"
    )
    blank: Terms | None = Field(default=None, description="every cell named is blank or zero")
    nonblank: Terms | None = Field(default=None, description="at least one cell is neither")
    named: str | None = None
    rows_at_least: RowsAtLeast | None = None
    units_of: list[str] | None = Field(
        default=None, description="units named in any of these stand as rows in ``units_in``"
    )
    units_in: FormId | None = None
    violated: str | None = Field(default=None, description="an identity of the same document")
    witnesses: Witnesses | None = None
    figure_is: dict[str, bool | str] | None = None
    same_count: list[str] | None = Field(default=None, description="counts that must be equal")

    @model_validator(mode="after")
    def _one(self) -> Self:
        names = ("all", "any", "not_", "blank", "nonblank", "named", "rows_at_least")
        self._exactly_one(*names, "units_of", "violated", "witnesses", "figure_is", "same_count")
        if (self.units_of is None) != (self.units_in is None):
            raise ValueError("units_of and units_in go together")
        return self


class Steps(Entry):
    steps: int | None = Field(default=None, description="so many printed steps u")
    yuan: Decimal | None = Field(default=None, description="so many 元")

    @model_validator(mode="after")
    def _one(self) -> Self:
        self._exactly_one("steps", "yuan")
        return self


Tolerance = (
    Literal["sum", "change", "copy", "half_step", "share", "share_sum", "rate", "exact"] | Steps
)


class Case(Entry):
    """One form an identity takes; the first whose ``when`` is true is bound."""

    when: Condition | None = None
    relation: Relation | None = None
    left: Terms | None = None
    right: Terms | None = None
    tolerance: Tolerance | None = None


class Binding(Entry):
    """How instances of an identity come about."""

    instance: str = Field(min_length=1, description="name of the instance; {var} placeholders")
    for_each: dict[str, Annotated[Domain, BeforeValidator(_domain)]] = {}
    when: Condition | None = None
    left: Terms | None = None
    relation: Relation = "="
    right: Terms | None = None
    tolerance: Tolerance | None = None
    cases: list[Case] = []
    mandatory: bool = Field(
        default=False, description="an instance without any figure counts as not evaluated"
    )
    mandatory_values: dict[str, Texts] = Field(
        default={}, description="mandatory only where the variables have these values"
    )
    unstated: dict[str, str] = Field(
        default={},
        description="change of a line → the line: where the text gives the line money and tells no "
        "change of it, a change of less than half a step may stand unsaid and counts in n",
    )
    check: str | None = Field(default=None, description="a set or text check (checks.py)")
    forms: list[FormId] = Field(default=[], description="forms a check looks at")
    options: dict[str, str] = {}

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.check is not None:
            if self.left or self.right or self.cases:
                raise ValueError("a check has no terms")
            return self
        for case in self.cases or [Case()]:
            if not (case.left or self.left) or not (case.right or self.right):
                raise ValueError("left and right are needed (in the binding or in each case)")
        return self


class Identity(Entry):
    id: str = Field(pattern=r"^[A-Z]+-?[A-Z0-9]+(-[A-Z0-9]+)*[a-z]?$|^J01$")
    family: Family
    title: Bilingual
    formula: str = Field(min_length=1, description="the identity as one line in official terms")
    scope: str = Field(min_length=1, description="forms concerned")
    severity: Severity
    kind: Kind = Field(
        default="contradiction",
        description="anomaly (波动提示): nothing disagrees, but a reader will ask",
    )
    tolerance: Tolerance
    rationale: Bilingual
    wording: Wording = Wording()
    bind: list[Binding] = Field(min_length=1)

    @model_validator(mode="after")
    def _family(self) -> Self:
        if not self.id.startswith(self.family):
            raise ValueError(f"{self.id} is not of family {self.family}")
        if self.kind == "anomaly" and self.severity == "hard":
            raise ValueError(f"{self.id}: an anomaly is never hard")
        return self


class NamedCondition(Entry):
    says: Bilingual
    is_: Condition = Field(alias="is")


class IdentityFile(Entry):
    version: int
    wordings: dict[str, Wording] = {}
    conditions: dict[str, NamedCondition] = {}
    identities: list[Identity]

    @model_validator(mode="after")
    def _names(self) -> Self:
        seen: set[str] = set()
        for identity in self.identities:
            if identity.id in seen:
                raise ValueError(f"{identity.id} is declared twice")
            seen.add(identity.id)
        return self


# --- columns.yml ------------------------------------------------------------------------------


class ColumnRule(Entry):
    role: str
    path: str = Field(description="regular expression over the tidied column path")
    amount: bool = True
    zh: str
    en: str


class ColumnFile(Entry):
    version: int
    forms: dict[FormId, list[ColumnRule]]


# --- labels.yml -------------------------------------------------------------------------------


class ClassName(Entry):
    code: str = Field(pattern=r"^\d{3}$")
    name: str
    aliases: list[str] = []


class RowRule(Entry):
    """A row's role: by its tidied label, after another role, or by its kind."""

    role: str
    label: str | None = Field(default=None, description="regular expression over the tidied label")
    after: str | None = Field(default=None, description="only below the row of this role")
    before: str | None = Field(default=None, description="only above the row of this role")
    kind: Texts = Field(default=[], description="the first row of one of these kinds …")
    or_only: str | None = Field(default=None, description="… or else the only row of this kind")

    @model_validator(mode="after")
    def _way(self) -> Self:
        if bool(self.label) == bool(self.kind):
            raise ValueError("a row role is told by label or by kind")
        return self


class FormRows(Entry):
    income: list[RowRule] = []
    expenditure: list[RowRule] = []


class LabelFile(Entry):
    version: int
    classes: list[ClassName]
    forms: dict[FormId, FormRows]


# --- narrative.yml ----------------------------------------------------------------------------


class FigureRule(Entry):
    """Where a narrated figure stands, looked for in this order: a figure or key of the narrative
    (``path``, or ``group`` for name → amount), a number of part 1 (``staff``), a ``pattern`` in
    the sentences of a ``section``."""

    name: str
    zh: str
    path: str | None = None
    group: str | None = Field(default=None, description="a key that holds name → amount")
    member: str | None = Field(default=None, description="field of a group's members")
    staff: str | None = None
    section: str | None = Field(default=None, description="regular expression over the heading")
    pattern: str | None = Field(
        default=None, description="(?P<value>…), and sign where told, and name in a group"
    )
    signed: bool = Field(default=False, description="the group sign says 增加 or 减少")
    listed: bool = Field(default=False, description="(?P<list>…): names, not an amount")
    unit: str = "万元"
    part: str | None = Field(default=None, description="of a share: the figure of the part")
    whole: str | None = Field(default=None, description="of a share: the figure of the whole")
    besides: list[str] = Field(default=[], description="members of a group that are left out")

    @model_validator(mode="after")
    def _told(self) -> Self:
        if not (self.path or self.group or self.staff or self.pattern):
            raise ValueError("path, group, staff or pattern is needed")
        if (self.pattern is None) != (self.section is None):
            raise ValueError("pattern and section go together")
        return self


class NarrativeFile(Entry):
    version: int
    amount: str
    figures: list[FigureRule]


# the same safe loader, in C where PyYAML was built with it: 10 times as fast
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def load_yaml(path: Path) -> Any:
    """The plain content of a file. Raises :class:`CatalogueError` where it is not YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 - safe
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path.name} is not YAML: {error}") from error


def parse_yaml(path: Path, model: type[ModelT], data: Any = None) -> ModelT:
    """Read and validate one catalogue file.

    Raises :class:`CatalogueError` that names the file, the entry, the field and what is wrong.
    """
    if data is None:
        data = load_yaml(path)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise CatalogueError(_explain(path, data, error)) from error


def _explain(path: Path, data: Any, error: ValidationError) -> str:
    lines = []
    for problem in error.errors():
        node, trail = data, []
        for part in problem["loc"]:
            trail.append(str(part))
            node = _step(node, part)
            if isinstance(node, dict) and isinstance(node.get("id"), str):
                trail = [node["id"]]
        lines.append(f"{path.name}: {' → '.join(trail) or '(top)'}: {problem['msg']}")
    return "\n".join(lines)


def _step(node: Any, part: str | int) -> Any:
    try:
        return node[part]
    except (KeyError, IndexError, TypeError):
        return None
