"""What may be shown (个人信息、密级、敏感主题): the rules of law and ethics, in one place.

Two audiences: ``public`` (the default: nothing can reach the public by forgetting a setting) and
``internal``. Personal data is masked, a classification mark holds the pictures back, and small
groups of persons are not shown, in both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "Audience",
    "ImageDecision",
    "Policy",
    "PolicyError",
    "hide_small_groups",
    "load_image_decisions",
]

Audience = Literal["public", "internal"]
FILE = "images.yml"
WITHHELD = "（公开版不列名）"


class PolicyError(ValueError):
    """A decision on pictures that is not understood: names the file, the entry, what is wrong."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    not_restricted: list[str]
    least_persons: int = Field(ge=1)


@cache
def _declared() -> _Declared:
    """``policy.yml``, checked."""
    path = Path(__file__).with_name("policy.yml")
    return _Declared.model_validate(yaml.safe_load(path.read_text("utf-8")))


@dataclass(frozen=True)
class Policy:
    """Who the build is for, and the patterns of the restricted topics (``marts.dim_topic``)."""

    audience: Audience
    patterns: tuple[str, ...]

    @property
    def hides(self) -> bool:
        """Are names of restricted topics kept back?"""
        return self.audience == "public"

    def is_restricted(self, text: str | None) -> bool:
        """Is it a name to keep back? Blanks between the characters hide nothing."""
        if not self.hides or not text:
            return False
        bare = "".join(text.split())
        for harmless in _declared().not_restricted:
            bare = bare.replace(harmless, "")
        return any(re.search(pattern, bare) for pattern in self.patterns)

    def shown(self, text: str | None) -> str:
        """A published text as this build tells it."""
        if self.is_restricted(text):
            return WITHHELD
        return hide_small_groups(text or "")


_PERSONS = re.compile(r"(?<![\d.,])(\d{1,3})(?=\s*(?:人|名)(?!次|均|民|大|才))")


def hide_small_groups(text: str) -> str:
    """Groups of persons below the least size say only that they are small (少于5人)."""
    least = _declared().least_persons

    def shown(match: re.Match[str]) -> str:
        return f"少于{least}" if 0 < int(match.group(1)) < least else match.group(1)

    return _PERSONS.sub(shown, text)


class ImageDecision(BaseModel):
    """A person's decision on the pictures of one file (``decisions/images.yml``).

    ``show: true`` releases a file held back for a classification mark; ``false`` holds one back.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    file_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    show: bool
    why: str = Field(min_length=1)
    who: str = Field(min_length=1)
    when: datetime


def load_image_decisions(decisions: Path) -> dict[str, ImageDecision]:
    """The last decision on each file, by its fingerprint. No file: none.

    Raises PolicyError where an entry is not understood: nothing is shown by mistake.
    """
    path = decisions / FILE
    if not path.exists():
        return {}
    try:
        held: Any = yaml.safe_load(path.read_text("utf-8")) or []
    except yaml.YAMLError as error:
        raise PolicyError(f"{path} is not YAML: {error}") from None
    if not isinstance(held, list):
        raise PolicyError(f"{path}: a list of decisions is wanted")
    found: dict[str, ImageDecision] = {}
    for number, entry in enumerate(held, 1):
        try:
            one = ImageDecision.model_validate(entry)
        except ValidationError as error:
            first = error.errors()[0]
            said = f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
            raise PolicyError(f"{path}: entry {number}: {said}") from None
        found[one.file_sha256] = one
    return found
