"""RAR 5 files for tests: stored (unpacked) members, written after the published format."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence


def _vint(number: int) -> bytes:
    out = b""
    while True:
        low, number = number & 127, number >> 7
        if not number:
            return out + bytes([low])
        out += bytes([low | 128])


def _block(header: bytes, data: bytes = b"") -> bytes:
    sized = _vint(len(header)) + header
    return struct.pack("<I", zlib.crc32(sized)) + sized + data


def rar5(files: Sequence[tuple[str, bytes]], *, wrong_checksum: bool = False) -> bytes:
    """Members in order; ``wrong_checksum`` gives a container whose files are damaged."""
    out = b"Rar!\x1a\x07\x01\x00" + _block(_vint(1) + _vint(0) + _vint(0))
    for name, data in files:
        written = name.encode()
        checksum = zlib.crc32(data) ^ (1 if wrong_checksum else 0)
        header = (
            _vint(2)  # a file
            + _vint(2)  # with data behind the header
            + _vint(len(data))
            + _vint(4)  # its checksum is given
            + _vint(len(data))
            + _vint(0o644)
            + struct.pack("<I", checksum)
            + _vint(0)  # stored
            + _vint(1)  # on Unix
            + _vint(len(written))
            + written
        )
        out += _block(header, data)
    return out + _block(_vint(5) + _vint(0) + _vint(0))
