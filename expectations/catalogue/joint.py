"""J01 joint rounding feasibility (联合舍入可行性): one unrounded vector behind all figures.

Each printed figure v of step u stands for some x in [v - u/2, v + u/2]. Single identities allow
each other's tails; only one vector x that satisfies all of them exactly proves that no error hides
in the tolerances. A linear programme asks for it (HiGHS): minimise the slack.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from expectations.catalogue.binder import Bound
from expectations.catalogue.schema import Identity
from parsers.document import IdentityInstance

FAMILIES = ("R", "C", "H", "X")
ENOUGH = 1e-6
MANY = 5


def joint_feasibility(
    identity: Identity, bounds: Sequence[Bound], results: Sequence[IdentityInstance]
) -> IdentityInstance:
    """The outcome of J01 for a document.

    Not applicable where a hard identity of the forms is violated on its own: then the joint test
    says nothing more. ``difference_yuan`` is the least total slack in 元 that would be needed.
    """
    found = IdentityInstance(
        identity=identity.id,
        instance="全部线性勾稽关系",
        severity=identity.severity,
        outcome="not_applicable",
        kind="outcome",
    )
    chosen = [
        b
        for b, r in zip(bounds, results, strict=False)
        if b.identity.family in FAMILIES
        and b.identity.severity == "hard"
        and r.outcome in ("exact", "rounding")
        and r.kind == "sum"
    ]
    if any(
        r.outcome == "violated" and r.severity == "hard" and r.identity[0] in FAMILIES
        for r in results
    ):
        found.reason = "已有单条勾稽关系不成立"
        return found
    if not chosen:
        found.reason = "没有可联合核对的勾稽关系"
        return found
    slack, worst = _least_slack(chosen)
    found.unit = "元"
    found.difference_yuan = Decimal(str(round(slack, 4)))
    found.tolerance_yuan = Decimal(0)
    found.addends = len(chosen)
    found.outcome = "exact" if slack <= ENOUGH * len(chosen) else "violated"
    if found.outcome == "violated":
        found.statement_1 = f"{len(chosen)} 条勾稽关系各自在尾差之内"
        found.statement_2 = (
            f"没有一组未舍入的数能同时满足全部关系，至少相差 {slack:.2f} 元；涉及 "
            + "、".join(f"{b.identity.id} {b.instance}" for b in worst[:MANY])
        )
        found.statement_1_en = f"{len(chosen)} identities each hold within rounding"
        found.statement_2_en = (
            f"no unrounded figures satisfy all of them: they miss by {slack:.2f} 元 at least; "
            "concerned: " + ", ".join(f"{b.identity.id} {b.instance}" for b in worst[:MANY])
        )
        found.pages = sorted({t.page for b in worst for t in b.terms if t.page is not None})
    return found


def _least_slack(bounds: Sequence[Bound]) -> tuple[float, list[Bound]]:
    """Least Σ|slack| in 元 with every figure inside its rounding interval, and who needs it."""
    import numpy as np
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    place: dict[tuple[str, int | None, int | None], int] = {}
    low: list[float] = []
    high: list[float] = []
    rows: list[int] = []
    columns: list[int] = []
    data: list[float] = []
    for i, bound in enumerate(bounds):
        for term in bound.terms:
            if term.value is None:
                continue
            key = (term.ref.form, term.ref.row, term.ref.column)
            j = place.setdefault(key, len(place))
            if j == len(low):
                low.append(float(term.value - term.step / 2))
                high.append(float(term.value + term.step / 2))
            rows.append(i)
            columns.append(j)
            data.append(float(term.sign if term.side == "L" else -term.sign))
    n, m = len(place), len(bounds)
    # each identity may miss by p - q, p and q ≥ 0: an inequality has one of them for nothing
    cost = [0.0] * n
    for i, bound in enumerate(bounds):
        for sign in (-1.0, 1.0):
            rows.append(i)
            columns.append(len(cost))
            data.append(sign)
            free = (bound.relation == ">=" and sign < 0) or (bound.relation == "<=" and sign > 0)
            cost.append(0.0 if free else 1.0)
    matrix = coo_array((data, (rows, columns)), shape=(m, len(cost))).tocsr()
    limits = [*zip(low, high, strict=True), *((0.0, None) for _ in range(2 * m))]
    answer = linprog(cost, A_eq=matrix, b_eq=np.zeros(m), bounds=limits, method="highs")
    if answer.x is None:
        return float("inf"), list(bounds)
    short = answer.x[n::2], answer.x[n + 1 :: 2]
    worst = [
        bound
        for i, bound in enumerate(bounds)
        if cost[n + 2 * i] * short[0][i] + cost[n + 2 * i + 1] * short[1][i] > ENOUGH
    ]
    return float(answer.fun), worst
