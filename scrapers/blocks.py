"""Recognise block pages and fakes by the rules of ``blocks.yml``."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from scrapers.archive import Outcome

__all__ = ["BlockRule", "block_rules", "recognise_block"]


class BlockRule(BaseModel):
    """One recognisable page that stands in place of what was asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    outcome: Literal[Outcome.BLOCKED, Outcome.DEAD_LINK]
    zh: str
    en: str
    status: tuple[int, ...] = ()
    max_bytes: int | None = None
    all: tuple[re.Pattern[str], ...] = ()
    any: tuple[re.Pattern[str], ...] = ()

    def applies(self, status: int, size: int, text: str) -> bool:
        if self.status and status not in self.status:
            return False
        if self.max_bytes is not None and size > self.max_bytes:
            return False
        if not (self.status or self.all or self.any):
            return False
        return all(_found(p, text) for p in self.all) and (
            not self.any or any(_found(p, text) for p in self.any)
        )


def _found(pattern: re.Pattern[str], text: str) -> bool:
    return re.search(pattern.pattern, text, re.I | re.S) is not None


@cache
def block_rules() -> tuple[BlockRule, ...]:
    raw = yaml.safe_load((resources.files("scrapers") / "blocks.yml").read_text(encoding="utf-8"))
    return tuple(BlockRule.model_validate(rule) for rule in raw)


def recognise_block(status: int, text: str, size: int | None = None) -> BlockRule | None:
    """The first rule that fits a response, or None.

    ``text`` is the decoded body (empty for a body that is no text), ``size`` its bytes.
    """
    length = len(text.encode()) if size is None else size
    return next((rule for rule in block_rules() if rule.applies(status, length, text)), None)
