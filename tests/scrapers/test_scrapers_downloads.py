"""Downloads that break off are continued, against a portal that drops the connection."""

from __future__ import annotations

import os
import tempfile
import time
from email.utils import formatdate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict
from scrapers_portal import QUICK, Asked, Portal, Reply, pdf

from scrapers.archive import Outcome
from scrapers.downloads import Part, Parts, validator_of
from scrapers.fetch import CrawlStopped, PoliteSession
from scrapers.site import Pace

FAST = Pace(pause_seconds=0, jitter_seconds=0)
BODY = pdf("卷" * 40_000)
ETAG = '"v1"'


class Dropping:
    """Serves a file that breaks off ``drops`` times, each after ``step`` bytes more."""

    def __init__(
        self, drops: int, *, step: int = 30_000, body: bytes = BODY, etag: str | None = ETAG
    ) -> None:
        self.drops, self.step, self.body, self.etag = drops, step, body, etag
        self.ranges: list[str | None] = []
        self.sent = 0
        self.understands_ranges = True
        self.last_modified: str | None = None

    def __call__(self, asked: Asked) -> Reply:
        wanted = asked.headers.get("range")
        self.ranges.append(wanted)
        start, status = 0, 200
        headers = {"ETag": self.etag} if self.etag else {}
        if self.last_modified:
            headers["Last-Modified"] = self.last_modified
        current = asked.headers.get("if-range") in {self.etag, self.last_modified}
        if wanted and current and self.understands_ranges:
            start, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
            headers["Content-Range"] = f"bytes {start}-{len(self.body) - 1}/{len(self.body)}"
        rest = self.body[start:]
        if self.drops:
            self.drops -= 1
            self.sent += self.step
            return Reply(
                rest[: self.step],
                status,
                "application/pdf",
                headers,
                announce=len(rest),
                conditional=False,
            )
        self.sent += len(rest)
        return Reply(rest, status, "application/pdf", headers, conditional=False)


def polite(lock_folder: Path | None = None, **changes: object) -> PoliteSession:
    settings = QUICK.model_copy(update=changes)
    return PoliteSession(
        settings, FAST, private_hosts=frozenset({"127.0.0.1"}), lock_folder=lock_folder
    )


def test_a_download_that_breaks_off_is_continued_where_it_did(portal: Portal) -> None:
    server = Dropping(drops=2)
    portal.pages["/a.pdf"] = server
    with polite() as session:
        fetched = session.get(portal.url + "a.pdf")
    assert fetched.body == BODY
    assert (fetched.status, fetched.outcome) == (200, None)
    assert server.ranges == [None, "bytes=30000-", "bytes=60000-"]
    assert server.sent == len(BODY)  # not a byte twice


def test_the_rest_follows_on_a_later_night(portal: Portal, tmp_path: Path) -> None:
    server = Dropping(drops=3)
    portal.pages["/a.pdf"] = server
    with polite(tmp_path) as session:
        assert session.get(portal.url + "a.pdf").outcome is Outcome.TRUNCATED
    with polite(tmp_path) as session:
        assert session.get(portal.url + "a.pdf").body == BODY
    assert server.ranges[-1] == "bytes=90000-"
    assert list((tmp_path / "parts").iterdir()) == []


def test_a_stopped_download_is_continued(portal: Portal, tmp_path: Path) -> None:
    portal.pages["/a.pdf"] = Reply(
        BODY[:3000], 200, "application/pdf", {"ETag": ETAG}, conditional=False, drip_seconds=0.02
    )
    until = time.monotonic() + 0.5
    loopback = frozenset({"127.0.0.1"})
    with (
        PoliteSession(
            QUICK,
            FAST,
            private_hosts=loopback,
            lock_folder=tmp_path,
            stop=lambda: time.monotonic() > until,
        ) as session,
        pytest.raises(CrawlStopped),
    ):
        session.get(portal.url + "a.pdf")
    server = Dropping(drops=0)
    portal.pages["/a.pdf"] = server
    with polite(tmp_path) as session:
        assert session.get(portal.url + "a.pdf").body == BODY
    assert server.ranges[0] is not None


def test_a_file_replaced_in_between_comes_whole(portal: Portal, tmp_path: Path) -> None:
    portal.pages["/a.pdf"] = Dropping(drops=3)
    other = pdf("新" * 20_000)
    with polite(tmp_path) as session:
        assert session.get(portal.url + "a.pdf").outcome is Outcome.TRUNCATED
        portal.pages["/a.pdf"] = Dropping(drops=0, body=other, etag='"v2"')
        assert session.get(portal.url + "a.pdf").body == other


def test_a_server_that_knows_no_ranges_sends_it_whole(portal: Portal) -> None:
    server = Dropping(drops=1)
    server.understands_ranges = False
    portal.pages["/a.pdf"] = server
    with polite() as session:
        assert session.get(portal.url + "a.pdf").body == BODY


@pytest.mark.parametrize("etag", [None, 'W/"v1"'])
def test_without_a_strong_validator_nothing_is_continued(portal: Portal, etag: str | None) -> None:
    server = Dropping(drops=1, etag=etag)
    portal.pages["/a.pdf"] = server
    with polite() as session:
        assert session.get(portal.url + "a.pdf").body == BODY
    assert server.ranges == [None, None]


def test_an_old_date_is_a_validator(portal: Portal) -> None:
    server = Dropping(drops=1, etag=None)
    server.last_modified = formatdate(time.time() - 3600, usegmt=True)
    portal.pages["/a.pdf"] = server
    with polite() as session:
        assert session.get(portal.url + "a.pdf").body == BODY
    assert server.ranges == [None, "bytes=30000-"]


@pytest.mark.parametrize(
    "range_given", ["bytes 0-5/6", "bytes 30001-50000/50001", "nonsense", "bytes 30000-30009/99999"]
)
def test_a_continuation_that_does_not_fit_is_not_glued_on(portal: Portal, range_given: str) -> None:
    first = Dropping(drops=1)
    wrong = Reply(b"x" * 10, 206, "application/pdf", {"Content-Range": range_given, "ETag": ETAG})
    answers = [first(Asked("/a.pdf", {}, 0.0)), wrong]

    def serve(asked: Asked) -> Reply:
        return answers.pop(0) if answers else Dropping(drops=0)(asked)

    portal.pages["/a.pdf"] = serve
    with polite() as session:
        assert session.get(portal.url + "a.pdf").body == BODY
    assert "range" not in portal.log[-1].headers  # begun anew


@pytest.mark.parametrize("by", ["date", "etag", "length"])
def test_a_server_that_ignores_if_range_never_glues_two_versions(portal: Portal, by: str) -> None:
    """Some servers send the rest of whatever lies there now, whichever version was asked for."""
    hour_ago = formatdate(time.time() - 3600, usegmt=True)
    first = Dropping(drops=1, etag=ETAG if by == "etag" else None)
    first.last_modified = None if by == "etag" else hour_ago
    other = pdf("新" * (40_000 if by == "date" else 30_000))

    def serve(asked: Asked) -> Reply:
        if first.drops:
            return first(asked)
        headers = {"Last-Modified": formatdate(time.time() - 600, usegmt=True)}
        if by != "date":
            headers = {}
        wanted = asked.headers.get("range")
        if not wanted:
            return Reply(other, 200, "application/pdf", headers, conditional=False)
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        headers["Content-Range"] = f"bytes {start}-{len(other) - 1}/{len(other)}"
        return Reply(other[start:], 206, "application/pdf", headers, conditional=False)

    portal.pages["/a.pdf"] = serve
    with polite() as session:
        assert session.get(portal.url + "a.pdf").body == other


def test_a_packed_body_is_never_continued() -> None:
    assert validator_of(CaseInsensitiveDict({"ETag": ETAG})) == ETAG
    assert validator_of(CaseInsensitiveDict({"ETag": ETAG, "Content-Encoding": "gzip"})) is None


def test_parts_that_a_kill_tore_or_nobody_wants_are_forgotten(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.keep("http://a/1", Part(b"abc", ETAG))
    parts.keep("http://a/2", Part(b"abc", ETAG))
    torn, old = sorted(tmp_path.iterdir())
    of = {
        path: url for url in ("http://a/1", "http://a/2") for path in [parts._path(tmp_path, url)]
    }
    torn.write_bytes(torn.read_bytes()[:-1])
    assert parts.get(of[torn]) is None
    long_ago = time.time() - 40 * 24 * 3600
    os.utime(old, (long_ago, long_ago))
    parts.tidy()
    assert parts.get(of[old]) is None


@given(st.binary(min_size=1), st.text(max_size=20))
def test_any_part_comes_back_as_it_was(data: bytes, validator: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        parts = Parts(Path(folder))
        parts.keep("http://a/网页", Part(data, validator))
        assert parts.get("http://a/网页") == Part(data, validator)
