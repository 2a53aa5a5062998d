"""The archive: bytes once, rows durable, torn lines survived."""

from __future__ import annotations

import hashlib
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapers_portal import pdf

from scrapers.archive import Archive, ArchiveDamagedError, FetchRow, Outcome
from store import Store

NOW = datetime(2026, 3, 1, 17, 30, tzinfo=UTC)


def row(archive: Archive, data: bytes | None = None, **fields: Any) -> FetchRow:
    given_fields: dict[str, Any] = {
        "fetched_at": NOW,
        "run_id": "r1",
        "site": "a.example:81",
        "role": "attachment",
        "url": "http://a.example:81/1.pdf",
        "outcome": Outcome.NEW,
        "media_type": "application/pdf",
    }
    if data is not None:
        given_fields["sha256"] = archive.put(data)
    return FetchRow.model_validate(given_fields | fields)


def test_objects_lie_under_their_sha256_once(archive: Archive) -> None:
    sha256 = archive.put(b"abc")
    assert sha256 == hashlib.sha256(b"abc").hexdigest()
    path = archive.store.local_path(f"archive/objects/{sha256[:2]}/{sha256}")
    before = path.stat().st_mtime_ns
    assert archive.put(b"abc") == sha256
    assert path.stat().st_mtime_ns == before
    assert archive.get(sha256) == b"abc"
    assert list(archive.store.list("archive/objects")) == [f"archive/objects/{sha256[:2]}/{sha256}"]


@given(st.binary(max_size=500))
def test_what_is_put_is_got(data: bytes) -> None:
    archive = Archive(Store("memory://objects"))
    assert archive.get(archive.put(data)) == data


def test_a_changed_object_is_noticed(archive: Archive) -> None:
    sha256 = archive.put(b"abc")
    archive.store.local_path(f"archive/objects/{sha256[:2]}/{sha256}").write_bytes(b"abd")
    with pytest.raises(ArchiveDamagedError, match=r"changed on disk.*backup"):
        archive.get(sha256)


def test_a_missing_object_is_named(archive: Archive) -> None:
    with pytest.raises(ArchiveDamagedError, match="missing"):
        archive.get("0" * 64)
    with pytest.raises(ValueError, match="SHA-256"):
        archive.get("../../etc/passwd")


def test_a_row_never_points_at_nothing(archive: Archive) -> None:
    with pytest.raises(ArchiveDamagedError, match="put"):
        archive.record(row(archive, sha256="0" * 64))


def test_rows_lie_by_day_host_and_run_and_come_back_whole(archive: Archive) -> None:
    first = row(
        archive,
        pdf(),
        article_title="样例局2026年“部门预算”\n公开",
        published_on="2026-02-12",
        status=200,
    )
    second = row(archive, fetched_at=NOW + timedelta(days=1), outcome=Outcome.DEAD_LINK)
    archive.record(first)
    archive.record(second)
    assert list(archive.store.list("archive/fetches")) == [
        "archive/fetches/dt=2026-03-01/a.example_81-r1.jsonl",
        "archive/fetches/dt=2026-03-02/a.example_81-r1.jsonl",
    ]
    assert list(archive.rows()) == [first, second]
    text = archive.store.read_bytes("archive/fetches/dt=2026-03-01/a.example_81-r1.jsonl").decode()
    assert '"fetched_at":"2026-03-01T17:30:00.000Z"' in text
    assert "样例局" in text


def test_a_torn_last_line_is_skipped_with_a_warning_and_damages_nothing_else(
    archive: Archive, caplog: pytest.LogCaptureFixture
) -> None:
    archive.record(row(archive, pdf("一")))
    path = "archive/fetches/dt=2026-03-01/a.example_81-r1.jsonl"
    with archive.store.local_path(path).open("ab") as out:
        out.write(b'{"fetched_at":"2026-03-01T17:3'[:-1])
    later = row(archive, pdf("二"), url="http://a.example:81/2.pdf")
    with caplog.at_level(logging.WARNING):
        assert len(list(Archive(archive.store).rows())) == 1
    assert f"{path}:2" in caplog.text
    archive.record(later)
    assert list(Archive(archive.store).rows())[-1] == later
    assert len(list(archive.rows())) == 2


def test_rows_of_one_host_are_not_those_of_a_host_whose_name_begins_alike(
    archive: Archive,
) -> None:
    mine, other = row(archive, site="a.cn"), row(archive, site="a.cn-b.cn", run_id="x")
    archive.record(mine)
    archive.record(other)
    assert list(archive.rows(host="a.cn")) == [mine]


def test_documents_are_stored_files_with_every_appearance(archive: Archive) -> None:
    data = pdf()
    rows = [
        row(archive, data, fetched_at=NOW + timedelta(hours=1), url="http://a.example:81/2.pdf",
            outcome=Outcome.DUPLICATE),
        row(archive, data),
        row(archive, b"<html>", role="article", outcome=Outcome.ARTICLE_OK, media_type="text/html"),
        row(archive, outcome=Outcome.NOT_A_DOCUMENT, media_type="text/html"),
        row(archive, b"\xff\xd8\xff", media_type="image/jpeg"),
    ]  # fmt: skip
    for one in rows:
        archive.record(one)
    assert archive.documents() == {rows[0].sha256: [rows[1], rows[0]]}


def test_last_seen_remembers_validators_over_failures(archive: Archive) -> None:
    url = "http://a.example:81/1.pdf"
    assert archive.last_seen(url) is None
    archive.record(row(archive, pdf(), etag='"1"', link_text="预算"))
    archive.record(row(archive, fetched_at=NOW + timedelta(days=1), outcome=Outcome.ERROR))
    for view in (archive, Archive(archive.store)):  # kept up, and read anew
        seen = view.last_seen(url)
        assert seen is not None
        assert seen.good is not None
        assert (seen.good.etag, seen.failures, seen.link_texts) == ('"1"', 1, {"预算"})
        assert seen.last.outcome is Outcome.ERROR


def test_classify(archive: Archive) -> None:
    data, host, url = pdf(), "a.example:81", "http://a.example:81/1.pdf"
    sha256 = hashlib.sha256(data).hexdigest()
    assert archive.classify(sha256, url, host) is Outcome.NEW
    archive.put(data)  # a kill may leave an object without a row
    assert archive.classify(sha256, url, host) is Outcome.NEW
    archive.record(row(archive, data))
    assert archive.classify(sha256, url, host) is Outcome.UNCHANGED
    assert archive.classify(sha256, url + "?2", host) is Outcome.DUPLICATE
    assert archive.classify(sha256, "http://b.example/1.pdf", "b.example") is Outcome.DUPLICATE


def test_every_outcome_has_its_wording() -> None:
    assert len({outcome.zh for outcome in Outcome}) == len(Outcome)
    assert all(outcome.zh and outcome.en and outcome.value == outcome for outcome in Outcome)
    assert Outcome("new") is Outcome.NEW
    assert f"{Outcome.NEW}" == "new"


def test_the_readme_names_every_outcome(project_root: Path) -> None:
    text = (project_root / "scrapers" / "README.md").read_text(encoding="utf-8")
    for outcome in Outcome:
        assert f"`{outcome}`" in text
        assert outcome.zh in text


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_local_file_is_taken_in(archive: Archive, tmp_path: Path, as_bytes: bool) -> None:
    file = tmp_path / "某局2026年部门预算.pdf"
    file.write_bytes(pdf())
    taken = archive.put_local(
        pdf() if as_bytes else file, file.name if as_bytes else None, run_id="hand", now=NOW
    )
    assert (taken.role, taken.outcome) == ("local", Outcome.NEW)
    assert taken.url == "local:某局2026年部门预算.pdf"
    assert str(tmp_path) not in taken.model_dump_json()
    assert list(archive.documents()) == [taken.sha256]
    again = archive.put_local(file, run_id="hand2", now=NOW + timedelta(hours=1))
    assert again.outcome is Outcome.UNCHANGED
    renamed = archive.put_local(pdf(), "b.pdf", run_id="hand3", now=NOW + timedelta(hours=2))
    assert renamed.outcome is Outcome.DUPLICATE


def test_a_local_file_that_is_no_document_is_not_stored(archive: Archive, tmp_path: Path) -> None:
    file = tmp_path / "预算.pdf"
    file.write_bytes(b"<html>404</html>")
    taken = archive.put_local(file, run_id="hand", now=NOW)
    assert taken.outcome is Outcome.NOT_A_DOCUMENT
    assert "text/html" in (taken.reason or "")
    assert archive.documents() == {}
    assert list(archive.store.list("archive/objects")) == []
