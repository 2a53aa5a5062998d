"""What a crawl has to tell its operator: each kind of warning once, in both languages.

The kinds are the anchors of the operator's runbook (``docs/runbook.md#<kind>``), where each says
what to look at and what to do.
"""

from __future__ import annotations

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

__all__ = ["RUNBOOK", "WARNING_KINDS", "HostWarning", "WarningKind"]

WarningKind = Literal[
    "nothing_listed",
    "too_few_entries",
    "too_many_entries",
    "column_moved",
    "list_unread",
    "list_blocked",
    "list_incomplete",
    "gave_up",
    "outside_window",
]

WARNING_KINDS: tuple[WarningKind, ...] = get_args(WarningKind)

RUNBOOK = "docs/runbook.md"


class HostWarning(BaseModel):
    """One thing that needs a person's look: its kind, the county's name, and the words."""

    model_config = ConfigDict(frozen=True)

    kind: WarningKind
    county: str | None = None
    zh: str
    en: str

    @property
    def runbook(self) -> str:
        return f"{RUNBOOK}#{self.kind}"
