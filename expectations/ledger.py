"""The ledger (台账): append-only facts that cannot be derived again.

``data/ledger/findings/<month>.jsonl`` – when a finding was first and last seen.
``data/ledger/alerts/<month>.jsonl`` – what was said to whom. A message is written down whole
before it is sent (``queued``) and again after each channel took it (``delivered``): killed in
between, the same message with the same id goes out once more, never another one and never none.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store import Store

__all__ = ["Ledger", "Queued", "Seen", "SeenChanges"]

log = logging.getLogger(__name__)


@dataclass
class Seen:
    """One finding's history. ``is_open``: it was there the last time anybody looked."""

    finding_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    content_id: str
    is_open: bool = True
    says: dict[str, Any] = field(default_factory=dict)
    """What it said when it was last new or changed (``findings.kept_words``)."""


@dataclass(frozen=True)
class SeenChanges:
    """Ids of findings since the last look: new, saying something else, back again, gone."""

    opened: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.opened or self.changed or self.returned or self.gone)


@dataclass
class Queued:
    """A message as it was written down. ``channels``: those it was meant for; ``items``: ids
    of what it tells, each told once for ever."""

    message_id: str
    kind: str
    title: str
    body: str
    items: tuple[str, ...]
    channels: tuple[str, ...]
    queued_at: datetime
    delivered: set[str] = field(default_factory=set)
    closed: str | None = None

    @property
    def waiting(self) -> tuple[str, ...]:
        """Channels that have not taken it."""
        if self.closed is not None:
            return ()
        return tuple(channel for channel in self.channels if channel not in self.delivered)


class Ledger:
    """Reads and appends. Take :meth:`lock` around a read that a write depends on."""

    def __init__(self, root: str | Path | Store) -> None:
        self.store = root if isinstance(root, Store) else Store(root)

    @contextmanager
    def lock(self, timeout: float = 60.0) -> Iterator[None]:
        """One teller at a time (on this machine). Raises TimeoutError naming the lock file."""
        if not self.store.is_local:
            yield
            return
        from filelock import FileLock, Timeout

        path = self.store.local_path() / ".lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(path, timeout=timeout):
                yield
        except Timeout as error:
            raise TimeoutError(
                f"{path} is held for more than {timeout:.0f} s: another process is telling; "
                "wait for it or end it"
            ) from error

    # --- lines ---

    def _append(self, room: str, at: datetime, **event: Any) -> None:
        at = at.astimezone(UTC)
        line = json.dumps({"at": at.isoformat(), **event}, ensure_ascii=False)
        self.store.append_line(f"{room}/{at:%Y-%m}.jsonl", line)

    def _lines(self, room: str) -> Iterator[dict[str, Any]]:
        for path in self.store.list(room, suffix=".jsonl"):
            for number, line in enumerate(self.store.read_bytes(path).splitlines(), 1):
                if not line.strip():
                    continue
                try:
                    event = json.loads(line)
                except ValueError:
                    log.warning(
                        "ledger %s line %d was torn by a kill and is left out", path, number
                    )
                    continue
                if isinstance(event, dict):
                    yield event

    # --- findings ---

    def see(
        self,
        present: Mapping[str, str],
        at: datetime,
        run_id: str,
        says: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> SeenChanges:
        """Note which findings are there now.

        Args:
            present: finding id → content id, of all findings of the warehouse.
            at: when they were looked at.
            says: finding id → what is to be remembered of it after it is gone.

        Only changes and one line a look are written, so the ledger grows with what happens.
        """
        held = self.seen()
        opened = tuple(sorted(set(present) - set(held)))
        changed = tuple(
            sorted(f for f in present if f in held and held[f].content_id != present[f])
        )
        returned = tuple(sorted(f for f in present if f in held and not held[f].is_open))
        gone = tuple(sorted(f for f, seen in held.items() if seen.is_open and f not in present))
        for name, ids in (("opened", opened), ("returned", returned), ("changed", changed)):
            for finding_id in ids:
                self._append(
                    "findings",
                    at,
                    event=name,
                    finding_id=finding_id,
                    content_id=present[finding_id],
                    run_id=run_id,
                    says=dict((says or {}).get(finding_id) or {}),
                )
        for finding_id in gone:
            self._append("findings", at, event="gone", finding_id=finding_id, run_id=run_id)
        self._append("findings", at, event="looked", open=len(present), run_id=run_id)
        return SeenChanges(opened, changed, returned, gone)

    def seen(self) -> dict[str, Seen]:
        """Finding id → its history."""
        found: dict[str, Seen] = {}
        for event in self._lines("findings"):
            at = datetime.fromisoformat(event["at"])
            if event["event"] == "looked":
                for seen in found.values():
                    if seen.is_open:
                        seen.last_seen_at = at
                continue
            finding_id = str(event["finding_id"])
            held = found.get(finding_id)
            if event["event"] == "gone":
                if held is not None:
                    held.is_open = False
            elif held is None:
                found[finding_id] = Seen(
                    finding_id, at, at, str(event["content_id"]), says=event.get("says") or {}
                )
            else:
                held.is_open, held.last_seen_at = True, at
                held.content_id = str(event["content_id"])
                held.says = event.get("says") or held.says
        return found

    def redact(self, quotes: Callable[[Mapping[str, Any]], bool], instead: str) -> int:
        """Take the words out of messages and findings that quote a removed document; gives how many.

        Ids, times and channels stay, so that nothing is told twice.
        """

        def emptied(event: dict[str, Any]) -> dict[str, Any] | None:
            if event.get("event") == "queued":
                same = event["body"] == instead
                return None if same or not quotes(event) else {"title": instead, "body": instead}
            return {"says": {}} if event.get("says") and quotes(event) else None

        return sum(self._rewrite(room, emptied) for room in ("alerts", "findings"))

    def _rewrite(self, room: str, change: Callable[[dict[str, Any]], dict[str, Any] | None]) -> int:
        count = 0
        for path in list(self.store.list(room, suffix=".jsonl")):
            lines = self.store.read_bytes(path).split(b"\n")
            changed = 0
            for i, line in enumerate(lines):
                try:
                    event = json.loads(line)
                except ValueError:
                    continue  # torn by a kill; readers leave it out as well
                if isinstance(event, dict) and (new := change(event)) is not None:
                    lines[i] = json.dumps(event | new, ensure_ascii=False).encode()
                    changed += 1
            if changed:
                self.store.write_bytes(path, b"\n".join(lines))
                count += changed
        return count

    # --- alerts ---

    def queue(
        self,
        *,
        message_id: str,
        kind: str,
        title: str,
        body: str,
        items: Sequence[str],
        channels: Sequence[str],
        at: datetime,
        run_id: str,
    ) -> Queued:
        """Write a message down, whole, before anything is sent."""
        self._append(
            "alerts",
            at,
            event="queued",
            message_id=message_id,
            kind=kind,
            title=title,
            body=body,
            items=list(items),
            channels=list(channels),
            run_id=run_id,
        )
        return Queued(message_id, kind, title, body, tuple(items), tuple(channels), at)

    def delivered(self, message_id: str, channel: str, at: datetime) -> None:
        """A channel took the message."""
        self._append("alerts", at, event="delivered", message_id=message_id, channel=channel)

    def close(self, message_id: str, reason: str, at: datetime) -> None:
        """The message goes out no more: nobody to tell (``recorded``) or given up."""
        self._append("alerts", at, event="closed", message_id=message_id, reason=reason)

    def queued(self) -> dict[str, Queued]:
        """Every message ever written down, by id, with who has it."""
        found: dict[str, Queued] = {}
        for event in self._lines("alerts"):
            message_id = str(event["message_id"])
            if event["event"] == "queued":
                found.setdefault(
                    message_id,
                    Queued(
                        message_id=message_id,
                        kind=str(event["kind"]),
                        title=str(event["title"]),
                        body=str(event["body"]),
                        items=tuple(event["items"]),
                        channels=tuple(event["channels"]),
                        queued_at=datetime.fromisoformat(event["at"]),
                    ),
                )
            elif message_id in found:
                if event["event"] == "delivered":
                    found[message_id].delivered.add(str(event["channel"]))
                elif event["event"] == "closed":
                    found[message_id].closed = str(event["reason"])
        return found

    def told(self, messages: Iterable[Queued] | None = None) -> set[str]:
        """Ids of everything that some message tells (delivered or still on its way)."""
        known = self.queued().values() if messages is None else messages
        return {item for message in known for item in message.items}
