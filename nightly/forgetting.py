"""Lawful removal (依法移除): one original and everything that was made of it.

The tombstone is written first; from then on no bytes of it are stored again. Everything after it
finds its work by looking, so that a removal killed anywhere is finished by asking for it again.
What was made is not edited in place where rows would stay on the disk: the working warehouse and
the publications are made anew from landing.

Not reached: copies elsewhere (backups, exports people took), ``decisions/`` and the site's own
pages about the file; the report names what a person has to look at.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nightly import steps
from nightly.settings import Settings

__all__ = ["ForgetError", "find_document", "forget", "forgotten"]

REDACTED = "（内容已依法移除 removed by law）"


class ForgetError(ValueError):
    """The document is not known, or its name fits several; says which."""


def find_document(settings: Settings, name: str) -> str:
    """The SHA-256 of an archived or already forgotten file, by it, its beginning or document id."""
    wanted = re.sub(r"-\d{2}$", "", name.strip().lower())
    if not re.fullmatch(r"[0-9a-f]{8,64}", wanted):
        raise ForgetError(
            f"{name!r} is no document id: give the file's SHA-256, or at least its first 8 digits "
            "(`budgets show`, `marts.dim_document.document_id`)"
        )
    archive = steps._archive(settings)
    known = {row.sha256 for row in archive.rows() if row.sha256}
    known |= {stone.sha256 for stone in archive.tombstones()}
    found = sorted(sha for sha in known if sha.startswith(wanted))
    if len(found) != 1:
        raise ForgetError(
            f"{len(found)} archived files begin with {wanted!r}"
            + (": give more digits" if found else ": nothing was removed")
        )
    return str(found[0])


def forgotten(settings: Settings) -> list[Any]:
    """The tombstones of everything that was removed."""
    return list(steps._archive(settings).tombstones())


def forget(settings: Settings, name: str, *, why: str, who: str, run_id: str) -> steps.Report:
    """Remove a document and, where it lay in a container or is one, the files around it.

    Raises ForgetError for an unknown name or an empty reason, and GateClosedError or PublishError
    where the publication without it cannot be made: the old one holds it until it can.
    """
    from warehouse import landing, load, publish

    if not why.strip() or not who.strip():
        raise ForgetError("say why and who: the tombstone is all that is left")
    sha256 = find_document(settings, name)
    archive, layout = steps._archive(settings), steps._layout(settings)
    with steps.outcome(settings, "forget", run_id) as result:
        targets = archive.kin(sha256)
        for one in targets:
            reason = why if one == sha256 else f"{why} (with {sha256[:16]})"
            archive.forget(one, why=reason, who=who, now=steps.utc_now())
        result["files"] = targets
        # while the findings that messages quote can still be told by their document
        result["messages"] = _redact(settings, targets)
        for one in targets:
            _delete_readings(settings, one)
        for folder in (".gx", "data_docs"):  # they quote rows; both are made again by the checks
            shutil.rmtree(layout.docs_path / folder, ignore_errors=True)
        load.discard(layout)
        result["batches"] = sum(len(landing.forget(layout, one)) for one in targets)
        for step in ("load", "check_landing", "build", "check_marts", "publish"):
            steps.run_step(step, settings, run_id)
        result["publications"] = sorted({b for one in targets for b in publish.forget(layout, one)})
        _clear_site(settings, run_id)
        result["look_at"] = _named_by_people(settings, targets)
    return dict(result)


def _delete_readings(settings: Settings, sha256: str) -> None:
    for pattern in (f"parser=*/{sha256[:2]}/{sha256}.json.zst", f"parser=*/scans/{sha256}"):
        for path in list((settings.data / "parsed").glob(pattern)):
            path.unlink()
    shutil.rmtree(settings.data / "recognised" / sha256[:2] / sha256, ignore_errors=True)


def _clear_site(settings: Settings, run_id: str) -> None:
    from evidence.site import site_path

    if settings.evidence != "no":
        steps.evidence(settings, run_id)
    elif (folder := site_path(steps._layout(settings))).exists():
        shutil.rmtree(folder)  # nobody keeps it up: it would show the document for ever


def _redact(settings: Settings, targets: list[str]) -> int:
    from expectations.ledger import Ledger

    marks, titles = _marks(settings, targets)

    def quotes(message: Mapping[str, Any]) -> bool:
        items = [str(i) for i in message.get("items", [])] + [str(message.get("finding_id", ""))]
        said = f"{message.get('title')}\n{message.get('body')}"
        return any(m in item for m in marks for item in items) or any(t in said for t in titles)

    ledger = Ledger(settings.data / "ledger")
    with ledger.lock():
        count = ledger.redact(quotes, REDACTED)
    store = steps._ledger(settings)
    for path in list(store.list("reparse", suffix=".jsonl")):
        lines = store.read_bytes(path).splitlines(keepends=True)
        kept = [line for line in lines if not any(t.encode() in line for t in targets)]
        if len(kept) < len(lines):
            store.write_bytes(path, b"".join(kept))
            count += len(lines) - len(kept)
    return count


def _marks(settings: Settings, targets: list[str]) -> tuple[set[str], set[str]]:
    """What items of messages call the documents and their findings, and their titles."""
    import duckdb

    from expectations.findings import DOCUMENT_TITLE

    layout = steps._layout(settings)
    marks = {t[:16] for t in targets}
    titles: set[str] = set()
    builds = sorted(layout.builds_path.glob("*/warehouse.duckdb"))
    for path in [*builds, layout.warehouse_path]:
        if not path.exists():
            continue
        with duckdb.connect(str(path), read_only=True) as con:
            for target in targets:
                for sql, into in (
                    ("select finding_id from quality.finding where starts_with(document_id, ?)", marks),
                    (f"select {DOCUMENT_TITLE} from marts.dim_document as d"  # noqa: S608
                     " where starts_with(d.document_id, ?) and d.department is not null", titles),
                ):  # fmt: skip
                    try:
                        into |= {str(row[0]) for row in con.execute(sql, [target]).fetchall()}
                    except duckdb.CatalogException:
                        continue  # a warehouse that was never built names nothing
    return marks, titles


def _named_by_people(settings: Settings, targets: list[str]) -> list[str]:
    """Files of reviewed decisions that name a removed file: only people change those."""
    if not settings.decisions.is_dir():
        return []
    return [
        str(path)
        for path in sorted(Path(settings.decisions).glob("**/*.yml"))
        if any(t[:12] in path.read_text(encoding="utf-8") for t in targets)
    ]
