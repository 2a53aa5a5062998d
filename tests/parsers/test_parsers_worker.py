"""The reading process: limits hold, a lost child stops nothing."""

from __future__ import annotations

import os
import signal
import threading
import time

import office_files
import pytest
from parsers_typeset import Style, invented, print_pdf

from parsers.document import ParsedDocument
from parsers.errors import DocumentError, NotAPdfError, UnknownTemplateError
from parsers.read import read_document
from parsers.worker import Limits, Worker, WorkerPool, read_isolated


@pytest.fixture(scope="module")
def document() -> bytes:
    return print_pdf(invented(31), Style())


@pytest.fixture(scope="module")
def other_forms() -> bytes:
    sheets = invented(32)[4:5]
    sheets[0].header[1][4] = "其他"
    return print_pdf([*sheets, *sheets, *sheets], Style())


def test_the_child_reads_what_we_read(document: bytes) -> None:
    assert read_isolated(document) == read_document(document)


def test_a_shut_in_child_reads_workbooks_and_word_files(document: bytes) -> None:
    """What their libraries ask of the system when they are loaded must be within its walls."""
    told = read_document(document)
    with Worker() as worker:
        for made in (office_files.xlsx(told), office_files.xls(told), office_files.docx(told)):
            table = worker.read(made).table("T05")
            assert table is not None
            assert len(table.body) == len(told.table("T05").body)  # type: ignore[union-attr]


def test_errors_come_back_as_they_are(other_forms: bytes) -> None:
    with Worker() as worker:
        with pytest.raises(NotAPdfError) as caught:
            worker.read(b"nothing", "a.pdf")
        assert caught.value.where == "byte 0"
        with pytest.raises(DocumentError) as held:
            worker.read(other_forms)
        if isinstance(held.value, UnknownTemplateError):
            assert held.value.document is not None
            assert held.value.document.generic_tables


def test_a_slow_document_is_given_up_and_the_next_is_read(document: bytes) -> None:
    with Worker(Limits(seconds=120)) as worker:
        worker.read(document)
        worker.limits = Limits(seconds=0.02)
        start = time.monotonic()
        with pytest.raises(DocumentError) as caught:
            worker.read(document, "slow.pdf")
        assert caught.value.code == "timeout"
        assert "slow.pdf" in str(caught.value)
        assert time.monotonic() - start < 10
        worker.limits = Limits(seconds=120)
        assert len(worker.read(document).tables) == 13


def test_a_document_that_needs_too_much_memory(document: bytes) -> None:
    huge = document + b"\0" * (150 << 20)
    with Worker(Limits(megabytes=300)) as worker:
        with pytest.raises(DocumentError) as caught:
            worker.read(huge)
        assert caught.value.code == "memory"
        assert len(worker.read(document).tables) == 13


def test_a_killed_child_is_told_and_replaced(document: bytes) -> None:
    with Worker() as worker:
        worker.read(document)
        process = worker._process
        assert process is not None
        hang = threading.Timer(0.05, os.kill, (process.pid, signal.SIGSEGV))
        os.kill(process.pid, signal.SIGSTOP)
        hang.start()
        threading.Timer(0.1, os.kill, (process.pid, signal.SIGCONT)).start()
        with pytest.raises(DocumentError) as caught:
            worker.read(document)
        assert caught.value.code in ("failed", "memory")
        assert len(worker.read(document).tables) == 13


def test_a_batch_goes_on_past_bad_files(document: bytes) -> None:
    batch = {"good": document, "bad": b"%PDF-1.4 nothing", "page": b"<html>", "again": document}
    with WorkerPool(2) as pool:
        done = dict(pool.map(batch, batch.__getitem__))
    assert isinstance(done["good"], ParsedDocument)
    assert isinstance(done["again"], ParsedDocument)
    codes = {k: v.code for k, v in done.items() if isinstance(v, DocumentError)}
    assert codes == {"bad": "damaged", "page": "not_a_pdf"}


def test_a_worker_is_renewed_after_its_share(document: bytes) -> None:
    with Worker(Limits(documents_per_worker=1)) as worker:
        worker.read(document)
        first = worker._process
        worker.read(document)
        assert worker._process is not first
