"""From the catalogue's entries to the cells of one document.

``bind`` resolves every selector and condition and gives bound identities: signed values in 元
with the cell each came from. It does not judge; ``adder.evaluate`` does. An instance that cannot
be bound (its form, column or row is absent, its condition is false) is kept with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import product
from typing import Literal, cast

from expectations.catalogue import reviews  # noqa: F401 - registers its checks
from expectations.catalogue.catalogue import VARIABLE, Catalogue, load_catalogue
from expectations.catalogue.checks import run_check
from expectations.catalogue.figures import Figure, Figures
from expectations.catalogue.names import ROLE_NAMES
from expectations.catalogue.schema import (
    Binding,
    Case,
    CatalogueError,
    Condition,
    Domain,
    HalfName,
    Identity,
    Relation,
    RowSelector,
    Steps,
    Term,
    Tolerance,
    Witnesses,
    need,
)
from expectations.catalogue.targets import Target, Targets, bare_name
from expectations.catalogue.view import DocumentView, FormView, Line, bare_unit, tidy_label
from parsers.document import Cell, CellRef, FormId, IdentityTerm, ParsedDocument

Side = Literal["L", "R"]
TOTAL = "total"
_LEVELS = {3: "class", 5: "section", 7: "item", 9: "item"}


class Unbound(Exception):
    """The instance has no cells: ``reason`` says what is absent or which condition is false."""

    def __init__(self, reason: str, *, lost: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.lost = reason, lost


@dataclass(slots=True)
class BoundTerm:
    """One signed figure. ``step``: printed step in 元, 0 where it is exact; ``coarse``: the step
    as printed where that is larger (figures of the text)."""

    side: Side
    sign: Literal[-1, 1]
    ref: CellRef
    value: Decimal | None
    step: Decimal
    page: int | None
    printed: str
    says: str
    decimals: int = 2
    unit: str = "万元"
    coarse: Decimal | None = None
    where: str = ""

    def on(self, side: Side, sign: Literal[-1, 1]) -> BoundTerm:
        """The same figure in another place (``dataclasses.replace`` takes five times as long)."""
        return BoundTerm(
            side,
            sign,
            self.ref,
            self.value,
            self.step,
            self.page,
            self.printed,
            self.says,
            self.decimals,
            self.unit,
            self.coarse,
            self.where,
        )

    def term(self) -> IdentityTerm:
        return IdentityTerm(side=self.side, sign=self.sign, cell=self.ref, value_yuan=self.value)


@dataclass(slots=True)
class Bound:
    """One instance with its cells, not yet judged."""

    identity: Identity
    instance: str
    relation: Relation
    tolerance: Tolerance
    terms: list[BoundTerm] = field(default_factory=list)
    reason: str | None = None
    lost: bool = False
    mandatory: bool = False
    after: str | None = None
    verdict: bool | None = None
    statements: tuple[str, str] | None = None
    statements_en: tuple[str, str] | None = None
    pages: list[int] = field(default_factory=list)
    is_check: bool = False
    unstated: int = 0
    absent: dict[Side, str] = field(default_factory=dict)


Variables = dict[str, "str | Line | Target"]


class Binder:
    """Binds all identities of a catalogue to one document."""

    def __init__(self, document: ParsedDocument, catalogue: Catalogue) -> None:
        self.document = document
        self.catalogue = catalogue
        self.view = DocumentView(document, catalogue.columns, catalogue.labels)
        self.figures: Figures = catalogue.narrative.read(document)
        self.targets = Targets(document)
        self._named: dict[str, bool] = {}
        self._read: dict[tuple[FormId, int, str], BoundTerm] = {}
        self._matches: dict[int, Line] | None = None
        self.figures.flags["overall_table"] = self.targets.overall is not None

    def bind(self) -> list[Bound]:
        found: list[Bound] = []
        for identity in self.catalogue.file.identities:
            for binding in identity.bind:
                found.extend(self.binding(identity, binding))
        return found

    def binding(self, identity: Identity, binding: Binding) -> Iterator[Bound]:
        if binding.check is not None:
            yield from self._checks(identity, binding)
            return
        names = list(binding.for_each)
        try:
            domains = [list(self._domain(binding.for_each[n])) for n in names]
        except Unbound as absent:
            yield self._not_bound(identity, binding, binding.instance, absent, {})
            return
        home = _home(binding)
        for values in product(*domains):
            variables: Variables = dict(zip(names, values, strict=True))
            instance = self._name(binding, variables, home)
            try:
                yield self._instance(identity, binding, instance, variables)
            except Unbound as absent:
                yield self._not_bound(identity, binding, instance, absent, variables)

    def _instance(
        self, identity: Identity, binding: Binding, instance: str, variables: Variables
    ) -> Bound:
        after = None
        if binding.when is not None:
            after = binding.when.violated
            if after is None and not self.holds(binding.when, variables):
                raise Unbound(f"条件不成立：{self.say(binding.when)}", lost=False)
        case = self._case(binding, variables)
        left, right = need(case.left or binding.left), need(case.right or binding.right)
        terms = [t for term in left for t in self.term(term, "L", variables)]
        terms += [t for term in right for t in self.term(term, "R", variables)]
        tolerance = case.tolerance or binding.tolerance or identity.tolerance
        absent: dict[Side, str] = {}
        for side, wanted in (("L", left), ("R", right)):
            if not any(t.side == side for t in terms):
                absent[cast(Side, side)] = self._absent(wanted[0], variables)
        return Bound(
            identity=identity,
            instance=instance,
            relation=case.relation or binding.relation,
            tolerance=tolerance,
            terms=terms,
            mandatory=self._mandatory(binding, variables, left[0]),
            after=after,
            unstated=self._unstated(binding),
            absent=absent,
        )

    def _unstated(self, binding: Binding) -> int:
        """Lines with money whose change the text leaves unsaid."""
        told = self.figures.single
        return sum(
            change not in told and line in told and told[line].value > 0
            for change, line in binding.unstated.items()
        )

    def _absent(self, term: Term, variables: Variables) -> str:
        """Words for a side whose row is not printed: T08 2120801 合计 无此行."""
        row = term.row
        named = (
            [*(row.code or []), *(row.label or []), *([row.role] if row.role else [])]
            if row
            else []
        )
        column = self._fill((term.column or [""])[0], variables)
        words = [term.form or "", *(self._fill(x, variables) for x in named)]
        if term.form is not None:
            words.append(self._column_zh(term.form, column))
        said = " ".join("合计" if w == TOTAL else w for w in words if w)
        return f"{said} 无此行".strip()

    def _case(self, binding: Binding, variables: Variables) -> Case:
        if not binding.cases:
            return Case()
        for case in binding.cases:
            if case.when is None or self.holds(case.when, variables):
                return case
        raise Unbound("没有适用的情形", lost=False)

    def _not_bound(
        self,
        identity: Identity,
        binding: Binding,
        instance: str,
        absent: Unbound,
        variables: Variables,
    ) -> Bound:
        return Bound(
            identity=identity,
            instance=instance,
            relation=binding.relation,
            tolerance=binding.tolerance or identity.tolerance,
            reason=absent.reason,
            lost=absent.lost,
            mandatory=absent.lost,
        )

    def _mandatory(self, binding: Binding, variables: Variables, term: Term) -> bool:
        """Must the instance have a figure? Not in a form that holds none at all."""
        if term.form is not None and not self.form(term.form).filled:
            return False
        if binding.mandatory:
            return True
        wanted = binding.mandatory_values
        return bool(wanted) and all(
            isinstance(variables.get(n), str) and variables[n] in allowed
            for n, allowed in wanted.items()
        )

    # -- variables ----------------------------------------------------------------------------

    def _domain(self, domain: Domain) -> Iterator[str | Line | Target]:
        if domain.values is not None:
            yield from domain.values
        elif domain.rows is not None:
            form = self.form(domain.rows.form)
            yield from form.kind_lines(domain.rows.half, domain.rows.kind)
        elif domain.codes is not None:
            yield from self._codes(domain.codes.forms, domain.codes.kind)
        elif domain.figures is not None:
            yield from self.figures.group.get(domain.figures, {})
        else:
            for target in self.targets.projects:
                if domain.targets == "project" or target.one_year:
                    yield target

    def _codes(self, forms: Sequence[FormId], kinds: Sequence[str]) -> Iterator[str]:
        if TOTAL in kinds:
            yield TOTAL
        codes = {
            code
            for name in forms
            for code in self.form(name).halves["expenditure"].by_code
            if _LEVELS.get(len(code)) in kinds
        }
        yield from sorted(codes)

    def _name(self, binding: Binding, variables: Variables, home: FormId | None) -> str:
        template = binding.instance
        if "{" not in template:
            return template
        said: dict[str, str] = {}
        for name, value in variables.items():
            if isinstance(value, Line):
                said[name] = self._line_name(value, home)
            elif isinstance(value, Target):
                said[name] = f"{value.index:02d}:{value.name}"
            else:
                said[name] = self._value_name(binding.for_each[name], value, home)
        return template.format(**said)

    def _value_name(self, domain: Domain, value: str, home: FormId | None) -> str:
        if domain.values is None:
            return "合计" if value == TOTAL else value
        rule = self.catalogue.columns.rule(home, value) if home else None
        return rule.zh if rule else ROLE_NAMES.get(value, value)

    def _line_name(self, line: Line, home: FormId | None) -> str:
        if line.code is not None:
            return line.code
        if home in ("T12", "T13"):
            return f"{line.index}:{line.label}"
        if home == "T06":
            other = self.form("T06").text(line.index, "government_item")
            return f"{line.label}/{other}" if other.strip() else line.label
        return line.label

    def _fill(self, text: str, variables: Variables) -> str:
        if "$" not in text:
            return text

        def value(found: re.Match[str]) -> str:
            return str(variables[found.group(1) or found.group(2)])

        return VARIABLE.sub(value, text)

    # -- conditions ---------------------------------------------------------------------------

    def holds(self, condition: Condition, variables: Variables) -> bool:
        """Whether a condition is true of the document; raises Unbound where it cannot be told."""
        if condition.all is not None:
            return all(self.holds(c, variables) for c in condition.all)
        if condition.any is not None:
            return any(self.holds(c, variables) for c in condition.any)
        if condition.not_ is not None:
            return not self.holds(condition.not_, variables)
        if condition.blank is not None:
            return not self._some(condition.blank, variables)
        if condition.nonblank is not None:
            return self._some(condition.nonblank, variables)
        if condition.named is not None:
            return self._named_condition(condition.named)
        if condition.rows_at_least is not None:
            wanted = condition.rows_at_least
            rows = self.form(wanted.form).kind_lines("expenditure", wanted.kind)
            return len(rows) >= wanted.count
        if condition.witnesses is not None:
            return self._witnesses(condition.witnesses, variables)
        if condition.figure_is is not None:
            flags = self.figures.flags
            return all(n in flags and flags[n] == v for n, v in condition.figure_is.items())
        if condition.same_count is not None:
            return len({self._counted(what) for what in condition.same_count}) == 1
        if condition.units_of is not None and condition.units_in is not None:
            return self._units(condition.units_of, condition.units_in)
        raise Unbound("条件只能用于整条勾稽关系", lost=True)

    def _named_condition(self, name: str) -> bool:
        known = self._named.get(name)
        if known is None:
            known = self._named[name] = self.holds(self.catalogue.file.conditions[name].is_, {})
        return known

    def say(self, condition: Condition) -> str:
        if condition.named is not None:
            return self.catalogue.file.conditions[condition.named].says.zh
        if condition.not_ is not None:
            return f"非（{self.say(condition.not_)}）"
        for word, parts in (("且", condition.all), ("或", condition.any)):
            if parts is not None:
                return word.join(self.say(c) for c in parts)
        for word, terms in (("空白", condition.blank), ("非空白", condition.nonblank)):
            if terms is not None:
                return f"{'、'.join(_say_term(t) for t in terms)} {word}"
        if condition.rows_at_least is not None:
            return f"{condition.rows_at_least.form} 至少 {condition.rows_at_least.count} 行"
        return "见勾稽关系目录"

    def _some(self, terms: Sequence[Term], variables: Variables) -> bool:
        return any(
            bound.value
            for term in terms
            for bound in self.term(term, "L", variables, optional=True)
        )

    def _witnesses(self, witnesses: Witnesses, variables: Variables) -> bool:
        sums: list[Decimal] = []
        step = Decimal(0)
        for group in witnesses.sums:
            terms = [t for term in group for t in self.term(term, "L", variables, optional=True)]
            sums.append(sum((t.sign * t.value for t in terms if t.value), Decimal(0)))
            step = max([step, *(t.step for t in terms)])
        within = witnesses.within_steps * step
        return min(sums) > 0 and max(sums) - min(sums) <= within

    def _units(self, sources: list[str], listed_in: FormId) -> bool:
        """Does every budget unit of the body stand in the form?

        Units without projects are named nowhere else in the forms, so that a department needs a
        witness: the number of its budget units in the text.
        """
        rows = self.form(listed_in).kind_lines("expenditure", ["unit_or_head"])
        listed = {bare_unit(x.label) for x in rows}
        named: set[str] = set()
        complete = self.document.document.scope in ("unit", "unit_own")
        for source in sources:
            if source in ("T12", "T13"):
                form = self.view.forms.get(cast(FormId, source))
                rows = form.kind_lines("expenditure", ["unit_or_head"]) if form else []
                named |= {bare_unit(x.label) for x in rows}
            elif source == "targets":
                named |= {bare_unit(t.unit_name) for t in self.targets.projects if t.unit_name}
            elif source == "narrative":
                count = self.figures.single.get("budget_units")
                complete |= count is not None and count.value == len(listed)
        return complete and named <= listed

    # -- terms --------------------------------------------------------------------------------

    def form(self, name: FormId) -> FormView:
        form = self.view.forms.get(name)
        if form is None:
            raise Unbound(f"缺 {name}")
        return form

    def term(
        self, term: Term, side: Side, variables: Variables, *, optional: bool = False
    ) -> list[BoundTerm]:
        """The figures a term names; blank cells come with value null."""
        if term.form is not None:
            return self._cells(term, side, variables, optional or term.optional)
        if term.figure is not None:
            return self._figures(term, side, variables, optional or term.optional)
        if term.target is not None:
            return self._target(term, side, variables)
        if term.overall is not None:
            return self._overall(term, side, variables)
        return [self._count(term, side)]

    def _cells(
        self, term: Term, side: Side, variables: Variables, optional: bool
    ) -> list[BoundTerm]:
        form = self.form(need(term.form))
        lines = self._lines(form, term.half, need(term.row), variables, optional)
        found: list[BoundTerm] = []
        for name in need(term.column):
            role = self._fill(name, variables)
            place = form.column.get(role)
            if place is None:
                raise Unbound(f"{form.form} 缺列 {self._column_zh(form.form, role)}")
            for line in lines:
                found.append(self._cell(form, line, role, side, term.sign))
        return found

    def _column_zh(self, form: FormId, role: str) -> str:
        rule = self.catalogue.columns.rule(form, role)
        return rule.zh if rule else role

    def _cell(
        self, form: FormView, line: Line, role: str, side: Side, sign: Literal[-1, 1]
    ) -> BoundTerm:
        known = self._read.get((form.form, line.index, role))
        if known is not None:
            return known.on(side, sign)
        place = form.column[role]
        cell: Cell | None = form.cell(line.index, place)
        amount = cell.amount if cell is not None else None
        value = None if amount is None else amount * form.table.factor
        zero_means_nothing = self.view.prints_zero and not value
        term = self._read[form.form, line.index, role] = BoundTerm(
            side=side,
            sign=sign,
            ref=CellRef(form=form.form, row=line.index, column=place),
            value=value,
            step=Decimal(0) if zero_means_nothing else form.unit,
            page=cell.page if cell is not None else None,
            printed=cell.text if cell is not None else "",
            says=f"{line.code + ' ' if line.code else ''}{line.label}\t{role}",
            unit="元" if form.table.factor == 1 else "万元",
        )
        return term.on(side, sign)

    def _lines(
        self,
        form: FormView,
        half: HalfName,
        selector: RowSelector,
        variables: Variables,
        optional: bool,
    ) -> list[Line]:
        side = form.halves.get(half)
        if side is None:
            raise Unbound(f"{form.form} 缺收入方")
        if selector.row is not None:
            return [_line(variables, selector.row)]
        if selector.children_of is not None:
            children = side.children.get(_line(variables, selector.children_of).index, [])
            if not children:
                raise Unbound("没有下一级科目行", lost=False)
            return children
        if selector.role is not None:
            role = self._fill(selector.role, variables)
            if role in side.roles:
                return [side.roles[role]]
            if optional:
                return []
            raise Unbound(f"{form.form} 缺行 {role}", lost=bool(side.lines))
        if selector.code is not None:
            codes = [self._fill(c, variables) for c in selector.code]
            if codes == [TOTAL]:
                if TOTAL not in side.roles and side.lines and not optional:
                    raise Unbound(f"{form.form} 缺合计行")
                return [side.roles[TOTAL]] if TOTAL in side.roles else []
            return [side.by_code[c] for c in codes if c in side.by_code]
        if selector.label is not None:
            labels = [tidy_label(self._fill(x, variables)) for x in selector.label]
            found = [line for x in labels for line in side.by_label.get(x, [])]
            return [x for x in found if not selector.of_kind or x.kind in selector.of_kind]
        if selector.project_of is not None:
            line = self.project_line(_target(variables, selector.project_of))
            if line is None:
                raise Unbound("T12 没有可对应的项目", lost=False)
            return [line]
        if selector.leaves:
            if not side.leaves and not optional:
                raise Unbound(f"{form.form} 没有明细行", lost=form.filled)
            return side.leaves
        kinds = need(selector.kind)
        found = form.kind_lines(half, kinds)
        found = [x for x in found if x.label not in selector.besides]
        if not found and not optional:
            # figures, and none in such a row: a total without its parts
            raise Unbound(f"{form.form} 没有 {'、'.join(kinds)} 行", lost=form.filled)
        return found

    def _figures(
        self, term: Term, side: Side, variables: Variables, optional: bool
    ) -> list[BoundTerm]:
        name, _, member = self._fill(need(term.figure), variables).partition("/")
        figures: list[Figure]
        if member == "*":
            figures = list(self.figures.group.get(name, {}).values())
        elif member:
            one = self.figures.group.get(name, {}).get(member)
            figures = [one] if one is not None else []
        else:
            one = self.figures.single.get(name)
            figures = [one] if one is not None else []
        if not figures and not optional:
            raise Unbound(f"文字未公开：{name}", lost=False)
        return [
            BoundTerm(
                side=side,
                sign=term.sign,
                ref=CellRef(form="N", key=f.name),
                value=f.value,
                step=f.step,
                page=f.page,
                printed=f.printed,
                says=f.zh,
                decimals=f.decimals,
                unit=f.unit,
                coarse=f.coarse,
            )
            for f in figures
        ]

    def _target(self, term: Term, side: Side, variables: Variables) -> list[BoundTerm]:
        which_target = need(term.target)
        if which_target == "*":
            targets = self.targets.projects
            self._all_targets_read()
            if not targets:
                raise Unbound("没有项目支出绩效目标表", lost=False)
        else:
            targets = [_target(variables, which_target)]
        found: list[BoundTerm] = []
        for target in targets:
            for name in need(term.field):
                which = self._fill(name, variables)
                horizon, _, what = which.partition("_")
                if what == "total":
                    parts = [(which, target.figures[which])]
                else:
                    parts = target.parts.get(horizon, [])
                for label, figure in parts:
                    found.append(
                        BoundTerm(
                            side=side,
                            sign=term.sign,
                            ref=CellRef(form=f"P{target.index}", key=f"{horizon}/{label}"),
                            value=figure.value,
                            step=figure.step,
                            page=None,
                            printed=figure.printed,
                            says="资金总额" if what == "total" else label,
                            where=f"绩效目标表《{target.name}》（{_HORIZON[horizon]}）",
                            unit=target.money_unit or "元",
                        )
                    )
        return found

    def _overall(self, term: Term, side: Side, variables: Variables) -> list[BoundTerm]:
        name = self._fill(need(term.overall), variables)
        overall = self.targets.overall
        if overall is None:
            raise Unbound("没有整体支出绩效目标表", lost=False)
        figure = overall.figures.get(name)
        if figure is None:
            raise Unbound(f"整体支出绩效目标表没有 {name}", lost=False)
        return [
            BoundTerm(
                side=side,
                sign=term.sign,
                ref=CellRef(form="O", key=name),
                value=figure.value,
                step=figure.step,
                page=None,
                printed=figure.printed,
                says=f"整体支出绩效目标表 {OVERALL_NAMES.get(name, name)}",
                unit=_HEADS.get(name, "万元"),
            )
        ]

    def _count(self, term: Term, side: Side) -> BoundTerm:
        name = need(term.count)
        what, zh = self._counted(name), COUNT_NAMES[name]
        return BoundTerm(
            side=side,
            sign=term.sign,
            ref=CellRef(form="A", key=name),
            value=Decimal(what),
            step=Decimal(0),
            page=None,
            printed=str(what),
            says=zh,
            unit="%" if term.count == "one_hundred" else "个",
        )

    def _counted(self, name: str) -> int:
        if name == "one_hundred":
            return 100
        if name == "one":
            return 1
        if name == "targets":
            self._all_targets_read()
            return len(self.targets.projects)
        if name == "overall":
            self._all_targets_read()
            return sum(p.get("kind") != "project" for p in self.document.performance)
        if name == "projects":
            return self._rows("T12", "project")
        if name == "units":
            return max(self._rows("T11", "unit"), self._rows("T12", "unit"))
        raise CatalogueError(f"nothing is counted under the name {name!r}")

    def _all_targets_read(self) -> None:
        """Nothing is said about all targets while the reading itself says that it lacks some."""
        lost = [w for w in self.document.warnings if w.code in _UNREAD_TARGETS]
        if lost:
            pages = "、".join(str(p) for p in sorted({w.page for w in lost if w.page is not None}))
            on = f"（第{pages}页）" if pages else ""
            raise Unbound(f"有 {len(lost)} 张绩效目标表未能读出{on}")

    def project_line(self, target: Target) -> Line | None:
        """The T12 row of a performance table: by name, else by amount, inside its unit first."""
        if self._matches is None:
            self._matches = self._match_projects()
        return self._matches.get(target.index)

    def _match_projects(self) -> dict[int, Line]:
        form = self.view.forms.get("T12")
        place = form.column.get("total") if form is not None else None
        if form is None or place is None:
            return {}
        unit_of: dict[int, str] = {}
        unit = ""
        for line in form.halves["expenditure"].lines:
            if line.kind in ("unit", "organisation", "total"):
                unit = bare_unit(line.label)
            else:
                unit_of[line.index] = unit
        free = form.kind_lines("expenditure", ["project", "line"])
        matches: dict[int, Line] = {}
        names = {x.index: bare_name(x.label) for x in free}
        for name, amount, same_unit in _MATCHING:
            for target in self.targets.projects:
                if target.index in matches:
                    continue
                mine, called = bare_unit(target.unit_name), bare_name(target.name)
                fits = [
                    x
                    for x in free
                    if (not same_unit or unit_of.get(x.index) == mine)
                    and (not name or names[x.index] == called)
                    and (not amount or self._same_amount(form, place, target, x))
                ]
                if fits:
                    best = min(fits, key=lambda x, c=called: _unlike(c, names[x.index]))  # type: ignore[misc]
                    matches[target.index] = best
                    free.remove(best)
        return matches

    def _same_amount(self, form: FormView, place: int, target: Target, line: Line) -> bool:
        cell = form.cell(line.index, place)
        annual = target.figures["annual_total"].value
        if cell is None or cell.amount is None or annual is None:
            return False
        return abs(cell.amount * form.table.factor - annual) <= form.unit / 2

    def _rows(self, form: FormId, kind: str) -> int:
        return len(self.form(form).kind_lines("expenditure", [kind]))

    # -- checks -------------------------------------------------------------------------------

    def _checks(self, identity: Identity, binding: Binding) -> Iterator[Bound]:
        for result in run_check(need(binding.check), self, binding):
            yield Bound(
                identity=identity,
                instance=result.instance,
                relation="=",
                tolerance="exact",
                reason=result.reason,
                verdict=result.holds,
                statements=result.statements,
                statements_en=result.statements_en,
                pages=result.pages,
                is_check=True,
            )


# ways to find a target's row in T12, the surest first: same name, same amount, same unit
_MATCHING = (
    (True, True, True),
    (True, False, True),
    (False, True, True),
    (True, True, False),
    (True, False, False),
    (False, True, False),
)
COUNT_NAMES = {
    "one_hundred": "100%",
    "one": "1个",
    "targets": "所附项目支出绩效目标表张数",
    "overall": "所附整体支出绩效目标表张数",
    "projects": "T12 项目行数",
    "units": "T11、T12 所列预算单位数",
}
_UNREAD_TARGETS = ("performance_unread", "performance_unknown")
_HORIZON = {"period": "实施期", "annual": "年度"}
_HEADS = {  # counted, not paid
    "offices": "个",
    "units": "个",
    "posts": "人",
    "staff": "人",
    "staff_established": "人",
    "staff_other": "人",
    "indicator_staff": "人",
}
OVERALL_NAMES = {
    "source_total": "资金来源合计",
    "direction_total": "资金方向合计",
    "general_public_budget": "一般公共预算资金",
    "government_managed_funds": "政府性基金预算资金",
    "state_capital_operations": "国有资本经营预算资金",
    "social_insurance_funds": "社会保险基金预算资金",
    "special_fiscal_accounts": "专户管理资金",
    "own_funds": "单位资金",
    "basic": "基本支出",
    "project": "项目支出",
    "cost_basic": "成本指标 基本支出",
    "cost_project": "成本指标 项目支出",
    "posts": "核定的人员编制数",
    "offices": "内设职能部门数",
    "units": "所属预算单位数",
    "staff": "实际在职人员总数",
    "staff_established": "在编人员数",
    "staff_other": "其他人员数",
    "indicator_staff": "指标 在职人员数",
}


def _unlike(one: str, other: str) -> float:
    return 0.0 if one == other else 1 - SequenceMatcher(None, one, other).ratio()


def _line(variables: Variables, name: str) -> Line:
    line = variables[name.removeprefix("$")]
    if not isinstance(line, Line):
        raise CatalogueError(f"{name} is not a row")
    return line


def _target(variables: Variables, name: str) -> Target:
    target = variables[name.removeprefix("$")]
    if not isinstance(target, Target):
        raise CatalogueError(f"{name} is not a performance table")
    return target


def _home(binding: Binding) -> FormId | None:
    """The form whose words name an instance: that of its rows, else of its first cell."""
    for domain in binding.for_each.values():
        if domain.rows is not None:
            return domain.rows.form
    sides = [binding.left or [], *(case.left or [] for case in binding.cases)]
    return next((t.form for side in sides for t in side if t.form is not None), None)


def _say_term(term: Term) -> str:
    row = term.row
    what = (row.role or "/".join(row.code or row.label or row.kind or [])) if row else ""
    return " ".join(x for x in (term.form, what, "/".join(term.column or []), term.figure) if x)


def bind(document: ParsedDocument, catalogue: Catalogue | None = None) -> list[Bound]:
    """Every instance of every identity, bound to the cells of the document, not yet judged."""
    return Binder(document, catalogue or load_catalogue()).bind()


__all__ = ["Binder", "Bound", "BoundTerm", "Steps", "Unbound", "bind"]
