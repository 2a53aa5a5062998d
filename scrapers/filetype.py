"""What a file is, told by its bytes. Names and Content-Type headers lie; magic bytes do not."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from enum import Enum

__all__ = [
    "Kind",
    "extension_of",
    "is_container_type",
    "is_document_type",
    "kind_of",
    "kind_of_file",
]


class Kind(Enum):
    """Kind of file: media type, usual extension, and whether a budget can be published in it."""

    media_type: str
    extension: str
    is_document: bool

    PDF = ("application/pdf", "pdf", True)
    OFD = ("application/ofd", "ofd", True)
    DOC = ("application/msword", "doc", True)
    DOCX = (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
        True,
    )
    XLS = ("application/vnd.ms-excel", "xls", True)
    XLSX = ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx", True)
    PPTX = (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
        True,
    )
    OLE = ("application/x-ole-storage", "ole", True)
    OFFICE_XML = ("application/x-office-xml", "xml", True)
    """A workbook or text saved as XML (Office 2003, flat Open XML)."""
    OFFICE_HTML = ("application/x-office-html", "html", True)
    """A workbook or text saved as a web page, or written as one by a portal's export."""
    OFFICE_MHT = ("application/x-office-mht", "mht", True)
    """The same as a single-file web page (MHTML)."""
    RTF = ("application/rtf", "rtf", True)
    ZIP = ("application/zip", "zip", True)
    RAR = ("application/vnd.rar", "rar", True)
    SEVEN_ZIP = ("application/x-7z-compressed", "7z", True)
    GZIP = ("application/gzip", "gz", False)
    JPEG = ("image/jpeg", "jpg", False)
    PNG = ("image/png", "png", False)
    GIF = ("image/gif", "gif", False)
    TIFF = ("image/tiff", "tif", False)
    HTML = ("text/html", "html", False)
    XML = ("text/xml", "xml", False)
    JSON = ("application/json", "json", False)
    TEXT = ("text/plain", "txt", False)
    EMPTY = ("application/x-empty", "", False)
    UNKNOWN = ("application/octet-stream", "", False)

    def __init__(self, media_type: str, extension: str, is_document: bool) -> None:
        self.media_type = media_type
        self.extension = extension
        self.is_document = is_document


_DOCUMENT_TYPES = frozenset(kind.media_type for kind in Kind if kind.is_document)

_CONTAINER_TYPES = frozenset(kind.media_type for kind in (Kind.ZIP, Kind.RAR, Kind.SEVEN_ZIP))

# Extensions a link to a document may carry, more than the kinds above tell apart
# (.wps and .et are OLE or zip inside).
_DOCUMENT_EXTENSIONS = frozenset(
    {"pdf", "ofd", "doc", "docx", "wps", "xls", "xlsx", "xlsm", "et", "csv", "ppt", "pptx", "rtf"}
    | {"zip", "rar", "7z"}
)

_START = {
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": Kind.OLE,
    b"Rar!\x1a\x07": Kind.RAR,
    b"7z\xbc\xaf\x27\x1c": Kind.SEVEN_ZIP,
    b"{\\rtf": Kind.RTF,
    b"\x1f\x8b": Kind.GZIP,
    b"\xff\xd8\xff": Kind.JPEG,
    b"\x89PNG\r\n\x1a\n": Kind.PNG,
    b"GIF8": Kind.GIF,
    b"II*\x00": Kind.TIFF,
    b"MM\x00*": Kind.TIFF,
}

_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|script|meta|title|table|div|iframe|frameset)\b", re.I
)


def kind_of(data: bytes) -> Kind:
    """The kind of a file by its content; an HTML page named ``.pdf`` is HTML."""
    if not data:
        return Kind.EMPTY
    # First what the file begins with: a container that stores a PDF unpacked has "%PDF-" near
    # its beginning, too.
    for magic, kind in _START.items():
        if data.startswith(magic):
            return _ole_kind(data) if kind is Kind.OLE else kind
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip_kind(data)
    # ISO 32000 lets up to 1,024 bytes stand before the header; some publishers' gateways
    # use that. A page that merely mentions "%PDF-" further in is not a PDF.
    found = data.find(b"%PDF-", 0, 1024 + 5)
    if found == 0 or (found > 0 and not _HTML.search(data[:found])):
        return Kind.PDF
    return _text_kind(data)


def kind_of_file(data: bytes, *names: str | None) -> Kind:
    """The kind of what is offered as a file under these names (file name, address, link text).

    Word and Excel save web pages, too, and portals export tables as such: under a name of an
    office file, a page is one of these where Office's own marks stand in it, or where it holds
    a table and nothing of what makes a portal's page (scripts, frames, links in number). An error
    page under such a name stays a page.
    """
    kind = kind_of(data)
    if kind in {Kind.HTML, Kind.TEXT} and any(
        extension_of(name) in _OFFICE_EXTENSIONS for name in names if name
    ):
        if kind is Kind.TEXT:
            return Kind.OFFICE_MHT if _MHT.match(data[:4096].lstrip()) else kind
        if _OFFICE_PAGE.search(data[:8192]) or (
            _TABLE.search(data)
            and not _PORTAL.search(data)
            and len(_LINK.findall(data)) <= _MOST_LINKS
        ):
            return Kind.OFFICE_HTML
    return kind


_OFFICE_EXTENSIONS = frozenset({"doc", "docx", "wps", "rtf", "xls", "xlsx", "xlsm", "et", "csv"})
_OFFICE_XML = re.compile(
    rb"<\?mso-application\s|urn:schemas-microsoft-com:office:spreadsheet"
    rb"|schemas\.microsoft\.com/office/(?:word/2003/wordml|2006/xmlPackage)"
)
_OFFICE_PAGE = re.compile(
    rb"<html\b[^>]*urn:schemas-microsoft-com:office:(?:excel|word)"
    rb"|<meta\b[^>]*(?:Excel\.Sheet|Word\.Document|Microsoft\s+(?:Excel|Word))",
    re.I,
)
_TABLE = re.compile(rb"<t[dh]\b.*?<t[dh]\b", re.I | re.S)
_PORTAL = re.compile(rb"<(?:script|i?frame|frameset|form|input|nav)\b", re.I)
_LINK = re.compile(rb"<a\s[^>]*href", re.I)
_MOST_LINKS = 3
_MHT = re.compile(
    rb"(?:[\w-]+:[^\n]*\n(?:[ \t][^\n]*\n)*){0,12}?Content-Type:\s*multipart/related", re.I
)


def is_document_type(media_type: str | None) -> bool:
    """True for media types in which a budget can be published (archives included)."""
    return media_type in _DOCUMENT_TYPES


def is_container_type(media_type: str | None) -> bool:
    """True for zip, rar and 7z: several documents in one file."""
    return media_type in _CONTAINER_TYPES


def extension_of(name: str) -> str | None:
    """The extension of a document's name or URL path, lower case; None for anything else."""
    dot, extension = name.strip().rpartition(".")[1:]
    extension = extension.lower()
    return extension if dot and extension in _DOCUMENT_EXTENSIONS else None


def _ole_kind(data: bytes) -> Kind:
    # Names of streams stand in the compound file's directory as UTF-16.
    for stream, kind in (("Workbook", Kind.XLS), ("Book", Kind.XLS), ("WordDocument", Kind.DOC)):
        if f"{stream}\0".encode("utf-16-le") in data:
            return kind
    return Kind.OLE


def _zip_kind(data: bytes) -> Kind:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
    except (zipfile.BadZipFile, struct.error, OSError, NotImplementedError, ValueError):
        return Kind.ZIP
    if "OFD.xml" in names:
        return Kind.OFD
    if "[Content_Types].xml" in names:
        for folder, kind in (("word/", Kind.DOCX), ("xl/", Kind.XLSX), ("ppt/", Kind.PPTX)):
            if any(name.startswith(folder) for name in names):
                return kind
    return Kind.ZIP


def _text_kind(data: bytes) -> Kind:
    head = data[:4096]
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(b"<?xml") and _OFFICE_XML.search(head):
        return Kind.OFFICE_XML
    if _HTML.search(head) or re.match(rb"<(?:!--|[a-z])", bare, re.I):
        return Kind.XML if bare.startswith(b"<?xml") and not _HTML.search(head) else Kind.HTML
    if bare.startswith(b"<?xml"):
        return Kind.XML
    if bare[:1] in {b"{", b"["}:
        return Kind.JSON
    return Kind.UNKNOWN if b"\0" in head else Kind.TEXT
