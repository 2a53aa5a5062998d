"""Documents inside zip, rar and 7z: all of them, none twice, and nothing dangerous."""

from __future__ import annotations

import io
import subprocess
import warnings
import zipfile
from pathlib import Path
from typing import Any

import pytest
from rar_files import rar5
from scrapers_portal import COLUMN, QUICK, Portal, Reply, html, pdf, site_for, trs_article, trs_list

from scrapers.archive import Archive, FetchRow, Outcome
from scrapers.containers import (
    ContainerError,
    ContainerLimits,
    _seven_zip,
    expand_container,
    expand_waiting,
    members_of,
)
from scrapers.crawl import crawl_host
from scrapers.filetype import Kind, kind_of

FILES = [("单位/甲局.pdf", pdf("甲")), ("单位/乙所.pdf", pdf("乙"))]


def zipped(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", method) as archive:
        warnings.simplefilter("ignore", UserWarning)  # the same name twice is on purpose
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()


def seven_zipped(files: list[tuple[str, bytes]], folder: Path, *options: str) -> bytes:
    for name, data in files:
        path = folder / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    target = folder / "out.7z"
    subprocess.run(
        [_seven_zip(), "a", *options, str(target), "."],
        cwd=folder / "in",
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return target.read_bytes()


def container(kind: str, folder: Path) -> bytes:
    if kind == "7z":
        return seven_zipped(FILES, folder)
    return rar5(FILES) if kind == "rar" else zipped(FILES)


@pytest.mark.parametrize("kind", ["zip", "rar", "7z"])
def test_every_document_comes_out_whole(kind: str, tmp_path: Path) -> None:
    found = {m.path: m for m in members_of(container(kind, tmp_path))}
    assert {path: m.data for path, m in found.items()} == dict(FILES)
    assert all(m.outcome is None and m.kind is Kind.PDF for m in found.values())


def test_a_zip_that_stores_a_pdf_is_a_zip() -> None:
    assert kind_of(zipped(FILES, zipfile.ZIP_STORED)) is Kind.ZIP
    assert kind_of(b"\r\n" + pdf()) is Kind.PDF


@pytest.mark.parametrize(
    "name", ["../evil.pdf", "a/../../evil.pdf", "/etc/evil.pdf", "C:\\evil.pdf", "..\\evil.pdf"]
)
def test_names_that_lead_outside_are_refused(name: str) -> None:
    for data in (zipped([(name, pdf()), *FILES]), rar5([(name, pdf()), *FILES])):
        outcomes = [m.outcome for m in members_of(data)]
        assert sorted(map(str, outcomes)) == ["None", "None", "refused"]
        reasons = [m.reason for m in members_of(data) if m.reason]
        assert "outside" in reasons[0]


def test_a_member_with_a_pattern_for_a_name_is_that_member_only() -> None:
    files = [("*.pdf", pdf("星")), ("-so.pdf", pdf("减")), ("一.pdf", pdf("一"))]
    assert {m.path: m.data for m in members_of(rar5(files))} == dict(files)


def test_bombs_are_refused_before_and_while_they_unpack() -> None:
    bomb = zipped([("big.pdf", b"%PDF-1.7\n" + b"0" * 30_000_000), *FILES])
    found = {m.path: m for m in members_of(bomb)}
    assert found["big.pdf"].outcome is Outcome.REFUSED
    assert "bomb" in (found["big.pdf"].reason or "")
    assert found["单位/甲局.pdf"].data == pdf("甲")
    # a directory that lies about the size: 30 MB said to be 100 bytes
    at = bomb.index(b"PK\x01\x02")
    lying = bytearray(bomb)
    lying[at + 24 : at + 28] = (100).to_bytes(4, "little")
    [first, *_] = members_of(bytes(lying))
    assert first.data is None
    assert first.outcome in {Outcome.REFUSED, Outcome.UNREADABLE}


@pytest.mark.parametrize("pack", [zipped, rar5], ids=["zip", "rar"])
def test_the_limits_hold(pack: Any) -> None:
    data = pack([(f"{n}.pdf", pdf(str(n)) + bytes(1000)) for n in range(5)])
    with pytest.raises(ContainerError, match="more than 4"):
        list(members_of(data, ContainerLimits(members=4)))
    found = list(members_of(data, ContainerLimits(member_bytes=500)))
    assert {m.outcome for m in found} == {Outcome.REFUSED}
    found = list(members_of(data, ContainerLimits(total_bytes=2500)))
    assert [m.outcome for m in found] == [None, None, *[Outcome.REFUSED] * 3]


def test_links_are_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        link = zipfile.ZipInfo("link.pdf")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    [found] = members_of(out.getvalue())
    assert found.outcome is Outcome.REFUSED
    assert "link" in (found.reason or "")


def test_encrypted_containers_are_told(tmp_path: Path) -> None:
    [member, _] = members_of(seven_zipped(FILES, tmp_path, "-psecret"))
    assert member.outcome is Outcome.UNREADABLE
    assert "encrypted" in (member.reason or "")
    (tmp_path / "two").mkdir()
    with pytest.raises(ContainerError, match="encrypted"):
        list(members_of(seven_zipped(FILES, tmp_path / "two", "-psecret", "-mhe=on")))


def test_damaged_containers_and_members_are_told() -> None:
    for data in (zipped(FILES), rar5(FILES)):
        with pytest.raises(ContainerError, match="damaged"):
            list(members_of(data[: len(data) // 2]))
    found = list(members_of(rar5(FILES, wrong_checksum=True)))
    assert {m.outcome for m in found} == {Outcome.UNREADABLE}
    flipped = bytearray(zipped(FILES, zipfile.ZIP_STORED))
    at = flipped.index(b"%PDF")
    flipped[at + 2] ^= 1
    assert [m.outcome for m in members_of(bytes(flipped))] == [Outcome.UNREADABLE, None]


def test_names_in_gbk_without_a_flag_are_read() -> None:
    data = bytearray(zipped([("xxxxxx.pdf", pdf())]))
    name = "甲县局".encode("gb18030")
    for _ in range(2):
        at = data.index(b"xxxxxx")
        data[at : at + 6] = name
    [found] = members_of(bytes(data))
    assert found.path == "甲县局.pdf"


def test_names_in_gbk_that_claim_to_be_utf_8_are_read() -> None:
    data = bytearray(zipped([("县县县.pdf", pdf("甲")), ("乙局.pdf", pdf("乙"))]))
    name, false = "县县县".encode(), "甲县局表".encode("gb18030") + b"1"
    for _ in range(2):
        at = data.index(name)
        data[at : at + len(name)] = false
    found = {m.path: m.data for m in members_of(bytes(data))}
    assert found == {"甲县局表1.pdf": pdf("甲"), "乙局.pdf": pdf("乙")}


def test_containers_in_containers_and_what_is_no_document() -> None:
    inner = zipped([("丙.pdf", pdf("丙")), ("deep.zip", zipped([("丁.pdf", pdf("丁"))]))])
    data = zipped([("内.zip", inner), ("说明.txt", "见附件".encode()), ("__MACOSX/._丙.pdf", b"x")])
    found = {m.path: m for m in members_of(data)}
    assert found["内.zip!/丙.pdf"].data == pdf("丙")
    assert found["内.zip!/deep.zip"].outcome is Outcome.REFUSED
    assert found["说明.txt"].outcome is Outcome.NOT_A_DOCUMENT
    assert len(found) == 3


def test_the_same_name_twice_is_told() -> None:
    found = list(members_of(zipped([("a.pdf", pdf("1")), ("a.pdf", pdf("2"))])))
    assert [m.outcome for m in found] == [None, Outcome.REFUSED]


# -- in the archive ----------------------------------------------------------------------------


def crawled(portal: Portal, archive: Archive, data: bytes) -> FetchRow:
    portal.pages |= {
        COLUMN: html(trs_list([("2026-02-12", "./t20260212_1.html", "样例局2026年部门预算")])),
        COLUMN + "t20260212_1.html": html(
            trs_article("样例局2026年部门预算", '<a href="./P1.rar">各单位预算.rar</a>')
        ),
        COLUMN + "P1.rar": Reply(data, content_type="application/octet-stream"),
    }
    crawl_host([site_for(portal)], archive, run_id="r1", settings=QUICK)
    [row] = [r for r in archive.rows() if r.role == "attachment"]
    return row


def test_members_become_documents_of_the_article(portal: Portal, archive: Archive) -> None:
    parent = crawled(portal, archive, rar5([*FILES, ("说明.txt", b"text")]))
    assert archive.documents() == {}
    rows = expand_waiting(archive, run_id="r2")
    documents = archive.documents()
    assert {archive.get(sha) for sha in documents} == {data for _, data in FILES}
    for [row] in documents.values():
        assert row.parent_sha256 == parent.sha256
        assert row.member_path in dict(FILES)
        assert row.url.startswith(parent.url + "#")
        assert row.article_title == "样例局2026年部门预算"
        assert row.county_code == "149999"
    assert [r.outcome for r in rows] == [
        Outcome.NEW,
        Outcome.NEW,
        Outcome.NOT_A_DOCUMENT,
        Outcome.ARTICLE_OK,
    ]
    assert expand_waiting(archive, run_id="r3") == []


def test_a_kill_in_between_loses_nothing_and_doubles_nothing(
    portal: Portal, archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    crawled(portal, archive, zipped(FILES))
    whole, record = [], archive.record

    def killed(row: FetchRow) -> None:
        if whole:
            raise KeyboardInterrupt
        record(row)
        whole.append(row)

    monkeypatch.setattr(archive, "record", killed)
    with pytest.raises(KeyboardInterrupt):
        expand_waiting(archive, run_id="r2")
    monkeypatch.undo()
    again = Archive(archive.store)
    expand_waiting(again, run_id="r3")
    rows = [r for r in again.rows() if r.role == "member"]
    assert sorted(r.member_path or "" for r in rows) == ["", "单位/乙所.pdf", "单位/甲局.pdf"]
    assert len(again.documents()) == 2


def test_a_container_that_cannot_be_opened_has_an_outcome(archive: Archive) -> None:
    row = archive.put_local(zipped(FILES)[:-30], "坏.zip", run_id="r1")
    [told] = expand_waiting(archive, run_id="r2")
    assert told.outcome is Outcome.UNREADABLE
    assert "damaged" in (told.reason or "")
    assert told.parent_sha256 == row.sha256
    assert expand_waiting(archive, run_id="r3") == []


def test_without_the_program_it_is_tried_again(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive.put_local(rar5(FILES), "单位.rar", run_id="r1")
    with monkeypatch.context() as patched:
        patched.setattr("scrapers.containers.importlib.util.find_spec", lambda _: None)
        patched.setattr("scrapers.containers.shutil.which", lambda _: None)
        [told] = expand_waiting(archive, run_id="r2")
    assert told.outcome is Outcome.ERROR
    assert "make setup" in (told.reason or "")
    assert len(expand_waiting(archive, run_id="r3")) == 3
    assert len(archive.documents()) == 2


def test_a_row_without_a_container_is_a_mistake(archive: Archive) -> None:
    row = archive.put_local(b"no document", "x.txt", run_id="r1")
    with pytest.raises(ValueError, match="names no container"):
        expand_container(archive, row, run_id="r2")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_no_wrong_byte_of_a_zip_escapes_its_outcome(method: int) -> None:
    """One damaged container must never keep the others waiting."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for n in range(3):
            archive.writestr(f"样例{n}局.pdf", b"%PDF-1.7 " + bytes(range(200)) + b"%%EOF")
    whole = packed.getvalue()
    for at in range(len(whole)):
        for value in (0x00, 0xFF, whole[at] ^ 0x80):
            damaged = whole[:at] + bytes([value]) + whole[at + 1 :]
            try:
                found = list(members_of(damaged))
            except ContainerError:
                continue  # told as a whole
            assert all(member.data is not None or member.reason for member in found)
