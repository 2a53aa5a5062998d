"""Errors of reading: each says what is wrong, where, and what a person can do."""

from __future__ import annotations

from parsers.document import ReadingProblem


class DocumentError(Exception):
    """A file that cannot be read as a budget document.

    ``code`` becomes the outcome of the file's ``ParseRecord``.
    """

    code = "failed"

    def __init__(self, what: str, where: str, remedy: str) -> None:
        super().__init__(f"{what} ({where}). {remedy}")
        self.what, self.where, self.remedy = what, where, remedy

    def problem(self) -> ReadingProblem:
        return ReadingProblem(code=self.code, what=self.what, where=self.where, remedy=self.remedy)


class NotAPdfError(DocumentError):
    code = "not_a_pdf"


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
