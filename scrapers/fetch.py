"""Polite fetching: robots.txt, one request at a time, pauses, retries, limits, no surprises.

``PoliteSession.get`` never raises for what a server or a network does: it returns a
:class:`Fetched` whose ``outcome`` and ``reason`` say what happened.
"""

from __future__ import annotations

import logging
import os
import random
import re
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from html import unescape
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, unquote_to_bytes, urljoin, urlsplit

import requests
import tenacity
from filelock import FileLock
from filelock import Timeout as LockTimeout
from protego import Protego
from pydantic import BaseModel, ConfigDict, Field, field_validator
from urllib3.exceptions import DecodeError, ProtocolError, ReadTimeoutError

from scrapers.archive import Outcome
from scrapers.blocks import recognise_block
from scrapers.connections import GuardedAdapter, PrivateAddressError, is_handshake_failure
from scrapers.decode import DecodedText, decode_page
from scrapers.downloads import Part, Parts, validator_of, whole_size
from scrapers.filetype import Kind, kind_of
from scrapers.site import Pace, host_of
from scrapers.window import Window

__all__ = [
    "CrawlSettings",
    "CrawlStopped",
    "Fetched",
    "PoliteSession",
    "file_name_of",
]

log = logging.getLogger(__name__)

ROBOT = "county-budget-warehouse"
"""The product token that robots.txt files can name."""

SEASON_RECHECK_DAYS, QUIET_RECHECK_DAYS = 14, 60

_RETRIED_STATUS = frozenset({408, 425, 429, 500, 502, 503, 504})


class CrawlSettings(BaseModel):
    """Limits and manners of crawling; environment variables in :meth:`from_environment`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    contact: str = ""
    """An e-mail address or web page for site operators; needed before any public host is asked."""
    connect_timeout_seconds: float = Field(default=15, gt=0)
    read_timeout_seconds: float = Field(default=60, gt=0)
    download_seconds: float = Field(default=900, gt=0)
    """A response that is not complete by then is given up."""
    max_bytes: int = Field(default=200 * 1024**2, gt=0)
    max_page_bytes: int = Field(default=8 * 1024**2, gt=0)
    """HTML larger than this is not read."""
    attempts: int = Field(default=4, ge=1)
    backoff_seconds: float = Field(default=2.0, ge=0)
    max_backoff_seconds: float = Field(default=60.0, ge=0)
    max_retry_after_seconds: float = Field(default=300.0, ge=0)
    """A server that asks for a longer wait is left alone for the night."""
    max_redirects: int = Field(default=6, ge=0)
    max_crawl_delay_seconds: float = Field(default=600.0, ge=0)
    """A ``Crawl-delay`` of robots.txt is obeyed up to this; a host that asks for more is left
    alone, and that is told (a night would end after a few dozen requests)."""
    max_pages: int = Field(default=200, ge=1)
    """List pages read of one column."""
    max_depth: int = Field(default=2, ge=0)
    """How deep directory articles (articles that only link to articles) are followed."""
    recheck_days: int | None = Field(default=None, ge=1)
    """Every known article and attachment is asked for again at the latest after so many days
    (default: 14 in season, 60 otherwise; see :meth:`recheck_after`)."""
    give_up_after: int = Field(default=5, ge=1)
    """So many failures or blocks in a row end the host's night."""
    window: str = "22:00-07:00"
    """Hours in China's time in which public hosts are crawled; ``any`` for all day. A site
    file's ``pace.window`` comes before it; portals on private addresses have none."""

    @field_validator("window")
    @classmethod
    def _is_window(cls, text: str) -> str:
        Window.parse(text)
        return text

    @classmethod
    def from_environment(cls) -> Self:
        """``BUDGETS_CONTACT``, ``BUDGETS_RECHECK_DAYS``, ``BUDGETS_MAX_DOWNLOAD_MB``,
        ``BUDGETS_CRAWL_WINDOW``."""
        given: dict[str, Any] = {}
        if contact := os.environ.get("BUDGETS_CONTACT"):
            given["contact"] = contact
        if days := os.environ.get("BUDGETS_RECHECK_DAYS"):
            given["recheck_days"] = days
        if megabytes := os.environ.get("BUDGETS_MAX_DOWNLOAD_MB"):
            given["max_bytes"] = int(megabytes) * 1024**2
        if window := os.environ.get("BUDGETS_CRAWL_WINDOW"):
            given["window"] = window
        return cls.model_validate(given)

    def recheck_after(self, day: date) -> int:
        """Days after which known addresses are asked for again, on that day.

        Budgets are published from mid-February to mid-May, final accounts in September and
        October: corrections and withdrawals fall into these weeks.
        """
        if self.recheck_days is not None:
            return self.recheck_days
        in_season = (2, 1) <= (day.month, day.day) <= (5, 31) or day.month in (9, 10)
        return SEASON_RECHECK_DAYS if in_season else QUIET_RECHECK_DAYS

    @property
    def user_agent(self) -> str:
        contact = f"; +{self.contact}" if self.contact else ""
        return f"Mozilla/5.0 (compatible; {ROBOT}/1.0{contact})"


class CrawlStopped(Exception):
    """The caller asked the crawl to stop."""


@dataclass(frozen=True)
class Fetched:
    """One answer (or the lack of one).

    ``outcome`` is None where the server delivered a body for the caller to judge, and
    UNCHANGED for 304; every other value is final. ``body`` is there only when ``outcome``
    is None.
    """

    url: str
    final_url: str
    fetched_at: datetime
    status: int | None = None
    outcome: Outcome | None = None
    reason: str | None = None
    body: bytes | None = None
    kind: Kind | None = None
    content_type: str | None = None
    file_name: str | None = None
    etag: str | None = None
    last_modified: str | None = None
    duration_ms: int = 0
    requests: int = 0
    """How many HTTP requests this took (retries and redirects included)."""

    @property
    def size(self) -> int | None:
        return None if self.body is None else len(self.body)

    def decoded(self) -> DecodedText:
        return decode_page(self.body or b"", self.content_type)


class _TryAgain(Exception):
    """A failure that may pass; carries what to report if it does not."""

    def __init__(self, fetched: Fetched, retry_after: float | None = None) -> None:
        super().__init__(fetched.reason)
        self.fetched, self.retry_after = fetched, retry_after


class PoliteSession:
    """HTTP for one crawl of one host (and for the few files it links on other hosts).

    One request at a time, a pause before each, robots.txt of every host obeyed, private
    addresses refused on every hop except for ``private_hosts``. ``lock_folder`` (a folder
    on this machine) keeps several sessions from asking the same host at once, or without
    the pause between them.
    """

    def __init__(
        self,
        settings: CrawlSettings,
        pace: Pace,
        *,
        private_hosts: frozenset[str] = frozenset(),
        lock_folder: Path | None = None,
        stop: Callable[[], bool] | None = None,
        clock: Callable[[], datetime] | None = None,
        on_robots: Callable[[Fetched], None] | None = None,
    ) -> None:
        self.settings = settings
        self.pace = pace
        self.request_count = 0
        self._lock_folder = lock_folder
        self._stop = stop or (lambda: False)
        self._clock = clock or (lambda: datetime.now(UTC))
        self._on_robots = on_robots or (lambda _: None)
        self._last_asked: dict[str, float] = {}
        self._come_back: dict[str, float] = {}
        """When hosts that sent Retry-After may be asked again (monotonic seconds)."""
        self._robots: dict[str, Protego | Fetched] = {}
        self._session = requests.Session()
        self._session.headers.update(
            {
                "User-Agent": settings.user_agent,
                "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
                "Accept": "text/html,application/xhtml+xml,application/pdf,*/*;q=0.8",
            }
        )
        self._private_hosts = frozenset(host.lower() for host in private_hosts)
        adapter = GuardedAdapter(self._private_hosts)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        self.old_tls: set[str] = set()
        """Hosts that only speak TLS as it was: their certificates are checked all the same."""
        self._parts = Parts(lock_folder / "parts" if lock_folder else None)
        self._parts.tidy()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    # public

    def get(
        self,
        url: str,
        *,
        etag: str | None = None,
        last_modified: str | None = None,
        referer: str | None = None,
        max_bytes: int | None = None,
        as_script: bool = False,
    ) -> Fetched:
        """Fetch a URL, conditionally where validators are given; see :class:`Fetched`.

        ``as_script`` adds the header with which a page's own script asks for its rows.

        Raises:
            CrawlStopped: ``stop()`` became true while waiting.
        """
        headers = {}
        if etag:
            headers["If-None-Match"] = etag
        if last_modified:
            headers["If-Modified-Since"] = last_modified
        if referer:
            headers["Referer"] = _header_safe(referer)
        if as_script:
            headers["X-Requested-With"] = "XMLHttpRequest"
        return self._with_retries(url, headers, max_bytes or self.settings.max_bytes)

    # retries

    def _with_retries(
        self, url: str, headers: dict[str, str], max_bytes: int, *, ask_robots: bool = True
    ) -> Fetched:
        begun, before = time.monotonic(), self.request_count

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.retry_after if isinstance(error, _TryAgain) else None
            backoff = self.settings.backoff_seconds * 2.0 ** (state.attempt_number - 1)
            backoff = min(backoff, self.settings.max_backoff_seconds) * random.uniform(0.8, 1.2)
            return max(float(asked or 0.0), backoff)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(
                lambda error: (
                    isinstance(error, _TryAgain)
                    and (error.retry_after or 0) <= self.settings.max_retry_after_seconds
                )
            ),
            stop=tenacity.stop_after_attempt(self.settings.attempts),
            wait=wait,
            sleep=self._sleep,
            reraise=True,
        )
        try:
            fetched = retrying(self._follow, url, headers, max_bytes, ask_robots)
        except _TryAgain as error:
            fetched = error.fetched
            tries = retrying.statistics.get("attempt_number", 1)
            if error.retry_after and error.retry_after > self.settings.max_retry_after_seconds:
                reason = (
                    f"{fetched.reason}. The server asks to come back after "
                    f"{error.retry_after:.0f} s; it is left alone until the next night."
                )
            else:
                reason = (
                    f"{fetched.reason} ({tries} attempts). It is tried again the next night; open "
                    "the address in a browser if it stays so."
                )
            fetched = replace(fetched, reason=reason)
        return replace(
            fetched,
            url=url,
            duration_ms=round((time.monotonic() - begun) * 1000),
            requests=self.request_count - before,
        )

    # redirects, one hop at a time, each under the same rules

    def _follow(
        self, url: str, headers: dict[str, str], max_bytes: int, ask_robots: bool
    ) -> Fetched:
        here = url
        for _ in range(self.settings.max_redirects + 1):
            refusal = self._refusal(url, here, ask_robots)
            if refusal:
                return refusal
            answer = self._request(url, here, headers, max_bytes)
            if isinstance(answer, Fetched):
                return answer
            here = urljoin(here, answer)
        return self._answer(
            url,
            here,
            outcome=Outcome.ERROR,
            reason=f"more than {self.settings.max_redirects} redirects from {url}, last to {here}. "
            "Open the address in a browser and correct the link or the site file.",
        )

    def _refusal(self, url: str, here: str, ask_robots: bool) -> Fetched | None:
        parts = urlsplit(here)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            return self._answer(
                url,
                here,
                outcome=Outcome.REFUSED,
                reason=f"{here} is not an http(s) address (linked or redirected to from {url}). "
                "Nothing to do unless the file is needed: then fetch it by hand and ingest it.",
            )
        if "%" in parts.netloc:  # brackets of a broken address, quoted so that it could be read
            return self._answer(
                url,
                here,
                outcome=Outcome.DEAD_LINK,
                reason=f"{here!r} is not an address. The page's link is broken; nothing to do.",
            )
        if not ask_robots:
            return None
        rules = self._robots_of(here)
        if isinstance(rules, Fetched):
            return self._answer(
                url,
                here,
                outcome=rules.outcome,
                reason=f"{rules.url} could not be read, so nothing is asked of the host tonight: "
                f"{rules.reason}",
            )
        delay = rules.crawl_delay(ROBOT) or 0
        if delay > self.settings.max_crawl_delay_seconds:
            return self._answer(
                url,
                here,
                outcome=Outcome.REFUSED,
                reason=f"robots.txt of {host_of(here)} asks for {delay:g} s between requests, more "
                f"than {self.settings.max_crawl_delay_seconds:g} s: the host is left alone. Ask the "
                "publisher for a shorter delay, or ingest its files by hand.",
            )
        if not rules.can_fetch(here, ROBOT):
            return self._answer(
                url,
                here,
                outcome=Outcome.REFUSED,
                reason=f"robots.txt of {host_of(here)} does not allow {here}. Ask the publisher, or "
                "take the column out of the site file.",
            )
        return None

    # one request

    def _request(
        self, url: str, here: str, headers: dict[str, str], max_bytes: int
    ) -> Fetched | str:
        """Ask for ``here``. Returns the answer, or the place a redirect leads to."""
        host = host_of(here)
        left = self._come_back.get(host, 0.0) - time.monotonic()
        if left > self.settings.max_retry_after_seconds:
            return self._answer(
                url,
                here,
                outcome=Outcome.ERROR,
                reason=f"{here} was not asked for: {host} asked before to come back after {left:.0f} "
                "s (Retry-After); it is left alone until the next night.",
            )
        self._sleep(left)
        pause = self._pause_of(host)
        try:
            while True:
                # Waited for outside the lock, which others wait for only so long; who finds that
                # another session asked meanwhile waits again.
                self._sleep(self._left_of(pause, host))
                with self._alone(host):
                    if self._left_of(pause, host) > 0:
                        continue
                    try:
                        return self._exchange(url, here, headers, max_bytes)
                    finally:
                        self._asked_now(host)
        except LockTimeout:
            raise _TryAgain(
                self._answer(
                    url,
                    here,
                    outcome=Outcome.ERROR,
                    reason=f"another process has been asking {host} for too long",
                )
            ) from None

    def _exchange(
        self, url: str, here: str, headers: dict[str, str], max_bytes: int
    ) -> Fetched | str:
        settings = self.settings
        self.request_count += 1
        response: requests.Response | None = None
        part = self._parts.get(here)
        try:
            response = self._session.get(
                here,
                headers=headers | (part.headers if part else {}),
                stream=True,
                allow_redirects=False,
                timeout=(settings.connect_timeout_seconds, settings.read_timeout_seconds),
            )
            target = self._session.get_redirect_target(response)
            if target is not None:
                return target
            return self._judge(url, here, response, max_bytes, part)
        except requests.exceptions.SSLError as error:
            host = host_of(here)
            if is_handshake_failure(error):
                if host not in self.old_tls:
                    self._speak_old_tls(host)
                    return here  # asked again, under all the rules of a redirect
                return self._answer(
                    url,
                    here,
                    outcome=Outcome.ERROR,
                    reason=f"{host} and this machine find no common version of TLS, old ones "
                    f"included ({_short(error)}). If the portal also answers over http://, write "
                    "that into the site file.",
                )
            return self._answer(
                url,
                here,
                outcome=Outcome.ERROR,
                reason=f"the TLS certificate of {host_of(here)} is not accepted ({_short(error)}). "
                "If the authority is right but unknown here, name its file in REQUESTS_CA_BUNDLE; "
                "if the portal also answers over http://, write that into the site file.",
            )
        except (requests.RequestException, OSError) as error:
            private = _cause(error, PrivateAddressError)
            if private:
                return self._answer(
                    url,
                    here,
                    outcome=Outcome.REFUSED,
                    reason=f"{here} leads to an address that is not public ({private}). If this is "
                    "meant, set allow_private: true in the site file; if not, the site or the "
                    "name server is misconfigured.",
                )
            if isinstance(error, requests.exceptions.InvalidURL):
                return self._answer(
                    url,
                    here,
                    outcome=Outcome.DEAD_LINK,
                    reason=f"{here!r} is not an address. The page's link is broken; nothing to do.",
                )
            raise _TryAgain(
                self._answer(
                    url,
                    here,
                    status=response.status_code if response is not None else None,
                    outcome=Outcome.ERROR,
                    reason=f"{here} could not be fetched: {_short(error)}",
                )
            ) from error
        finally:
            if response is not None:
                response.close()

    def _speak_old_tls(self, host: str) -> None:
        log.info("%s does not speak TLS as it is now; asking it as old servers need it", host)
        self.old_tls.add(host)
        self._session.mount(f"https://{host}", GuardedAdapter(self._private_hosts, old_tls=True))

    def _judge(
        self, url: str, here: str, response: requests.Response, max_bytes: int, part: Part | None
    ) -> Fetched:
        status = response.status_code
        base = self._answer(
            url,
            here,
            status=status,
            content_type=response.headers.get("Content-Type"),
            etag=response.headers.get("ETag"),
            last_modified=response.headers.get("Last-Modified"),
            file_name=file_name_of(response.headers.get("Content-Disposition")),
        )
        if status == 304:
            self._parts.drop(here)
            return replace(base, outcome=Outcome.UNCHANGED)
        if part is not None and status in {206, 416}:
            if status == 416 or not part.is_continued_by(response.headers):
                self._parts.drop(here)
                raise _TryAgain(
                    replace(
                        base,
                        outcome=Outcome.ERROR,
                        reason=f"{here} cannot be continued where it broke off",
                    )
                )
            status = 200
            base = replace(base, status=status)
        else:
            part = None  # the whole body comes, of this version or of another
        if status in _RETRIED_STATUS:
            wait = _retry_after(response.headers.get("Retry-After"), self._clock())
            if wait:  # it is the server that is busy, not one of its pages
                self._come_back[host_of(here)] = time.monotonic() + wait
            raise _TryAgain(
                replace(
                    base, outcome=Outcome.ERROR, reason=f"{here} answered with status {status}"
                ),
                wait,
            )
        announced = response.headers.get("Content-Length", "")
        if announced.isdigit() and int(announced) > max_bytes:
            return replace(base, outcome=Outcome.REFUSED, reason=_too_large(here, max_bytes))
        body = self._body(base, response, max_bytes, part)
        if isinstance(body, Fetched):
            return body
        self._parts.drop(here)
        kind = kind_of(body)
        page = replace(base, body=body, kind=kind)
        is_text = kind in {Kind.HTML, Kind.TEXT, Kind.XML, Kind.JSON, Kind.EMPTY}
        text = page.decoded().text if is_text else ""
        if status in {404, 410}:
            return replace(
                base,
                outcome=Outcome.DEAD_LINK,
                reason=f"{here} answered with status {status}. The publisher has removed or moved "
                "it; it is looked for again from time to time.",
            )
        block = recognise_block(status, text, len(body)) if kind is not Kind.JSON else None
        if block:
            remedy = (
                "Open the address in a browser: if it shows there, the site keeps programs out and "
                "its documents must be ingested by hand; the block is not worked around."
                if block.outcome is Outcome.BLOCKED
                else "Nothing to do: it is looked for again from time to time."
            )
            return replace(
                base,
                outcome=block.outcome,
                kind=kind,
                reason=f"{here} (status {status}) is not the page asked for: {block.zh} "
                f"({block.en}; rule {block.id}). {remedy}",
            )
        if status != 200:
            return replace(
                base,
                outcome=Outcome.ERROR,
                reason=f"{here} answered with status {status}, which is neither a page nor a known "
                "refusal. Open the address in a browser.",
            )
        return page

    def _body(
        self, base: Fetched, response: requests.Response, max_bytes: int, part: Part | None
    ) -> bytes | Fetched:
        begun = part.data if part else b""
        deadline = time.monotonic() + self.settings.download_seconds
        chunks, size = [begun], len(begun)
        try:
            # read1 hands over what has come, so that the deadline holds for a trickle, too.
            while chunk := response.raw.read1(64 * 1024, decode_content=True):
                chunks.append(chunk)
                size += len(chunk)
                if size > max_bytes:
                    self._parts.drop(base.final_url)
                    return replace(
                        base,
                        outcome=Outcome.REFUSED,
                        reason=_too_large(base.final_url, max_bytes),
                    )
                if time.monotonic() > deadline:
                    raise _TryAgain(
                        replace(
                            base,
                            outcome=Outcome.ERROR,
                            reason=f"{base.final_url} was not complete after "
                            f"{self.settings.download_seconds:g} s ({size} bytes came)",
                        )
                    )
                if self._stop():
                    raise CrawlStopped
        except ReadTimeoutError as error:
            self._keep(base.final_url, response, part, chunks)
            raise _TryAgain(
                replace(
                    base,
                    outcome=Outcome.ERROR,
                    reason=f"{base.final_url} fell silent after {size} bytes",
                )
            ) from error
        except (ProtocolError, DecodeError) as error:
            self._keep(base.final_url, response, part, chunks)
            raise _TryAgain(
                replace(
                    base,
                    outcome=Outcome.TRUNCATED,
                    reason=f"{base.final_url} broke off: {size} of {_announced(response, begun)} "
                    f"bytes came ({_short(error)}); nothing was stored",
                )
            ) from error
        except (_TryAgain, CrawlStopped):
            self._keep(base.final_url, response, part, chunks)
            raise
        return b"".join(chunks)

    def _keep(
        self, url: str, response: requests.Response, part: Part | None, chunks: list[bytes]
    ) -> None:
        """Keep what came, so that the next try asks for the rest only."""
        validator = part.validator if part else validator_of(response.headers)
        data = b"".join(chunks)
        if validator and data and response.status_code in {200, 206}:
            whole = part.whole if part else whole_size(response.headers)
            self._parts.keep(url, Part(data, validator, whole))

    # manners

    def _alone(self, host: str) -> Any:
        file = self._file_of(host, "lock")
        return FileLock(file, timeout=120) if file else nullcontext()

    def _file_of(self, host: str, what: str) -> Path | None:
        if self._lock_folder is None:
            return None
        self._lock_folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^a-z0-9.-]", "_", host)
        return self._lock_folder / f"request-{name}.{what}"

    def _asked_now(self, host: str) -> None:
        """Note the moment, also for other sessions that ask the same host (a file server that
        several counties link to)."""
        self._last_asked[host] = time.monotonic()
        stamp = self._file_of(host, "last")
        if stamp:
            now = time.time_ns()
            stamp.touch()
            os.utime(stamp, ns=(now, now))

    def _last_asked_by_anyone(self, host: str) -> float | None:
        """When the host was last asked, by this or another session (monotonic seconds)."""
        own = self._last_asked.get(host)
        stamp = self._file_of(host, "last")
        try:
            age = time.time() - stamp.stat().st_mtime_ns / 1e9 if stamp else -1.0
        except FileNotFoundError:
            age = -1.0
        others = time.monotonic() - age if age >= 0 else None
        return max(filter(None, (own, others)), default=None)

    def _pause_of(self, host: str) -> float:
        """Seconds between the last request to a host and the next one: the longer of the site
        file's pause and the host's Crawl-delay, and some jitter."""
        pause = self.pace.pause_seconds
        for rules in (self._robots.get(scheme + "://" + host) for scheme in ("http", "https")):
            if isinstance(rules, Protego):
                pause = max(pause, rules.crawl_delay(ROBOT) or 0)
        return pause + random.uniform(0, self.pace.jitter_seconds)

    def _left_of(self, pause: float, host: str) -> float:
        last = self._last_asked_by_anyone(host)
        return 0.0 if last is None else last + pause - time.monotonic()

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while True:
            if self._stop():
                raise CrawlStopped
            left = until - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, 0.5))

    def _robots_of(self, url: str) -> Protego | Fetched:
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{host_of(url)}"
        if origin not in self._robots:
            self._robots[origin] = self._read_robots(f"{origin}/robots.txt")
        return self._robots[origin]

    def _read_robots(self, url: str) -> Protego | Fetched:
        """Rules of a host; a ``Fetched`` where they could not be read (RFC 9309, 2.3.1).

        A client error (4xx) and a page in place of the file mean that there are no rules; a
        server or network failure means that nothing may be fetched for now.
        """
        fetched = self._with_retries(url, {}, 512 * 1024, ask_robots=False)
        client_error = fetched.status is not None and 400 <= fetched.status < 500
        a_page = fetched.outcome is None and fetched.kind not in {Kind.TEXT, Kind.EMPTY}
        if a_page or (client_error and fetched.status not in _RETRIED_STATUS):
            self._on_robots(replace(fetched, outcome=Outcome.ROBOTS_ABSENT, reason=None, body=None))
            return Protego.parse("")
        self._on_robots(fetched)
        if fetched.outcome is not None:
            return fetched
        return Protego.parse((fetched.body or b"").decode("utf-8-sig", errors="replace"))

    def _answer(self, url: str, here: str, **fields: Any) -> Fetched:
        return Fetched(url=url, final_url=here, fetched_at=self._clock(), **fields)


def file_name_of(disposition: str | None) -> str | None:
    """The file name of a Content-Disposition header, or None.

    Reads RFC 5987 ``filename*``, RFC 2047 words, percent-encoding in plain ``filename``, and raw UTF-8 or GBK
    bytes (which the HTTP library hands over as Latin-1). Never holds a folder.
    """
    if not disposition:
        return None
    name: str | None = None
    extended = re.search(rf"filename\*\s*=\s*\"?([\w-]*)'[^']*'({_TO_THE_NEXT})", disposition, re.I)
    if extended:
        raw = unquote_to_bytes(extended[2].strip().strip('"'))
        name = _text_of(raw, extended[1])
    if name is None:
        plain = re.search(
            rf'filename\s*=\s*(?:"((?:\\.|[^"\\])*)"|({_TO_THE_NEXT}))', disposition, re.I
        )
        if not plain:
            return None
        given = plain[1] if plain[1] is not None else plain[2].strip()
        try:
            raw = given.encode("latin-1")
        except UnicodeEncodeError:
            name = given
        else:
            name = _text_of(unquote_to_bytes(raw) if b"%" in raw else raw, "")
    if "=?" in name:  # mail's way of writing names (RFC 2047), which some servers use
        with suppress(HeaderParseError, LookupError, UnicodeDecodeError):
            name = str(make_header(decode_header(name)))
    name = _ENTITY.sub(lambda entity: unescape(entity[0]), name)
    name = re.split(r"[\\/]", name.strip())[-1]
    name = "".join(c for c in name if c.isprintable()).strip(" .")
    return name or None


_TO_THE_NEXT = r"(?:[^;]|;(?!\s*(?:[\w-]+\*?\s*=|$)))+"
"""A value up to the next parameter: servers leave names with ";" unquoted."""

_ENTITY = re.compile(r"&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,30});", re.I)
"""An entity of HTML in a name that was taken out of a page: whole only, so that names that hold
"&" keep it."""


def _text_of(raw: bytes, charset: str) -> str:
    for encoding in filter(None, (charset, "utf-8", "gb18030")):
        try:
            return raw.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    return unquote(raw.decode("latin-1"))


def _retry_after(value: str | None, now: datetime) -> float | None:
    if not value:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return max(0.0, (when - now).total_seconds())


def _too_large(url: str, max_bytes: int) -> str:
    return (
        f"{url} is larger than {max_bytes / 1024**2:.4g} MB. If the file is wanted, raise "
        "BUDGETS_MAX_DOWNLOAD_MB for one run or fetch it by hand and ingest it."
    )


def _announced(response: requests.Response, begun: bytes) -> str:
    length = response.headers.get("Content-Length", "")
    return str(int(length) + len(begun)) if length.isdigit() else "an unknown number of"


def _cause(error: BaseException, kind: type[BaseException]) -> BaseException | None:
    """An error of ``kind`` somewhere inside a chain of wrapped errors."""
    pending: list[object] = [error]
    for _ in range(20):
        if not pending:
            break
        here = pending.pop()
        if isinstance(here, kind):
            return here
        if isinstance(here, BaseException):
            pending += [here.__cause__, here.__context__, getattr(here, "reason", None), *here.args]
    return None


def _short(error: BaseException) -> str:
    """The innermost message, without object addresses."""
    text = re.sub(r"<[\w.]+ object at 0x[0-9a-f]+>:?\s*", "", str(error))
    match = re.search(r"\(Caused by (.+)\)$", text)
    return (match[1] if match else text)[:200] or type(error).__name__


def _header_safe(url: str) -> str:
    return requests.utils.requote_uri(url)
