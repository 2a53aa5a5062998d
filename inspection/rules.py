"""``sheet.yml`` as types: the lines of the inspection sheet and its checks, declared once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

HERE = Path(__file__).resolve().parent

Kind = Literal["cover", "contents", "text", "form", "identities", "figures", "layout"]
Severity = Literal["must", "please"]


class Rule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LineRule(Rule):
    """One line of the sheet; ``form`` stands for a line for each form of the template."""

    id: str
    title: str
    kind: Kind
    heading: str | None = Field(default=None, description="regular expression, searched")
    optional: bool = Field(default=False, description="its absence is no defect")

    def begins(self, text: str) -> bool:
        return self.heading is not None and re.search(self.heading, text) is not None


class TemplateRule(Rule):
    lines: list[LineRule]


class CheckRule(Rule):
    id: str
    title: str
    says: str
    severity: Severity
    how: str
    line: str | None = None
    also: str | None = None
    together: str | None = None
    typeset: bool = Field(default=False, description="not asked of pages that are images")
    options: dict[str, str] = {}


class Rules(Rule):
    version: int
    severities: dict[Severity, str]
    templates: dict[str, TemplateRule]
    checks: list[CheckRule]
    identities: dict[str, str]

    def template(self, name: str | None) -> TemplateRule:
        return self.templates.get(name or "other", self.templates["other"])

    def line_of(self, identity: str) -> str:
        """Where an identity is told: the longest beginning of its id that is named."""
        known = [name for name in self.identities if identity.startswith(name)]
        return self.identities[max(known, key=len)] if known else "identities"


@cache
def rules() -> Rules:
    """The rules of this project. Raises pydantic's ValidationError where the file is wrong."""
    return Rules.model_validate(yaml.safe_load((HERE / "sheet.yml").read_text("utf-8")))
