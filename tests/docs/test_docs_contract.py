"""The published contract is the one the code keeps."""

from __future__ import annotations

import json
from pathlib import Path

from parsers.document import ParsedDocument


def test_published_schema_is_current(project_root: Path) -> None:
    published = json.loads((project_root / "docs" / "contract.schema.json").read_text())
    assert published == ParsedDocument.model_json_schema(), "run: make contract"
