"""Reviewed decisions that the warehouse carries out (人工复核决定): which names are one body, which
findings are explained. They are YAML beside the data, versioned, written by people.

``organisations.yml``: a list of entries ``{county_code, name, same_as?, predecessor?,
change_kind?, since?}``. ``same_as``: another name of the same body. ``predecessor``: the body it
came from (改名, 合并, 分设), with ``change_kind`` renamed | merged | split and the year ``since``.
``acknowledgements.yml``: a list of ``{finding_id, content_id, status, reason, decided_on}`` with
status acknowledged (已说明) or resolved (已解决). ``content_id`` names what the finding said: when it
says something else, the decision no longer holds and it is told again. ``budgets findings show``
prints the entry.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Literal, Self, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

__all__ = ["Acknowledgement", "DecisionsError", "OrganisationLink", "load_decisions"]


class DecisionsError(ValueError):
    """A decisions file that cannot be used: names file, entry, field and what is wanted."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganisationLink(_Entry):
    county_code: str = Field(pattern=r"^\d{6}$")
    name: str = Field(min_length=2, description="as printed")
    same_as: str | None = Field(default=None, min_length=2)
    predecessor: str | None = Field(default=None, min_length=2)
    change_kind: Literal["renamed", "merged", "split"] | None = None
    since: int | None = Field(default=None, ge=1990, le=2100)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if (self.same_as is None) == (self.predecessor is None):
            raise ValueError("give same_as or predecessor, one of them")
        if self.predecessor is not None and self.change_kind is None:
            raise ValueError("a predecessor wants a change_kind: renamed, merged or split")
        return self


class Acknowledgement(_Entry):
    finding_id: str = Field(pattern=r"^n[0-9a-f]{19}$")
    content_id: str = Field(pattern=r"^[0-9a-f]{12}$", description="what it said")
    status: Literal["acknowledged", "resolved"]
    reason: str = Field(min_length=2)
    decided_on: date


EntryT = TypeVar("EntryT", bound=_Entry)


def _load(path: Path, model: type[EntryT]) -> list[EntryT]:
    if not path.exists():
        return []
    try:
        listed = yaml.safe_load(path.read_text(encoding="utf-8")) or []
    except yaml.YAMLError as error:
        raise DecisionsError(f"{path} is not YAML: {error}") from error
    if not isinstance(listed, list):
        raise DecisionsError(f"{path}: a list of entries is wanted")
    entries = []
    for number, given in enumerate(listed, 1):
        try:
            entries.append(model.model_validate(given))
        except ValidationError as error:
            wrong = "; ".join(
                f"{'.'.join(map(str, p['loc'])) or 'entry'}: {p['msg']}" for p in error.errors()
            )
            raise DecisionsError(f"{path}, entry {number}: {wrong}") from error
    return entries


def load_decisions(folder: Path) -> tuple[list[OrganisationLink], list[Acknowledgement]]:
    """Both files of the folder; no file, no decisions. Raises DecisionsError."""
    links = _load(folder / "organisations.yml", OrganisationLink)
    seen: set[tuple[str, str]] = set()
    for link in links:
        if link.same_as is not None:
            if (link.county_code, link.name) in seen:
                raise DecisionsError(
                    f"{folder / 'organisations.yml'}: {link.name} is said twice to be another "
                    "body; keep one entry"
                )
            seen.add((link.county_code, link.name))
    for link in links:
        if link.same_as is not None and (link.county_code, link.same_as) in seen:
            raise DecisionsError(
                f"{folder / 'organisations.yml'}: {link.name} → {link.same_as} is a chain; name "
                "the last body in each entry"
            )
    return links, _load(folder / "acknowledgements.yml", Acknowledgement)
