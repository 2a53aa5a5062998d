"""One document is read in a child process, with limits: a bad file can stop nothing else.

A child is ``python -m parsers.confine``: shut in, started with ``subprocess`` (no fork of a threaded
parent, no daemonic-process rule), it reads many documents one after the other and is thrown
away when one of them takes too long, needs too much memory or kills it. ``read_isolated``
keeps one child for a calling thread; ``WorkerPool`` gives a batch as many as it wants.

Frames on both pipes: 8 bytes length (big endian), then a JSON head line, then the body.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, TypeVar

from parsers.confine import Confinement
from parsers.document import ParsedDocument
from parsers.errors import DocumentError, error_of
from parsers.render import Drawn, Picture, PictureRequest, render
from parsers.second import CellRequest, SecondReading, second_reading

if TYPE_CHECKING:
    from parsers.draft import Draft

T = TypeVar("T")

_LENGTH = struct.Struct(">Q")
_START_SECONDS = 60.0
# What the child needs of the environment. All else stays here: a file that takes the child over
# must find no password, no key and no address in it.
_PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Limits:
    """What one document may use. Memory is the child's whole address space, in megabytes.

    ``writes``: the one folder the child may write, where it keeps recognitions; none otherwise.
    """

    seconds: float = 60.0
    megabytes: int = 2048
    documents_per_worker: int = 500
    writes: str | None = None


class _Died(Exception):
    """The child went away (killed, crashed) instead of answering."""


class Worker:
    """One child process; started when first needed, replaced when it is lost."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None
        self._served = 0
        self._lock = threading.Lock()

    def read(
        self,
        data: bytes,
        file_name: str | None = None,
        part: int = 1,
        *,
        recognise: bool = True,
        images: Collection[int] = (),
        kept: str | None = None,
    ) -> ParsedDocument:
        """``parsers.read.read_document`` in the child; ``kept``: folder of recognitions.

        Raises what it raises (with ``document`` filled where there is one), and DocumentError
        with code ``timeout`` or ``memory``, or ``failed`` where the reader has a bug.
        """
        with self._lock:
            head, body = self._ask(
                data, file_name, part=part, recognise=recognise, images=images, kept=kept
            )
        if head["outcome"] == "parsed":
            return ParsedDocument.model_validate_json(body)
        error = error_of(head["outcome"], head["what"], head["where"], head["remedy"])
        if body:
            error.document = ParsedDocument.model_validate_json(body)
        raise error

    def draft(self, data: bytes, file_name: str | None = None, part: int = 1) -> Draft:
        """``parsers.draft.read_draft`` in the child; raises as ``read`` does."""
        from parsers.draft import Draft

        with self._lock:
            head, body = self._ask(data, file_name, part=part, draft=True)
        if head["outcome"] == "draft":
            return Draft.model_validate_json(body)
        raise error_of(head["outcome"], head["what"], head["where"], head["remedy"])

    def second(
        self, data: bytes, cells: Sequence[CellRequest], file_name: str | None = None
    ) -> list[SecondReading]:
        """``parsers.second.second_reading`` in the child; raises as ``read`` does."""
        with self._lock:
            head, body = self._ask(data, file_name, [c.model_dump(mode="json") for c in cells])
        if head["outcome"] == "second":
            return [SecondReading.model_validate(r) for r in json.loads(body)]
        raise error_of(head["outcome"], head["what"], head["where"], head["remedy"])

    def render(
        self, data: bytes, pictures: Sequence[PictureRequest], *, released: bool = False
    ) -> Drawn:
        """``parsers.render.render`` in the child; raises as ``read`` does."""
        asked = {"released": released, "wanted": [p.model_dump(mode="json") for p in pictures]}
        with self._lock:
            head, body = self._ask(data, None, pictures=asked)
        if head["outcome"] != "pictures":
            raise error_of(head["outcome"], head["what"], head["where"], head["remedy"])
        drawn = Drawn.model_validate({"marks": head["marks"]})
        for one in head["pictures"]:
            length = one.pop("bytes")
            drawn.pictures.append(Picture(**one, image=body[:length]))
            body = body[length:]
        return drawn

    def _ask(
        self,
        data: bytes,
        file_name: str | None,
        cells: list[dict[str, Any]] | None = None,
        pictures: dict[str, Any] | None = None,
        *,
        part: int = 1,
        recognise: bool = True,
        images: Collection[int] = (),
        kept: str | None = None,
        draft: bool = False,
    ) -> tuple[dict[str, Any], bytes]:
        name = file_name or "the file"
        process = self._ready()
        deadline = time.monotonic() + self.limits.seconds
        try:
            asked = {
                "file_name": file_name,
                "cells": cells,
                "pictures": pictures,
                "part": part,
                "recognise": recognise,
                "images": sorted(images),
                "kept": kept,
                "draft": draft,
            }
            head = json.dumps(asked).encode() + b"\n"
            _send(process, head + data, deadline)
            answer = _receive(process, deadline)
        except TimeoutError:
            self.close()
            return _problem(
                "timeout", f"reading took longer than {self.limits.seconds:g} s", name,
                "Raise the limit if the file is only large; else look why the reader hangs on it.",
            )  # fmt: skip
        except (_Died, OSError):
            code = self._gone()
            if code in (-signal.SIGKILL, 128 + signal.SIGKILL, -signal.SIGABRT):
                # the PDF library aborts when it cannot allocate: the limit did its work
                return _problem(
                    "memory",
                    f"the reading process ended at its limit of {self.limits.megabytes} MB", name,
                    "Give the machine or Limits.megabytes more if the file is only large.",
                )  # fmt: skip
            return _problem(
                "failed", f"the reading process died (exit code {code})", name,
                "Report the file: a crash of the PDF library is a bug to be worked around.",
            )  # fmt: skip
        self._served += 1
        line, _, body = answer.partition(b"\n")
        head_out: dict[str, Any] = json.loads(line)
        if head_out["outcome"] == "memory":
            # what failed to be allocated may have left the library in any state
            self.close()
        return head_out, body

    @property
    def pid(self) -> int | None:
        """Number of the child, where one runs."""
        return self._process.pid if self._process is not None else None

    def _ready(self) -> subprocess.Popen[bytes]:
        if self._process is not None and (
            self._process.poll() is not None or self._served >= self.limits.documents_per_worker
        ):
            self.close()
        if self._process is None:
            self._served = 0
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "parsers.confine",
                    str(self.limits.megabytes),
                    *([self.limits.writes] if self.limits.writes else []),
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=_environment(),
                start_new_session=True,
            )
            try:
                _receive(self._process, time.monotonic() + _START_SECONDS)
            except (TimeoutError, _Died, OSError) as err:
                code = self._gone()
                raise RuntimeError(
                    f"the reading process does not start (exit code {code}); run "
                    f"`{sys.executable} -m parsers.confine 2048` by hand to see why"
                ) from err
        return self._process

    def _gone(self) -> int | None:
        process, code = self._process, None
        if process is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = process.wait(timeout=5)
        self.close()
        return code

    def close(self) -> None:
        """End the child (at once: it holds nothing that is not also here)."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_local = threading.local()


def read_isolated(
    data: bytes,
    limits: Limits | None = None,
    file_name: str | None = None,
    part: int = 1,
    *,
    recognise: bool = True,
    images: Collection[int] = (),
    kept: str | None = None,
) -> ParsedDocument:
    """Read one document in this thread's child process. Raises DocumentError only."""
    return _own(limits).read(data, file_name, part, recognise=recognise, images=images, kept=kept)


def second_isolated(
    data: bytes,
    cells: Sequence[CellRequest],
    limits: Limits | None = None,
    file_name: str | None = None,
) -> list[SecondReading]:
    """Read figures again in this thread's child process. Raises DocumentError only."""
    return _own(limits).second(data, cells, file_name) if cells else []


def render_isolated(
    data: bytes,
    pictures: Sequence[PictureRequest],
    limits: Limits | None = None,
    *,
    released: bool = False,
) -> Drawn:
    """Draw pages in this thread's child process. Raises DocumentError only."""
    return _own(limits).render(data, pictures, released=released)


def _own(limits: Limits | None) -> Worker:
    worker: Worker | None = getattr(_local, "worker", None)
    wanted = limits or Limits()
    if worker is None or worker.limits != wanted:
        if worker is not None:
            worker.close()
        worker = _local.worker = Worker(wanted)
        atexit.register(worker.close)
    return worker


class WorkerPool:
    """Several children for a batch.

    ``map`` yields (item, document or error) as they are done; it never raises for a document.
    """

    def __init__(self, size: int | None = None, limits: Limits | None = None) -> None:
        self.size = size or max(1, os.cpu_count() or 1)
        self.workers = [Worker(limits) for _ in range(self.size)]
        self._free = list(self.workers)
        self._lock = threading.Lock()

    def read(self, data: bytes, file_name: str | None = None) -> ParsedDocument:
        """As ``read_isolated``; at most ``size`` threads may call at a time."""
        with self._lock:
            worker = self._free.pop()
        try:
            return worker.read(data, file_name)
        finally:
            with self._lock:
                self._free.append(worker)

    def map(
        self, items: Iterable[T], load: Callable[[T], bytes], name: Callable[[T], str] = str
    ) -> Iterator[tuple[T, ParsedDocument | DocumentError]]:
        def one(item: T) -> ParsedDocument | DocumentError:
            try:
                return self.read(load(item), name(item))
            except DocumentError as err:
                return err

        with ThreadPoolExecutor(self.size) as threads:
            waiting = {threads.submit(one, item): item for item in items}
            for done in as_completed(set(waiting)):
                # popped, so that a long batch does not keep every document it has read
                yield waiting.pop(done), done.result()

    def close(self) -> None:
        for worker in self.workers:
            worker.close()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


# -- pipes -------------------------------------------------------------------------------
def _pipe(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise _Died
    return pipe.fileno()


def _send(process: subprocess.Popen[bytes], body: bytes, deadline: float) -> None:
    fd = _pipe(process.stdin)
    os.set_blocking(fd, False)
    view = memoryview(_LENGTH.pack(len(body)) + body)
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_WRITE)
        while view:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if selector.select(min(left, 1.0)):
                try:
                    view = view[os.write(fd, view[: 1 << 16]) :]
                except BlockingIOError:
                    continue
                except BrokenPipeError as err:
                    raise _Died from err


def _receive(process: subprocess.Popen[bytes], deadline: float) -> bytes:
    length = _LENGTH.unpack(_exactly(process, _LENGTH.size, deadline))[0]
    return _exactly(process, length, deadline)


def _exactly(process: subprocess.Popen[bytes], n: int, deadline: float) -> bytes:
    fd = _pipe(process.stdout)
    parts: list[bytes] = []
    with selectors.DefaultSelector() as selector:
        selector.register(fd, selectors.EVENT_READ)
        while n:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            if not selector.select(min(left, 1.0)):
                continue
            part = os.read(fd, min(n, 1 << 20))
            if not part:
                raise _Died
            parts.append(part)
            n -= len(part)
    return b"".join(parts)


def _problem(code: str, what: str, where: str, remedy: str) -> tuple[dict[str, Any], bytes]:
    return {"outcome": code, "what": what, "where": where, "remedy": remedy}, b""


# -- the child ---------------------------------------------------------------------------
def _answer(
    data: bytes,
    file_name: str | None,
    cells: list[dict[str, Any]] | None = None,
    pictures: dict[str, Any] | None = None,
    *,
    part: int = 1,
    recognise: bool = True,
    images: Collection[int] = (),
    kept: str | None = None,
    draft: bool = False,
) -> tuple[dict[str, Any], bytes]:
    from parsers.read import read_document
    from parsers.scan import Folder

    name = file_name or "the file"
    try:
        if cells is not None:
            asked = [CellRequest.model_validate(c) for c in cells]
            found = [r.model_dump(mode="json") for r in second_reading(data, asked)]
            return {"outcome": "second"}, json.dumps(found).encode()
        if pictures is not None:
            wanted = [PictureRequest.model_validate(p) for p in pictures["wanted"]]
            drawn = render(data, wanted, released=pictures["released"])
            told = [p.model_dump(mode="json") | {"bytes": len(p.image)} for p in drawn.pictures]
            head = {"outcome": "pictures", "marks": drawn.marks, "pictures": told}
            return head, b"".join(p.image for p in drawn.pictures)
        if draft:
            from parsers.draft import read_draft

            found_draft = read_draft(data, file_name=file_name, part=part)
            return {"outcome": "draft"}, found_draft.model_dump_json().encode()
        document = read_document(
            data,
            file_name=file_name,
            part=part,
            recognise=recognise,
            images=images,
            kept=Folder(kept) if kept else None,
        )
        return {"outcome": "parsed"}, document.model_dump_json().encode()
    except DocumentError as err:
        held = err.document.model_dump_json().encode() if err.document is not None else b""
        return err.problem().model_dump(exclude={"code"}) | {"outcome": err.code}, held
    except MemoryError:
        return _problem(
            "memory", "reading needs more memory than its limit", name,
            "Raise Limits.megabytes if the file is only large.",
        )  # fmt: skip
    except Exception as err:
        import traceback

        last = traceback.extract_tb(err.__traceback__)[-1]
        return _problem(
            "failed", f"{type(err).__name__}: {err}", f"{last.filename}:{last.lineno}, {name}",
            "Report the file: this is a bug of the reader.",
        )  # fmt: skip


def _serve(source: IO[bytes], sink: IO[bytes]) -> None:
    def put(body: bytes) -> None:
        sink.write(_LENGTH.pack(len(body)) + body)
        sink.flush()

    put(b"ready")
    while True:
        length = source.read(_LENGTH.size)
        if len(length) < _LENGTH.size:
            return
        try:
            body = source.read(_LENGTH.unpack(length)[0])
            head, _, data = body.partition(b"\n")
            asked = json.loads(head)
            out, document = _answer(
                data,
                asked["file_name"],
                asked["cells"],
                asked["pictures"],
                part=asked["part"],
                recognise=asked["recognise"],
                images=asked["images"],
                kept=asked["kept"],
                draft=asked["draft"],
            )
            put(json.dumps(out).encode() + b"\n" + document)
            del body, head, data, document
            gc.collect()
        except MemoryError:
            # even the file itself does not fit: say so and go, the frames are out of step
            out, document = _problem(
                "memory", "the file alone needs more memory than the limit", "the file",
                "Raise Limits.megabytes if files of this size are real.",
            )  # fmt: skip
            put(json.dumps(out).encode() + b"\n")
            return


def confinement() -> Confinement:
    """What readers on this machine are shut out of, tried in a process like theirs."""
    done = subprocess.run(
        [sys.executable, "-m", "parsers.confine"],
        env=_environment(),
        stdout=subprocess.PIPE,
        timeout=_START_SECONDS,
        check=True,
    )
    return Confinement(**json.loads(done.stdout))


def _environment() -> dict[str, str]:
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        "PYTHONPATH": os.pathsep.join(p for p in sys.path if p),
    }


def serve() -> None:
    """The child's life, after ``parsers.confine`` has shut it in."""
    import parsers.read  # noqa: F401  imported before the first document is timed

    # a reading makes many small objects and hardly a cycle: those few are looked for between two
    # documents, among what the reading left behind and not among the modules
    gc.disable()
    gc.collect()
    gc.freeze()
    sink = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the frames
    _serve(sys.stdin.buffer, sink)
