"""Identities that are no sums: sets, names, numbers of forms, years, order.

Each check gives one result an instance. They are landed as outcomes (no terms to recompute).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from expectations.catalogue.binder import Binder
    from expectations.catalogue.schema import Binding


@dataclass(slots=True)
class CheckResult:
    """``holds`` null: not applicable, ``reason`` says why."""

    instance: str
    holds: bool | None
    reason: str | None = None
    statements: tuple[str, str] | None = None
    statements_en: tuple[str, str] | None = None
    pages: list[int] = field(default_factory=list)


Check = Callable[["Binder", "Binding"], Iterator[CheckResult]]
CHECKS: dict[str, Check] = {}


def check(name: str) -> Callable[[Check], Check]:
    def register(function: Check) -> Check:
        CHECKS[name] = function
        return function

    return register


def run_check(name: str, binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """The results of a named check. Raises KeyError for a name that no check carries."""
    return CHECKS[name](binder, binding)


@check("joint")
def joint(binder: Binder, binding: Binding) -> Iterator[CheckResult]:
    """J01 needs all other outcomes: ``verdict`` adds it after they are known."""
    yield from ()
