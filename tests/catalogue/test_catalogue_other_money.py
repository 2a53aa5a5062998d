"""Consistent documents with any kinds of money give no finding at all, hard or soft.

The invented department draws funds, carry-over, year-end carry-over, units, the zero that is
printed and what is published at random; every figure is rounded on its own from exact sums. What
disagrees then is a formula of the catalogue, not the document.
"""

from __future__ import annotations

import random

import pytest
from catalogue_invented import (  # type: ignore[import-not-found]
    FISCAL,
    GPB,
    OWN,
    UNITS,
    Plan,
    invented,
)

from expectations.catalogue import bind, evaluate_all
from parsers.document import IdentityInstance


def plan_of(seed: int) -> Plan:
    draw = random.Random(f"other money {seed}")
    others = [f for f in range(1, 5) if draw.random() < 0.5]
    funds = (GPB, *others)
    carried = tuple(f for f in funds if draw.random() < 0.4)
    if draw.random() < 0.15 and OWN not in carried:
        carried = (*carried, OWN)  # money that exists as carry-over only
    year_end = tuple(f for f in funds if draw.random() < 0.3) if draw.random() < 0.4 else ()
    return Plan(
        seed=draw.randrange(10**9),
        funds=funds,
        carried=carried,
        year_end=year_end,
        units=UNITS[: draw.randrange(1, 4)],
        three_public=draw.random() < 0.7,
        overall=draw.random() < 0.5,
        publish_all=draw.random() < 0.5,
    )


def found(plan: Plan) -> list[IdentityInstance]:
    return [r for r in evaluate_all(bind(invented(plan))) if r.outcome == "violated"]


@pytest.mark.parametrize("first", [0, 5, 10, 15, 20])
def test_a_consistent_document_gives_nothing(first: int) -> None:
    for seed in range(first, first + 5):
        plan = plan_of(seed)
        assert [(r.identity, r.instance) for r in found(plan)] == [], f"{seed}: {plan}"


@pytest.mark.full
@pytest.mark.parametrize("block", range(30))
def test_three_hundred_consistent_documents_give_nothing(block: int) -> None:
    for seed in range(100 + 10 * block, 110 + 10 * block):
        plan = plan_of(seed)
        assert [(r.identity, r.instance) for r in found(plan)] == [], f"{seed}: {plan}"


def test_the_plans_show_every_branch() -> None:
    plans = [plan_of(seed) for seed in range(25)]
    assert {f for p in plans for f in p.funds} == set(range(5))
    assert any(p.year_end for p in plans)
    assert any(set(p.carried) & set(FISCAL) for p in plans)
    assert any(OWN in p.carried and OWN not in p.funds for p in plans)
    assert {len(p.units) for p in plans} == {1, 2, 3}
