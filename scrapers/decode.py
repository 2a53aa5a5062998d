"""Bytes of a page to text: by the HTTP header, then the page's own meta, then detection.

Chinese government pages come in UTF-8 and in GBK, and a declaration can be wrong; one that
the bytes contradict is passed over.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from email.message import Message
from typing import Literal

from charset_normalizer import from_bytes

__all__ = ["DecodedText", "decode_page"]

DeclaredBy = Literal["header", "meta charset", "meta http-equiv Content-Type", "byte order mark"]

# GB 18030 contains GBK and GB 2312; pages that declare the smaller sets use characters of the
# larger one (names of persons and places).
_WIDER = {"gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "hz": "hz"}

# A server that declares Latin-1 for a Chinese page only repeats its own default.
_SAYS_NOTHING = {"iso8859-1", "latin-1", "us-ascii", "ascii", "windows-1252", "cp1252"}

_BELOW_LEAD_BYTES = bytes(range(0xC0))

_META = re.compile(rb"<meta\b[^>]*>", re.I | re.S)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([A-Za-z0-9_.:-]+)", re.I)


@dataclass(frozen=True)
class DecodedText:
    """Text of a page and how its encoding was found.

    ``declared`` is what the page or the server says, ``encoding`` what the bytes are
    (``ascii`` where nothing else occurs). ``is_damaged`` marks text with replaced bytes.
    """

    text: str
    encoding: str
    declared: str | None
    declared_by: DeclaredBy | None
    is_damaged: bool = False


def decode_page(data: bytes, content_type: str | None = None) -> DecodedText:
    """Decode a page; never fails (undecodable bytes become U+FFFD and are reported)."""
    declarations = _declarations(data, content_type)
    declared, declared_by = declarations[0] if declarations else (None, None)
    if data.isascii() and not any(name.startswith("hz") for name, _ in declarations):
        return DecodedText(data.decode("ascii"), "ascii", declared, declared_by)
    candidates = [name for name, _ in declarations if not _says_nothing(name)]
    # GBK text of some length is never valid UTF-8, while UTF-8 often passes for GBK and comes
    # out as rubbish: here the bytes contradict a declaration without an error.
    if len(data.translate(None, _BELOW_LEAD_BYTES)) >= 10 and _strictly(data, "utf-8") is not None:
        candidates.insert(0, "utf-8-sig" if data.startswith(codecs.BOM_UTF8) else "utf-8")
    for name in [*candidates, "utf-8", "gb18030"]:
        text = _strictly(data, name)
        if text is not None:
            return DecodedText(text, _canonical(name), declared, declared_by)
    best = from_bytes(data, cp_isolation=["utf_8", "gb18030", "big5", "utf_16"]).best()
    guess = _canonical(best.encoding if best else (candidates or ["utf-8"])[0])
    # One bad byte must not turn a whole page over to another encoding.
    for name in [*candidates, guess]:
        text = data.decode(_codec(name) or "utf-8", errors="replace")
        if text.count("\ufffd") <= len(text) // 100:
            return DecodedText(text, _canonical(name), declared, declared_by, is_damaged=True)
    return DecodedText(data.decode(guess, "replace"), guess, declared, declared_by, True)


def _declarations(data: bytes, content_type: str | None) -> list[tuple[str, DeclaredBy]]:
    found: list[tuple[str, DeclaredBy]] = []
    for bom, name in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if data.startswith(bom):
            found.append((name, "byte order mark"))
    if content_type:
        header = Message()
        header["Content-Type"] = content_type
        charset = header.get_content_charset()
        if charset:
            found.append((charset, "header"))
    for tag in _META.findall(data[:8192]):
        match = _CHARSET.search(tag)
        if match:
            by_equiv = re.search(rb"http-equiv\s*=\s*[\"']?content-type", tag, re.I)
            found.append(
                (
                    match[1].decode("ascii").lower(),
                    "meta http-equiv Content-Type" if by_equiv else "meta charset",
                )
            )
            break
    return found


def _codec(name: str) -> str | None:
    name = _WIDER.get(name.lower().replace("_", "-"), name)
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _canonical(name: str) -> str:
    codec = _codec(name) or name
    return "utf-8" if codec in {"utf-8-sig", "utf_8_sig"} else codec


def _says_nothing(name: str) -> bool:
    codec = _codec(name)
    return codec is None or codec in _SAYS_NOTHING


def _strictly(data: bytes, name: str) -> str | None:
    codec = _codec(name)
    if codec is None:
        return None
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None
