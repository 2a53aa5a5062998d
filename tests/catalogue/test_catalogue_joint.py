"""J01: tails that are allowed one by one and impossible together."""

from __future__ import annotations

from decimal import Decimal

import pytest
from catalogue_invented import PLANS, invented

from expectations.catalogue import Bound, BoundTerm, evaluate, identities_of, load_catalogue
from expectations.catalogue.joint import joint_feasibility
from parsers.document import CellRef, IdentityInstance, ParsedDocument


def joint(document: ParsedDocument) -> tuple[IdentityInstance, list[IdentityInstance]]:
    found = identities_of(document)
    hard = [
        r for r in found if r.outcome == "violated" and r.severity == "hard" and r.identity != "J01"
    ]
    return next(r for r in found if r.identity == "J01"), hard


@pytest.mark.parametrize("name", list(PLANS))
def test_rounded_documents_have_an_unrounded_origin(name: str) -> None:
    result, _ = joint(invented(PLANS[name]))
    assert result.outcome == "exact"
    assert result.addends > 200


def bound(left: tuple[int, int], *right: tuple[int, int]) -> Bound:
    """row, printed steps of 0.01 万元 on both sides."""
    terms = [
        BoundTerm(
            side="R" if i else "L",
            sign=1,
            ref=CellRef(form="T03", row=row, column=2),
            value=Decimal(steps) * 100,
            step=Decimal(100),
            page=5,
            printed=str(steps),
            says="",
        )
        for i, (row, steps) in enumerate([left, *right])
    ]
    return Bound(load_catalogue()["C-T03"], f"{left}", "=", "sum", terms)


def test_tails_that_are_allowed_one_by_one_and_exclude_each_other_are_told() -> None:
    """x = a + b + 1 needs x not above its print, y = x + c + 1 not below: then y is at its low
    end, and z = x + y + 1 has nothing left to come from."""
    a, b, x, c, y, z = range(6)
    two = [
        bound((x, 21), (a, 10), (b, 10)),
        bound((y, 52), (x, 21), (c, 30)),
    ]
    third = bound((z, 74), (x, 21), (y, 52))
    other = bound((z, 73), (x, 21), (y, 52))
    for bounds, outcome in (
        (two, "exact"),
        ([*two, other], "exact"),
        ([*two, third], "violated"),
    ):
        singly = [evaluate(one) for one in bounds]
        assert {r.outcome for r in singly} <= {"exact", "rounding"}
        together = joint_feasibility(load_catalogue()["J01"], bounds, singly)
        assert together.outcome == outcome
    assert together.difference_yuan is not None
    assert together.difference_yuan > 0
    assert together.statement_2 is not None
    assert "C-T03" in together.statement_2
    assert together.pages == [5]


def test_a_violated_identity_leaves_nothing_to_the_joint_test() -> None:
    document = invented()
    cell = document.tables[5].cells[0][2]
    assert cell.amount is not None
    cell.amount += 5
    result, hard = joint(document)
    assert hard
    assert (result.outcome, result.reason) == ("not_applicable", "已有单条勾稽关系不成立")
