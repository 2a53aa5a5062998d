"""Installed files are compared with their package's own list of hashes."""

from __future__ import annotations

import base64
import hashlib
import sys
from pathlib import Path

import pytest

from ops.audit import look_at_installed


def test_a_changed_and_a_missing_file_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "left_pad-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: left-pad\nVersion: 1.0\n")
    (tmp_path / "left_pad.py").write_text("pad = 1\n")
    told = base64.urlsafe_b64encode(hashlib.sha256(b"pad = 1\n").digest()).rstrip(b"=").decode()
    (info / "RECORD").write_text(f"left_pad.py,sha256={told},8\ngone.py,sha256={told},8\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert look_at_installed({"left-pad"}) == ["left-pad: gone.py is missing"]
    (tmp_path / "left_pad.py").write_text("pad = 2\n")
    assert "left_pad.py was changed" in look_at_installed({"left-pad"})[0]
    assert look_at_installed(set()) == []
