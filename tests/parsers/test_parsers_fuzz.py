"""Every damaged file ends in an outcome that says what, where and what to do."""

from __future__ import annotations

import pytest

from benchmarks.fuzz import MUTATIONS, run
from parsers.worker import Limits

pytestmark = pytest.mark.slow


def test_every_kind_of_damage_ends_in_an_outcome() -> None:
    count = 3 * len(MUTATIONS)
    outcomes, wrong = run(count, seed=11, limits=Limits(seconds=20, megabytes=768))
    assert wrong == []
    assert sum(outcomes.values()) == count
    assert {m for m, _ in outcomes} == {m.__name__ for m in MUTATIONS}
    assert not any(o == "parsed" for m, o in outcomes if m == "other_file")
