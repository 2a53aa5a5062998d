"""Writing the site (``data/docs/evidence``): static, incremental, whole files only.

A document's pages and pictures are made again when what they show has changed: a key of the rows
published about it, of the decisions on it and of this room's code. Everything over several
documents is rendered each time and written only where it differs. So a second build of the same
publication writes nothing.

The rooms that hold originals and readings are not known here: the caller gives two functions.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evidence import documents
from evidence.documents import DocumentPages, Facts
from evidence.pages import site_pages
from evidence.policy import Audience, ImageDecision, load_image_decisions
from evidence.source import Document, Published
from parsers.document import ParseRecord
from parsers.worker import Limits
from warehouse.database import reader
from warehouse.layout import Layout

if TYPE_CHECKING:
    from expectations.findings import Finding

__all__ = ["SiteReport", "build_site", "site_path"]

STATE = ".state.json"
AT_ONCE = 16
"""Documents whose facts are held in memory at a time."""
Originals = Callable[[str], bytes]
Readings = Callable[[str, int], ParseRecord | None]
ROOM = Path(__file__).resolve().parent


@dataclass
class SiteReport:
    """What a build did. ``problems``: documents without pages, and why."""

    path: str = ""
    audience: str = "public"
    documents: int = 0
    built: int = 0
    pictures: int = 0
    written: int = 0
    removed: int = 0
    left_out: int = 0
    held_back: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def site_path(layout: Layout) -> Path:
    return layout.docs_path / "evidence"


@cache
def code_version() -> str:
    """Hash of this room and of what draws pages: changed code makes every page anew."""
    digest = hashlib.sha256()
    files = [p for p in sorted(ROOM.rglob("*")) if p.is_file() and "__pycache__" not in p.parts]
    files += [ROOM.parent / "parsers" / "render.py"]
    for path in files:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


class _Folder:
    """The site's folder: writes what differs, knows what belongs to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.kept: set[str] = set()
        self.written = 0

    def put(self, name: str, data: bytes) -> None:
        self.kept.add(name)
        path = self.root / name
        with suppress(OSError):
            if path.stat().st_size == len(data) and path.read_bytes() == data:
                return
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
        scratch.write_bytes(data)
        scratch.replace(path)
        self.written += 1

    def has(self, names: list[str]) -> bool:
        return all((self.root / name).is_file() for name in names)

    def sweep(self) -> int:
        """Remove what no page of this build is: withdrawn, forgotten, renamed."""
        removed = 0
        for path in sorted(self.root.rglob("*"), reverse=True):
            if path.is_dir():
                with suppress(OSError):
                    path.rmdir()
            elif path.relative_to(self.root).as_posix() not in self.kept | {STATE}:
                path.unlink()
                removed += 1
        return removed


def build_site(
    layout: Layout,
    *,
    originals: Originals,
    readings: Readings,
    audience: Audience = "public",
    decisions: Path | None = None,
    limits: Limits | None = None,
    workers: int = 2,
    progress: Callable[[str], None] | None = None,
) -> SiteReport:
    """Bring the site up to the published copy. Raises FileNotFoundError where none is published.

    ``originals`` gives an archived file's bytes by fingerprint; ``readings`` the record of a file
    as a parser version read it. A document that cannot be shown is told in ``problems``; the rest
    of the site is built all the same.
    """
    from expectations.findings import findings

    root = site_path(layout)
    root.mkdir(parents=True, exist_ok=True)
    folder = _Folder(root)
    report = SiteReport(path=str(root), audience=audience)
    with reader(layout) as connection:
        published = Published(connection, audience)
        report.documents, report.left_out = len(published.documents), published.left_out
        told = [f for f in findings(connection) if f.document_id in published.documents]
        chosen = load_image_decisions(decisions) if decisions is not None else {}
        by_document: dict[str, list[Finding]] = {}
        for one in told:
            by_document.setdefault(one.document_id, []).append(one)
        before = _read_state(root)
        keys = published.keys()
        after: dict[str, Any] = {}
        jobs: list[tuple[Document, str, Any]] = []
        for document_id, document in published.documents.items():
            key = _key(keys.get(document_id, ""), document, audience, chosen, by_document)
            held = before.get(document_id)
            if held and held["key"] == key and not held["problems"] and folder.has(held["files"]):
                after[document_id] = held
            else:
                jobs.append((document, key, held))

        def pages_of(job: tuple[Facts, str, Any]) -> tuple[str, dict[str, Any], int]:
            facts, key, held = job
            made = documents.make(
                facts,
                originals=originals,
                readings=readings,
                decision=chosen.get(facts.document.file_sha256),
                drawn_before=(held or {}).get("pictures"),
                has=folder.has,
                limits=limits,
            )
            entry = _store(folder, made, key)
            if progress:
                progress(facts.document.title)
            return facts.document.document_id, entry, made.drawn

        with ThreadPoolExecutor(workers, thread_name_prefix="evidence") as threads:
            for start in range(0, len(jobs), AT_ONCE):
                # questions are asked here, in one thread; reading, drawing and writing in several
                chosen_jobs = jobs[start : start + AT_ONCE]
                facts = documents.facts(published, [d for d, _, _ in chosen_jobs], by_document)
                asked = [
                    (about, key, held)
                    for about, (_, key, held) in zip(facts, chosen_jobs, strict=True)
                ]
                for document_id, entry, drawn in threads.map(pages_of, asked):
                    after[document_id] = entry
                    report.built += 1
                    report.pictures += drawn
        for document_id in sorted(after):
            folder.kept.update(after[document_id]["files"])
            title = published.documents[document_id].title
            if after[document_id]["held"]:
                report.held_back.append(f"{title}: {after[document_id]['held']}")
            report.problems += [f"{title}: {p}" for p in after[document_id]["problems"]]
        published_at = _published_at(layout)
        for name, data in site_pages(published, told, after, layout.docs_path, published_at):
            folder.put(name, data)
    for name, data in _assets():
        folder.put(name, data)
    report.removed = folder.sweep()
    _write_state(root, after)
    report.written = folder.written
    return report


def _key(
    published: str,
    document: Document,
    audience: Audience,
    chosen: Mapping[str, ImageDecision],
    findings: Mapping[str, list[Finding]],
) -> str:
    decision = chosen.get(document.file_sha256)
    said = [f.content_id + f.text + f.why for f in findings.get(document.document_id, [])]
    parts = [code_version(), audience, published, str(decision), *said]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _store(folder: _Folder, made: DocumentPages, key: str) -> dict[str, Any]:
    for name, data in made.files.items():
        folder.put(name, data)
    return {
        "key": key,
        "files": sorted({*made.files, *made.kept}),
        "pictures": made.pictures,
        "findings": made.findings,
        "checks": made.checks,
        "moved": made.moved,
        "quotes": made.quotes,
        "places": made.places,
        "held": made.held,
        "problems": made.problems,
    }


def _read_state(root: Path) -> dict[str, Any]:
    """What the last build left; an unreadable state counts as none: everything is made anew."""
    try:
        held = json.loads((root / STATE).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    documents = held.get("documents") if isinstance(held, dict) else None
    return documents if isinstance(documents, dict) else {}


def _write_state(root: Path, documents: Mapping[str, Any]) -> None:
    text = json.dumps({"documents": documents}, ensure_ascii=False, sort_keys=True)
    with suppress(OSError):
        if (root / STATE).read_text("utf-8") == text:
            return
    scratch = root / f"{STATE}.{os.getpid()}.tmp"
    scratch.write_text(text, "utf-8")
    scratch.replace(root / STATE)


def _published_at(layout: Layout) -> datetime | None:
    """When the copy was published; None where its manifest is gone."""
    try:
        manifest = json.loads((layout.current_path / "manifest.json").read_text("utf-8"))
        return datetime.fromisoformat(manifest["published_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _assets() -> Iterator[tuple[str, bytes]]:
    for path in sorted((ROOM / "assets").iterdir()):
        yield f"assets/{path.name}", path.read_bytes()
