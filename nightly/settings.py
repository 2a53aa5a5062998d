"""Where the night finds its data and how hard it may work: all from the environment.

Every setting has a default that works on one machine; ``docs/settings.md`` is their table.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Evidence = Literal["public", "internal", "no"]
Lang = Literal["zh", "en"]

ROOT = Path(__file__).resolve().parent.parent


class SettingsError(ValueError):
    """A setting that cannot be used: names the variable, its value and what it should be."""


def _whole_number(name: str, default: int, least: int = 1) -> int:
    raw = os.environ.get(name, "").strip()
    if not raw:
        return default
    if not raw.isascii() or not raw.isdigit() or int(raw) < least:
        raise SettingsError(f"{name}={raw!r}: give a whole number of at least {least}")
    return int(raw)


def _flag(name: str) -> bool:
    raw = os.environ.get(name, "").strip().lower()
    if raw in ("", "0", "no", "false"):
        return False
    if raw in ("1", "yes", "true"):
        return True
    raise SettingsError(f"{name}={raw!r}: give yes or no")


def _evidence() -> Evidence:
    raw = os.environ.get("BUDGETS_EVIDENCE", "").strip().lower()
    match raw:
        case "" | "public":
            return "public"
        case "internal":
            return "internal"
        case "no":
            return "no"
    raise SettingsError(
        f"BUDGETS_EVIDENCE={raw!r}: give public (restricted topics and local files left out), "
        "internal (everything), or no (no evidence site)"
    )


def _lang() -> Lang:
    raw = os.environ.get("BUDGETS_LANG", "").strip().lower()
    if raw in ("", "zh"):
        return "zh"
    if raw == "en":
        return "en"
    raise SettingsError(f"BUDGETS_LANG={raw!r}: give zh or en")


@dataclass(frozen=True)
class Settings:
    """One night's settings.

    ``archive_root`` and ``landing_root`` may be fsspec URLs (``s3://bucket/prefix``); the
    warehouse file, the published copy and the docs are always local folders.
    """

    data: Path
    sites: Path | None
    decisions: Path
    archive_root: str
    landing_root: str
    batch_size: int = 20
    parse_seconds: int = 120
    parse_megabytes: int = 2048
    scan_seconds: int = 1800
    unverified_sites: bool = False
    evidence: Evidence = "public"
    contact: str = "https://example.invalid/contact"
    alert_urls: tuple[str, ...] = field(default=(), repr=False)  # may hold secrets
    heartbeat_url: str | None = field(default=None, repr=False)
    backup: str | None = field(default=None, repr=False)  # an address may hold a password
    lang: Lang = "zh"
    """Language of alerts."""

    @classmethod
    def from_environment(cls) -> Settings:
        """Read ``BUDGETS_*``; raises SettingsError naming the variable that is wrong."""
        data = Path(os.environ.get("BUDGETS_DATA") or "data").expanduser().resolve()
        sites = os.environ.get("BUDGETS_SITES")
        if sites and not Path(sites).is_dir():
            raise SettingsError(f"BUDGETS_SITES={sites!r}: there is no such folder of site files")
        urls = os.environ.get("BUDGETS_ALERT_URLS", "")
        return cls(
            data=data,
            sites=Path(sites).resolve() if sites else None,
            decisions=Path(os.environ.get("BUDGETS_DECISIONS") or "decisions").expanduser(),
            archive_root=os.environ.get("BUDGETS_ARCHIVE") or str(data),
            landing_root=os.environ.get("BUDGETS_LANDING") or str(data),
            batch_size=_whole_number("BUDGETS_BATCH_SIZE", 20),
            parse_seconds=_whole_number("BUDGETS_PARSE_SECONDS", 120),
            parse_megabytes=_whole_number("BUDGETS_PARSE_MEGABYTES", 2048, least=256),
            scan_seconds=_whole_number("BUDGETS_SCAN_SECONDS", 1800),
            unverified_sites=_flag("BUDGETS_UNVERIFIED_SITES"),
            evidence=_evidence(),
            contact=os.environ.get("BUDGETS_CONTACT") or "https://example.invalid/contact",
            alert_urls=tuple(u for u in urls.replace(",", " ").split() if u),
            heartbeat_url=os.environ.get("BUDGETS_HEARTBEAT_URL") or None,
            backup=os.environ.get("BUDGETS_BACKUP") or None,
            lang=_lang(),
        )
