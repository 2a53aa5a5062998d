"""Errors of reading: each says what is wrong, where, and what a person can do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from parsers.document import ParsedDocument, ReadingProblem

if TYPE_CHECKING:
    from parsers.assemble import Assembly


class DocumentError(Exception):
    """A file that cannot be read as a budget document.

    ``code`` becomes the outcome of the file's ``ParseRecord``.
    """

    code = "failed"
    document: ParsedDocument | None = None
    """What could be read all the same (plain tables, narrative), where anything could."""
    made: Assembly | None = None

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where}). {remedy}")
        self.what, self.where, self.remedy = what, where, remedy

    def problem(self) -> ReadingProblem:
        return ReadingProblem(code=self.code, what=self.what, where=self.where, remedy=self.remedy)


class NotAPdfError(DocumentError):
    code = "not_a_pdf"


class UnsupportedFormatError(DocumentError):
    """A document in a format that is archived but not read (OFD, RTF, presentations,
    workbooks saved as web pages)."""

    code = "unsupported_format"


class DamagedError(DocumentError):
    code = "damaged"


class EncryptedError(DocumentError):
    code = "encrypted"


class NotADisclosureError(DocumentError):
    """A readable document that is no budget or final account (e.g. a notice)."""

    code = "not_a_disclosure"


class UnknownTemplateError(DocumentError):
    """A disclosure whose forms no YAML describes yet."""

    code = "unknown_template"


class TooLargeError(DocumentError):
    code = "too_large"


class NoTextError(DocumentError):
    """Images only: the pages must be recognised (OCR) before they can be read."""

    code = "no_text"


class ScannedError(DocumentError):
    """Pages are images: the file waits for the processes that recognise."""

    code = "scanned"


class NoSuchPartError(DocumentError, ValueError):
    """A document of the file was asked for that it does not hold."""

    code = "no_such_part"


class TimeoutError_(DocumentError):
    """The reading took longer than its limit."""

    code = "timeout"


class OutOfMemoryError(DocumentError):
    """The reading needed more memory than its limit."""

    code = "memory"


def error_of(code: str, what: str, where: str, remedy: str) -> DocumentError:
    """The error of a code, as it came back from a worker or a record."""
    kind = _BY_CODE.get(code)
    if kind is None:
        out = DocumentError(what, where, remedy)
        out.code = code
        return out
    return kind(what, where, remedy)


_BY_CODE: dict[str, type[DocumentError]] = {
    c.code: c
    for c in (
        NotAPdfError,
        UnsupportedFormatError,
        DamagedError,
        EncryptedError,
        NotADisclosureError,
        UnknownTemplateError,
        TooLargeError,
        NoTextError,
        ScannedError,
        NoSuchPartError,
        TimeoutError_,
        OutOfMemoryError,
    )
}
