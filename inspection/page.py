"""The inspection sheet as one self-contained page: no script, nothing loaded from elsewhere."""

from __future__ import annotations

import base64
from functools import cache
from typing import TYPE_CHECKING

from inspection.model import STATUSES, Sheet
from inspection.pictures import Crop
from inspection.rules import HERE, rules
from inspection.workbook import NOTE, title

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def data_url(content: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def page(
    sheet: Sheet,
    crops: dict[int, list[Crop]],
    *,
    downloads: dict[str, str] | None = None,
    again: str | None = None,
) -> str:
    """The HTML. ``downloads``: file name → data URL; ``again``: where a further file is dropped."""
    counts = {name: sum(x.status == key for x in sheet.lines) for key, name in STATUSES.items()}
    return (
        environment()
        .get_template("sheet.html.j2")
        .render(
            sheet=sheet,
            title=title(sheet),
            note=NOTE,
            statuses=STATUSES,
            counts=counts,
            severities=rules().severities,
            crops={
                n: [(c, data_url(c.png, "image/png")) for c in mine] for n, mine in crops.items()
            },
            downloads=downloads or {},
            again=again,
        )
    )
