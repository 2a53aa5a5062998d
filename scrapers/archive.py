"""The archive: every original once under its SHA-256, and one row for every fetch.

Layout below the store's root::

    archive/objects/ab/<sha256>                          bytes, written once, never changed
    archive/fetches/dt=YYYY-MM-DD/<host>-<run_id>.jsonl  one FetchRow a line
    archive/tombstones/<sha256>.json                     bytes that were lawfully removed: never again

An object is written before the row that names it, so a row never points at nothing; a kill
between the two leaves an object without a row, which the next crawl simply finds again.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer, ValidationError

from scrapers.filetype import is_container_type, is_document_type, kind_of_file
from scrapers.site import host_of
from store import Store

__all__ = [
    "Archive",
    "ArchiveDamagedError",
    "ArchiveReport",
    "FetchRow",
    "HostState",
    "Outcome",
    "Role",
    "Seen",
    "Tombstone",
]

log = logging.getLogger(__name__)

Role = Literal["robots", "listing", "article", "attachment", "local", "member"]
"""``member``: a file inside a zip, rar or 7z that was fetched (``scrapers.containers``)."""

LOCAL_HOST = "local"


class Outcome(StrEnum):
    """How a fetch ended. Declared here once, with its wording in Chinese and English."""

    zh: str
    en: str

    def __new__(cls, value: str, zh: str, en: str) -> Outcome:
        member = str.__new__(cls, value)
        member._value_ = value
        member.zh, member.en = zh, en
        return member

    NEW = "new", "新文件", "bytes never seen before, stored"
    UNCHANGED = "unchanged", "未变化", "not modified since the last fetch (304, or the same bytes)"
    DUPLICATE = "duplicate", "重复文件", "the same bytes are already stored under another address"
    LISTING_OK = "listing_ok", "列表已读", "a list page was read"
    ARTICLE_OK = (
        "article_ok",
        "文章已读",
        "an article was read and everything it offers was asked for",
    )
    NO_ATTACHMENT = (
        "no_attachment",
        "无附件",
        "an article that offers no file (a notice, or text only)",
    )
    ROBOTS_ABSENT = (
        "robots_absent",
        "无 robots 文件",
        "the host states no robots rules: all is allowed",
    )
    BLOCKED = (
        "blocked",
        "被拦截",
        "a gate (challenge, firewall, default page) stands before the page",
    )
    NOT_A_DOCUMENT = (
        "not_a_document",
        "不是文件",
        "what came is no document, e.g. an HTML page named .pdf",
    )
    UNREADABLE = (
        "unreadable",
        "页面无法识别",
        "a page that the site's family cannot read, e.g. a list filled by a script",
    )
    DEAD_LINK = (
        "dead_link",
        "链接失效",
        "the page or file is gone (404, or the home page in its place)",
    )
    REFUSED = (
        "refused",
        "未请求",
        "we did not ask or keep it: robots.txt, a private address, the scheme or the size",
    )
    FORGOTTEN = (
        "forgotten",
        "已依法移除",
        "bytes that were removed by law (a tombstone stands for them): met, and not stored",
    )
    TRUNCATED = "truncated", "下载不完整", "fewer bytes came than were announced"
    ERROR = "error", "请求失败", "the network or the server failed, also after retries"

    @property
    def is_ok(self) -> bool:
        """The server answered with what was asked for."""
        return self in _OK

    @property
    def has_object(self) -> bool:
        """The row's bytes are in the archive."""
        return self in _STORED


_STORED = frozenset(
    {
        Outcome.NEW,
        Outcome.UNCHANGED,
        Outcome.DUPLICATE,
        Outcome.LISTING_OK,
        Outcome.ARTICLE_OK,
        Outcome.NO_ATTACHMENT,
    }
)
_OK = _STORED | {Outcome.ROBOTS_ABSENT, Outcome.FORGOTTEN}


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


UtcDatetime = Annotated[AwareDatetime, PlainSerializer(_iso, return_type=str)]


class FetchRow(BaseModel):
    """What became of one request (or of one locally ingested file).

    ``site`` is the portal's host, ``county`` its county's name. ``reason`` says what is
    wrong, where, and what to do; it is null where nothing is. ``size`` is in bytes,
    ``media_type`` what the bytes are (never what the server called them).
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    fetched_at: UtcDatetime
    run_id: str
    site: str
    county_code: str | None = None
    county: str | None = None
    role: Role
    url: str
    final_url: str | None = None
    listing_url: str | None = None
    article_url: str | None = None
    article_title: str | None = None
    link_text: str | None = None
    column_holds: str | None = None
    column_scope: str | None = None
    status: int | None = None
    outcome: Outcome
    reason: str | None = None
    sha256: str | None = None
    media_type: str | None = None
    size: int | None = None
    file_name: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    published_on: date | None = None
    duration_ms: int = Field(default=0, ge=0)
    parent_sha256: str | None = None
    """Role member: the container the file lay in, and where in it (``a.zip!/b.pdf`` deeper)."""
    member_path: str | None = None


class Tombstone(BaseModel):
    """What is left of bytes that were lawfully removed (依法移除). No content, on purpose."""

    model_config = ConfigDict(frozen=True)

    sha256: str
    why: str
    who: str
    when: UtcDatetime


class ArchiveDamagedError(Exception):
    """An archived object is missing or is not what its name says."""


@dataclass
class ArchiveReport:
    """What hashing everything again found. ``is_whole`` where nothing is wrong.

    ``changed``: SHA-256 → path of objects with other bytes; ``missing``: SHA-256 → URL of a
    row whose object is not there; ``misnamed``: paths that no object may have; ``orphans``:
    objects that no row names (a kill between the two writes: harmless).
    """

    objects: int = 0
    size: int = 0
    rows: int = 0
    changed: dict[str, str] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    misnamed: list[str] = field(default_factory=list)
    orphans: int = 0

    @property
    def is_whole(self) -> bool:
        return not (self.changed or self.missing or self.misnamed)


@dataclass
class Seen:
    """What earlier fetches of one URL left: enough for a conditional request."""

    last: FetchRow
    good: FetchRow | None = None
    failures: int = 0
    """Fetches in a row that went wrong (or brought a damaged file)."""
    link_texts: set[str] = field(default_factory=set)

    @property
    def sha256(self) -> str | None:
        return self.good.sha256 if self.good else None

    def add(self, row: FetchRow) -> None:
        self.last = row
        if row.link_text:
            self.link_texts.add(row.link_text)
        if row.outcome.is_ok:
            self.good = row
        # A file that was published damaged is stored, but looked for again like a failure.
        is_damaged = row.role == "attachment" and row.reason is not None
        self.failures = 0 if row.outcome.is_ok and not is_damaged else self.failures + 1


class HostState:
    """Everything known of one crawled host, by URL and by bytes."""

    def __init__(self) -> None:
        self.by_url: dict[str, Seen] = {}
        self.urls_of: dict[str, set[str]] = {}

    def add(self, row: FetchRow) -> None:
        seen = self.by_url.get(row.url)
        if seen is None:
            seen = self.by_url[row.url] = Seen(row)
        seen.add(row)
        if row.sha256 and row.outcome.has_object:
            self.urls_of.setdefault(row.sha256, set()).add(row.url)


class Archive:
    """Originals and fetch rows in a :class:`store.Store` (a local folder or an fsspec URL)."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._states: dict[str, HostState] = {}
        self._stored: set[str] | None = None

    # objects

    @staticmethod
    def _object_path(sha256: str) -> str:
        if not re.fullmatch(r"[0-9a-f]{64}", sha256):
            raise ValueError(f"not a SHA-256 in lower-case hex: {sha256!r}")
        return f"archive/objects/{sha256[:2]}/{sha256}"

    def put(self, data: bytes) -> str:
        """Store bytes under their SHA-256 (once) and return it. Forgotten bytes are not stored."""
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._object_path(sha256)
        if not self.store.exists(path) and not self.is_forgotten(sha256):
            self.store.write_bytes(path, data)
        return sha256

    # lawful removal

    @staticmethod
    def _tombstone_path(sha256: str) -> str:
        return f"archive/tombstones/{sha256}.json"

    def is_forgotten(self, sha256: str) -> bool:
        return self.store.exists(self._tombstone_path(sha256))

    def tombstones(self) -> list[Tombstone]:
        """Everything that was lawfully removed."""
        found = self.store.list("archive/tombstones", ".json")
        return [Tombstone.model_validate_json(self.store.read_bytes(path)) for path in found]

    def kin(self, sha256: str) -> list[str]:
        """The file, every container (zip, rar, 7z) it lies in, and what lies in it."""
        inside: dict[str, set[str]] = {}
        around: dict[str, set[str]] = {}
        for row in self.rows():
            if row.role == "member" and row.sha256 and row.parent_sha256:
                inside.setdefault(row.parent_sha256, set()).add(row.sha256)
                around.setdefault(row.sha256, set()).add(row.parent_sha256)
        found = {sha256}
        for links in (inside, around):
            waiting = [sha256]
            while waiting:
                fresh = links.get(waiting.pop(), set()) - found
                found |= fresh
                waiting += fresh
        return sorted(found)

    def forget(self, sha256: str, *, why: str, who: str, now: datetime) -> Tombstone:
        """Remove an original for good: the tombstone first, then its rows' outcome, then the bytes.

        The first tombstone of some bytes stays as it is. Rows keep address and time, so that it
        can still be told that the file was met. Run it while nothing crawls: rows are rewritten.
        """
        path = self._tombstone_path(sha256)
        self._object_path(sha256)  # no other name becomes a path
        if not self.store.exists(path):
            stone = Tombstone(sha256=sha256, why=why, who=who, when=now)
            self.store.write_bytes(path, stone.model_dump_json(indent=1).encode())
        for rows in list(self.store.list("archive/fetches", ".jsonl")):
            data = self.store.read_bytes(rows)
            if sha256.encode() not in data:
                continue
            lines = [_forgotten_line(line, sha256) for line in data.split(b"\n")]
            if (after := b"\n".join(lines)) != data:
                self.store.write_bytes(rows, after)
        if self.has(sha256):
            self.store.delete(self._object_path(sha256))
        self._states.clear()
        self._stored = None
        return Tombstone.model_validate_json(self.store.read_bytes(path))

    def has(self, sha256: str) -> bool:
        return self.store.exists(self._object_path(sha256))

    def get(self, sha256: str) -> bytes:
        """The bytes of an object.

        Raises:
            ArchiveDamagedError: the object is missing, or its bytes have another SHA-256.
        """
        path = self._object_path(sha256)
        try:
            data = self.store.read_bytes(path)
        except FileNotFoundError as error:
            raise ArchiveDamagedError(
                f"the object is missing ({self.store.root}/{path}). Restore it from a backup; if "
                "there is none, delete its fetch rows so that the next crawl fetches it again."
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ArchiveDamagedError(
                f"the object's bytes have changed on disk ({self.store.root}/{path}). Restore the "
                "file from a backup, or delete it and its fetch rows to have it fetched again."
            )
        return data

    # rows

    @staticmethod
    def _rows_path(row: FetchRow) -> str:
        day = row.fetched_at.astimezone(UTC).date().isoformat()
        return f"archive/fetches/dt={day}/{_in_a_name(row.site)}-{_in_a_name(row.run_id)}.jsonl"

    def record(self, row: FetchRow) -> FetchRow:
        """Append a row durably, and give it as it was recorded.

        Its object, where it has one, is already stored. A row of forgotten bytes says so.
        """
        if row.sha256 and row.outcome.has_object and self.is_forgotten(row.sha256):
            row = row.model_copy(update={"outcome": Outcome.FORGOTTEN, "reason": None})
        if row.sha256 and row.outcome.has_object and not self.has(row.sha256):
            raise ArchiveDamagedError(
                f"the row of {row.url} names an object that is not stored ({row.sha256}). "
                "Store the bytes with put() before recording the row."
            )
        self.store.append_line(self._rows_path(row), row.model_dump_json())
        if row.site in self._states:
            self._states[row.site].add(row)
        if self._stored is not None and row.sha256 and row.outcome.has_object:
            self._stored.add(row.sha256)
        return row

    def rows(self, *, host: str | None = None) -> Iterator[FetchRow]:
        """Every row, day by day; with ``host`` only those of one crawled host.

        A line that cannot be read (a kill tore it) is skipped with a logged warning.
        """
        prefix = None if host is None else f"/{_in_a_name(host)}-"
        for path in self.store.list("archive/fetches", ".jsonl"):
            if prefix is not None and prefix not in path:
                continue
            for number, line in enumerate(self.store.read_bytes(path).split(b"\n"), start=1):
                if not line.strip():
                    continue
                try:
                    row = FetchRow.model_validate_json(line)
                except ValidationError:
                    log.warning(
                        "%s:%d is not a whole fetch row (torn by a kill?) and is skipped; "
                        "the fetch it told of will be made again",
                        path,
                        number,
                    )
                    continue
                if host is None or row.site == host:
                    yield row

    def documents(self) -> dict[str, list[FetchRow]]:
        """Stored documents: SHA-256 → every row in which these bytes appeared, oldest first.

        Attachments, locally ingested files and members of containers whose bytes are of a
        document's kind. A container is no document itself: its members are.
        """
        found: dict[str, list[FetchRow]] = {}
        for row in self.rows():
            if (
                row.role in {"attachment", "local", "member"}
                and row.sha256
                and row.outcome.has_object
                and is_document_type(row.media_type)
                and not is_container_type(row.media_type)
            ):
                found.setdefault(row.sha256, []).append(row)
        for appearances in found.values():
            appearances.sort(key=lambda row: row.fetched_at)
        return found

    def verify(self, progress: Callable[[int, int], None] | None = None) -> ArchiveReport:
        """Hash every object again and look for every object that a row names.

        Args:
            progress: called with (objects done, objects in all).
        """
        report = ArchiveReport()
        named: dict[str, str] = {}
        for row in self.rows():
            report.rows += 1
            if row.sha256 and row.outcome.has_object:
                named.setdefault(row.sha256, row.url)
        paths = list(self.store.list("archive/objects"))
        present: set[str] = set()
        for done, path in enumerate(paths, start=1):
            name = path.rpartition("/")[2]
            if not re.fullmatch(r"[0-9a-f]{64}", name) or path != self._object_path(name):
                report.misnamed.append(path)
                continue
            data = self.store.read_bytes(path)
            present.add(name)
            report.objects += 1
            report.size += len(data)
            if hashlib.sha256(data).hexdigest() != name:
                report.changed[name] = path
            if progress:
                progress(done, len(paths))
        report.missing = {sha: url for sha, url in named.items() if sha not in present}
        report.objects += len(report.missing)
        report.orphans = len(present - set(named))
        return report

    # what is known, for conditional requests and for "is this new?"

    def state(self, host: str) -> HostState:
        """The index of a crawled host: read once, then kept up with :meth:`record`."""
        if host not in self._states:
            state = HostState()
            for row in sorted(self.rows(host=host), key=lambda row: row.fetched_at):
                state.add(row)
            self._states[host] = state
        return self._states[host]

    def refresh(self, host: str) -> HostState:
        """Read the index anew: another process may have written since."""
        self._states.pop(host, None)
        self._stored = None
        return self.state(host)

    def last_seen(self, url: str, host: str | None = None) -> Seen | None:
        """What is known of a URL; ``host`` where it was met crawling another host."""
        return self.state(host or host_of(url)).by_url.get(url)

    def classify(self, sha256: str, url: str, host: str) -> Outcome:
        """new, unchanged or duplicate, for bytes that arrived from ``url``.

        Call it before :meth:`put`: bytes that no row tells of are new, also where a kill left
        their object behind.
        """
        state = self.state(host)
        seen = state.by_url.get(url)
        if seen and seen.sha256 == sha256:
            return Outcome.UNCHANGED
        if state.urls_of.get(sha256):
            return Outcome.DUPLICATE
        if not self.has(sha256):
            return Outcome.NEW
        if self._stored is None:  # rare: an orphan, or bytes that another host also publishes
            self._stored = {r.sha256 for r in self.rows() if r.sha256 and r.outcome.has_object}
        return Outcome.DUPLICATE if sha256 in self._stored else Outcome.NEW

    # files that people bring

    def put_local(
        self,
        source: Path | bytes,
        name: str | None = None,
        *,
        run_id: str,
        now: datetime | None = None,
        county_code: str | None = None,
        county: str | None = None,
    ) -> FetchRow:
        """Take in a file from this machine (role ``local``) and return its row.

        Its URL is ``local:<file name>``: the folder it lay in is nobody's business. A file
        that is no document is not stored; the row says so.

        Raises:
            OSError: the file cannot be read.
        """
        if isinstance(source, Path):
            data, name = source.read_bytes(), name or source.name
        else:
            data = source
        if not name:
            raise ValueError("bytes need a file name")
        url = f"local:{Path(name).name}"
        kind = kind_of_file(data, name)
        reason: str | None = None
        sha256: str | None = None
        if kind.is_document:
            outcome = self.classify(hashlib.sha256(data).hexdigest(), url, LOCAL_HOST)
            sha256 = self.put(data)
        else:
            outcome = Outcome.NOT_A_DOCUMENT
            reason = (
                f"{Path(name).name} holds {kind.media_type}, no document. "
                "Ingest PDF, Word, Excel, OFD, zip, rar or 7z files."
            )
        row = FetchRow(
            fetched_at=now or datetime.now(UTC),
            run_id=run_id,
            site=LOCAL_HOST,
            county_code=county_code,
            county=county,
            role="local",
            url=url,
            outcome=outcome,
            reason=reason,
            sha256=sha256,
            media_type=kind.media_type,
            size=len(data),
            file_name=Path(name).name,
        )
        return self.record(row)


def _forgotten_line(line: bytes, sha256: str) -> bytes:
    """A row of forgotten bytes says so from now on; every other line stays as it is."""
    if sha256.encode() not in line:
        return line
    try:
        row = FetchRow.model_validate_json(line)
    except ValidationError:
        return b""  # torn by a kill: nobody reads it, and it names what must not be named
    if row.sha256 != sha256 or not row.outcome.has_object:
        return line
    forgotten = row.model_copy(update={"outcome": Outcome.FORGOTTEN, "reason": None})
    return forgotten.model_dump_json().encode()


def _in_a_name(text: str) -> str:
    """A host or run id as part of a file name; ``-`` is kept for the separator's sake only."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", text)
