"""Downloads that broke off: what came is kept, and the rest is asked for (RFC 9110, 14.2).

A part is continued only where the server named the version by a strong validator (ETag, or a
Last-Modified that is older than a minute), and what follows says that it is of this version: some
servers know ranges and ignore If-Range. Two versions are never glued together.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

from requests.structures import CaseInsensitiveDict

__all__ = ["Part", "Parts", "validator_of", "whole_size"]

_KEPT_SECONDS = 30 * 24 * 3600
_RANGE = re.compile(r"bytes\s+(\d+)-(\d+)/(\d+|\*)", re.I)


@dataclass(frozen=True)
class Part:
    """The beginning of a body, the validator of the version that it belongs to, and the bytes of
    the whole where the server announced them."""

    data: bytes
    validator: str
    whole: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """What asks for the rest of this version, or else for the whole of the present one."""
        return {
            "Range": f"bytes={len(self.data)}-",
            "If-Range": self.validator,
            "Accept-Encoding": "identity",  # offsets count the file's own bytes
        }

    def is_continued_by(self, headers: CaseInsensitiveDict[str]) -> bool:
        """Whether an answer 206 begins where this part ends, in the same version.

        An answer 206 repeats the ETag that a whole one would have (RFC 9110, 15.3.7). It may
        leave Last-Modified out; then the size of the whole must be the one announced before.
        """
        given = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
        plain = headers.get("Content-Encoding", "identity").lower() == "identity"
        if given is None or not plain:
            return False
        whole = None if given[3] == "*" else int(given[3])
        if whole is not None and self.whole is not None and whole != self.whole:
            return False
        if self.validator.startswith('"'):
            same = headers.get("ETag") == self.validator
        elif "Last-Modified" in headers:
            same = headers["Last-Modified"] == self.validator
        else:
            same = whole is not None and whole == self.whole
        to_the_end = whole is None or int(given[2]) == whole - 1
        return same and int(given[1]) == len(self.data) and to_the_end


def whole_size(headers: CaseInsensitiveDict[str]) -> int | None:
    """The bytes of the whole file that an answer (200 or 206) announces."""
    given = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if given:
        return None if given[3] == "*" else int(given[3])
    length = headers.get("Content-Length", "")
    return int(length) if length.isdigit() else None


def validator_of(headers: CaseInsensitiveDict[str]) -> str | None:
    """The strong validator of an answer; None where its body cannot be continued."""
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        return None
    if headers.get("Accept-Ranges", "").strip().lower() == "none":
        return None
    etag = headers.get("ETag", "")
    if etag.startswith('"'):
        return etag
    modified, date = headers.get("Last-Modified"), headers.get("Date")
    if not modified or not date:
        return None
    try:
        age = parsedate_to_datetime(date) - parsedate_to_datetime(modified)
    except (ValueError, TypeError):
        return None
    return modified if age.total_seconds() >= 60 else None


class Parts:
    """Parts by address: in a folder of this machine (they outlive a kill), else in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._held: dict[str, Part] = {}

    def get(self, url: str) -> Part | None:
        if self._folder is None:
            return self._held.get(url)
        try:
            head, _, data = self._path(self._folder, url).read_bytes().partition(b"\n")
            told = json.loads(head)
            if told["url"] != url or told["size"] != len(data):
                return None  # torn by a kill
            whole = told.get("whole")
            return Part(data, str(told["validator"]), whole if isinstance(whole, int) else None)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def keep(self, url: str, part: Part) -> None:
        if self._folder is None:
            self._held[url] = part
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        told = {"url": url, "size": len(part.data)}
        head = json.dumps(told | {"validator": part.validator, "whole": part.whole})
        self._path(self._folder, url).write_bytes(head.encode() + b"\n" + part.data)

    def drop(self, url: str) -> None:
        self._held.pop(url, None)
        if self._folder is not None:
            self._path(self._folder, url).unlink(missing_ok=True)

    def tidy(self) -> None:
        """Remove parts that nobody continued for a month."""
        if self._folder is None or not self._folder.is_dir():
            return
        for path in self._folder.glob("*.part"):
            if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                path.unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, url: str) -> Path:
        return folder / f"{hashlib.sha256(url.encode()).hexdigest()}.part"
