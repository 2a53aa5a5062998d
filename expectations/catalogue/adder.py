"""Decimals in Python: is a bound identity exact, within rounding, or violated?

Every printed figure is rounded half up on its own from an unrounded one. With m rounded figures
of step u in an identity, both signs present, |difference| < m·u/2, so at most ⌊(m-1)/2⌋·u: with
n = m-1 addends of one total, u·⌊n/2⌋. One rounded figure against exact ones: half a step. Changes
over the year before are differences of two printed years, each with a tail of its own: 2u·⌊n/2⌋.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from expectations.catalogue.binder import Bound, BoundTerm
from expectations.catalogue.schema import Steps, Tolerance, need
from expectations.catalogue.statements import MONEY, statements
from parsers.document import IdentityInstance, Outcome

ZERO = Decimal(0)
HUNDRED = Decimal(100)
BLANK = "两边均为空白"


def rounding_bound(steps: Sequence[Decimal]) -> Decimal:
    """Largest |difference| that rounding alone explains; ``steps``: of the rounded figures, 元.

    A multiple of the finest step that stays below half the sum of the steps; half the step
    itself (inclusive) where only one figure is rounded.
    """
    if not steps:
        return ZERO
    if len(steps) == 1:
        return steps[0] / 2
    half, finest = sum(steps, ZERO) / 2, min(steps)
    return ((half / finest).to_integral_value(ROUND_CEILING) - 1) * finest


def _rounded(terms: Iterable[BoundTerm]) -> list[Decimal]:
    return [t.step for t in terms if t.value is not None and t.step > 0]


def _finest(terms: Sequence[BoundTerm]) -> Decimal:
    return min([t.step for t in terms if t.step > 0], default=ZERO)


def _printed_steps(terms: Sequence[BoundTerm]) -> list[Decimal]:
    """Steps as printed: 39.5 in a text has step 0.1."""
    return [t.coarse or t.step for t in terms if t.value is not None and t.step > 0]


def tolerance_of(rule: Tolerance, terms: Sequence[BoundTerm]) -> Decimal:
    """The allowed difference of a linear identity, in 元."""
    if isinstance(rule, Steps):
        return rule.yuan if rule.yuan is not None else _finest(terms) * (rule.steps or 0)
    if rule in ("copy", "exact"):
        return ZERO
    if rule == "half_step":
        return rounding_bound(_printed_steps(terms))
    return rounding_bound(_rounded(terms))


def _sum(terms: Iterable[BoundTerm], side: str) -> Decimal:
    return sum((t.sign * t.value for t in terms if t.side == side and t.value is not None), ZERO)


def evaluate(bound: Bound, *, keep_blanks: bool = False) -> IdentityInstance:
    """Judge one bound identity.

    ``left_yuan``, ``right_yuan``, ``difference_yuan`` = left - right and ``tolerance_yuan`` are
    in 元 (shares in percentage points, counts in their own unit). Terms that are blank are left
    out unless ``keep_blanks``: a blank adds nothing and its absence can lose nothing.
    """
    result = _judged(bound)
    if bound.is_check or result.outcome == "not_applicable":
        return result
    terms = bound.terms
    result.unit = unit_of(terms)
    result.terms = [t.term() for t in terms if keep_blanks or t.value is not None]
    result.pages = sorted({t.page for t in terms if t.page is not None and t.value is not None})
    if result.outcome == "violated":
        result.statement_1, result.statement_2 = statements(bound, "zh")
        result.statement_1_en, result.statement_2_en = statements(bound, "en")
    return result


def outcome_of(bound: Bound) -> Outcome:
    """The outcome alone, for whoever tries many figures: terms and statements cost more than the
    sums."""
    return _judged(bound).outcome


def _judged(bound: Bound) -> IdentityInstance:
    """The outcome and its sums, without terms and statements."""
    result = IdentityInstance(
        identity=bound.identity.id,
        instance=bound.instance,
        severity=bound.identity.severity,
        relation=bound.relation,
        outcome="not_applicable",
        kind="outcome" if bound.is_check or _non_linear(bound.tolerance) else "sum",
        reason=bound.reason,
        terms=[],
        pages=[],
    )
    if bound.is_check:
        _check(bound, result)
        return result
    if bound.reason is not None:
        return result
    if all(t.value is None or t.ref.form == "A" for t in bound.terms):
        result.reason = BLANK
    elif bound.tolerance == "share":
        _share(bound, result)
    elif bound.tolerance == "rate":
        _rate(bound, result)
    else:
        _linear(bound, result)
    return result


def unit_of(terms: Sequence[BoundTerm]) -> str | None:
    """What the sides are counted in: 元 where they are money, whatever unit is printed."""
    unit = next((t.unit for t in terms if t.value is not None), None)
    return "元" if unit in MONEY else unit


def _non_linear(rule: Tolerance) -> bool:
    return rule in ("share", "rate")


def _linear(bound: Bound, result: IdentityInstance) -> None:
    terms = bound.terms
    left, right = _sum(terms, "L"), _sum(terms, "R")
    difference = left - right
    if bound.tolerance == "share_sum":
        steps = _rounded(terms)
        tolerance = max(steps, default=ZERO) * (len(steps) // 2)
        result.addends = len(steps)
    elif bound.tolerance == "change":
        result.addends = max(len(_rounded(terms)) - 1, 0) + bound.unstated
        tolerance = 2 * (result.addends // 2) * _finest(terms)
    else:
        tolerance = tolerance_of(bound.tolerance, terms)
        result.addends = max(len(_rounded(terms)) - 1, 0)
    beyond = {"=": abs(difference), "<=": difference, ">=": -difference}[bound.relation]
    result.left_yuan, result.right_yuan = left, right
    result.difference_yuan, result.tolerance_yuan = difference, tolerance
    result.outcome = "exact" if beyond <= 0 else "rounding" if beyond <= tolerance else "violated"


def _three(bound: Bound) -> tuple[BoundTerm, BoundTerm, BoundTerm] | None:
    left = [t for t in bound.terms if t.side == "L" and t.value is not None]
    right = [t for t in bound.terms if t.side == "R" and t.value is not None]
    return (left[0], right[0], right[1]) if (len(left), len(right)) == (1, 2) else None


def _share(bound: Bound, result: IdentityInstance) -> None:
    """left = 100 · part / whole, as printed: rounded to the printed decimals."""
    three = _three(bound)
    if three is None or not three[2].value:
        result.reason = "占比、分项与总额未全部公开"
        return
    share, part, whole = three
    a, b = need(part.value), need(whole.value)
    computed = HUNDRED * a / b
    low = HUNDRED * (a - part.step / 2) / (b + whole.step / 2)
    high = HUNDRED * (a + part.step / 2) / (b - whole.step / 2)
    _printed_ratio(result, share, computed, min(low, high), max(low, high))


def _rate(bound: Bound, result: IdentityInstance) -> None:
    """left = 100 · change / (current - change): growth over last year."""
    three = _three(bound)
    if three is None:
        result.reason = "增减率、增减额与本年数未全部公开"
        return
    rate, change, current = three
    delta = need(change.value)
    base = need(current.value) - delta
    if base <= 0:
        result.reason = "上年数为零或无法推算"
        return
    computed = HUNDRED * delta / base
    # the change is the difference of two rounded figures, the base is itself a rounded figure
    corners = [
        HUNDRED * (delta + i * change.step) / (base + j * current.step / 2)
        for i in (-1, 1)
        for j in (-1, 1)
        if base + j * current.step / 2 > 0
    ]
    _printed_ratio(result, rate, computed, min(corners), max(corners))


def _printed_ratio(
    result: IdentityInstance, printed: BoundTerm, computed: Decimal, low: Decimal, high: Decimal
) -> None:
    stated = need(printed.value)
    unit = Decimal(1).scaleb(-printed.decimals)
    result.left_yuan = stated
    result.right_yuan = computed.quantize(Decimal("0.000001"), ROUND_HALF_UP)
    result.difference_yuan = stated - result.right_yuan
    result.tolerance_yuan = unit / 2
    if computed.quantize(unit, ROUND_HALF_UP) == stated:
        result.outcome = "exact"
    elif low <= stated + unit / 2 and high >= stated - unit / 2:
        result.outcome = "rounding"
    else:
        result.outcome = "violated"


def _check(bound: Bound, result: IdentityInstance) -> None:
    if bound.verdict is None:
        return
    result.outcome = "exact" if bound.verdict else "violated"
    result.pages = bound.pages
    result.reason = None
    if not bound.verdict and bound.statements is not None:
        result.statement_1, result.statement_2 = bound.statements
        result.statement_1_en, result.statement_2_en = bound.statements_en or bound.statements


def evaluate_all(bounds: Sequence[Bound], *, keep_blanks: bool = False) -> list[IdentityInstance]:
    """Judge all; an alternative (``violated: …``) only where what it stands in for fails."""
    results: dict[int, IdentityInstance] = {}
    failed: set[str] = set()
    for place, bound in enumerate(bounds):
        if bound.after is None:
            result = results[place] = evaluate(bound, keep_blanks=keep_blanks)
            if result.outcome == "violated":
                failed.add(result.identity)
    for place, bound in enumerate(bounds):
        if bound.after is None:
            continue
        if bound.after not in failed and bound.reason is None:
            bound.reason = f"{bound.after} 成立，不需另行核对"
        results[place] = evaluate(bound, keep_blanks=keep_blanks)
    return [results[place] for place in range(len(bounds))]
