"""Site files: one YAML a county says where it publishes and how its portal is read."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urljoin, urlsplit

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from scrapers.window import Window

__all__ = ["Bounds", "Column", "Pace", "Site", "SiteFileError", "host_of", "hosts", "load_sites"]

Holds = Literal["budget", "final_account", "adjusted", "mixed"]
"""Phase of a column's documents: 年初预算, 决算, 预算调整, or several together (预决算)."""

ColumnScope = Literal["department", "unit", "mixed"]
"""部门 (consolidated), 单位 (own), or both in one column."""


class SiteFileError(ValueError):
    """A site file that cannot be used; the message names file, line and remedy."""

    def __init__(self, file: Path, line: int | None, what: str, remedy: str) -> None:
        place = f"{file}:{line}" if line else str(file)
        super().__init__(f"{place}: {what}. {remedy}")
        self.file, self.line, self.what, self.remedy = file, line, what, remedy


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _is_window(text: str) -> str:
    Window.parse(text)
    return text


class Pace(_Strict):
    """How long to wait before each request to the host: the pause, plus up to the jitter; and
    the hours in China's time in which it may be asked (``22:00-07:00`` or ``any``; default: the
    night's, ``BUDGETS_CRAWL_WINDOW``)."""

    pause_seconds: float = Field(default=2.0, ge=0)
    jitter_seconds: float = Field(default=1.0, ge=0)
    window: Annotated[str, AfterValidator(_is_window)] | None = None


class Bounds(_Strict):
    """How many entries all columns together may list for one year; outside them the crawl warns."""

    least: int = Field(default=1, ge=0)
    most: int = Field(default=2000, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.least > self.most:
            raise ValueError(f"least ({self.least}) is above most ({self.most})")
        return self


class Column(_Strict):
    """One list of the portal (栏目). ``path`` is resolved against the site's ``base_url``."""

    path: str = Field(min_length=1)
    holds: Holds
    scope: ColumnScope
    title: str = Field(min_length=1)


def _is_family(name: str) -> str:
    found = name.isidentifier() and importlib.util.find_spec(f"scrapers.families.{name}")
    if not found or name in {"base", "reading"}:
        raise ValueError(f"there is no module scrapers/families/{name}.py")
    return name


def _is_base_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("base_url is http:// or https:// and names a host")
    if parts.username or parts.password:
        raise ValueError("base_url carries no user name or password")
    return url if parts.path else url + "/"


class Site(_Strict):
    """One county's disclosure portal.

    ``verified`` says that a person has run the site file against the real portal; the
    nightly crawl leaves unverified sites alone. ``allow_private`` lifts, for this site's own
    host only, the refusal to connect to loopback and private addresses.
    """

    name: str = Field(min_length=1)
    county_code: str = Field(pattern=r"^\d{6}$")
    base_url: Annotated[str, AfterValidator(_is_base_url)]
    family: Annotated[str, AfterValidator(_is_family)]
    verified: bool = False
    allow_private: bool = False
    pace: Pace = Pace()
    columns: tuple[Column, ...] = Field(min_length=1)
    bounds: Bounds = Bounds()
    notes: str = ""

    @model_validator(mode="after")
    def _columns_are_distinct(self) -> Self:
        urls = [self.column_url(column) for column in self.columns]
        twice = {url for url in urls if urls.count(url) > 1}
        if twice:
            raise ValueError(f"two columns have the same address: {', '.join(sorted(twice))}")
        return self

    @property
    def host(self) -> str:
        """The netloc that one crawler at a time may visit, e.g. ``www.example.gov.cn:8080``."""
        return host_of(self.base_url)

    def column_url(self, column: Column) -> str:
        return urljoin(self.base_url, column.path)


def host_of(url: str) -> str:
    """The netloc in lower case, without user, and without the scheme's own port."""
    parts = urlsplit(url)
    name = (parts.hostname or "").lower()
    if ":" in name:
        name = f"[{name}]"
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return name if parts.port in {None, usual} else f"{name}:{parts.port}"


def hosts(sites: Iterable[Site]) -> dict[str, list[Site]]:
    """Sites by host, in the order given: one crawler at a time visits a host.

    Which sites are crawled is the caller's choice (the night takes verified ones).
    """
    found: dict[str, list[Site]] = {}
    for site in sites:
        found.setdefault(site.host, []).append(site)
    return found


def load_sites(folder: Path | None = None) -> list[Site]:
    """Every ``*.yml`` of a folder (default: the ones that come with the package), by name.

    Raises:
        SiteFileError: names the file, the line and what to change.
    """
    if folder is None:
        folder = Path(str(resources.files("scrapers") / "sites"))
    if not folder.is_dir():
        raise SiteFileError(folder, None, "no such folder", "Name a folder of site files (*.yml)")
    sites: list[Site] = []
    first_seen: dict[tuple[str, str], Path] = {}
    for file in sorted(folder.glob("*.yml")):
        site = _load_site(file)
        for column in site.columns:
            url = site.column_url(column)
            other = first_seen.setdefault((site.host, url), file)
            if other != file:
                raise SiteFileError(
                    file,
                    _line_of(file, ("columns",)),
                    f"the column {url} is already in {other.name}",
                    "Keep a column in one site file only",
                )
        sites.append(site)
    return sites


def _load_site(file: Path) -> Site:
    try:
        raw: Any = yaml.safe_load(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise SiteFileError(file, None, "is not UTF-8", "Save the file as UTF-8") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise SiteFileError(
            file, mark.line + 1 if mark else None, f"is not valid YAML: {what}", "Mend the line"
        ) from error
    if not isinstance(raw, Mapping):
        raise SiteFileError(
            file, 1, "is not a mapping of fields", "Begin with `name:`, as the other site files do"
        )
    try:
        return Site.model_validate(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        more = error.error_count() - 1
        raise SiteFileError(
            file,
            _line_of(file, first["loc"]),
            f"{where}: {first['msg']}" + (f" (and {more} more)" if more else ""),
            _remedy(first["type"], where),
        ) from error


def _remedy(kind: str, where: str) -> str:
    match kind:
        case "missing":
            return f"Add `{where}`"
        case "extra_forbidden":
            return (
                f"Remove `{where}` or correct its spelling; allowed: {', '.join(Site.model_fields)}"
            )
        case "string_type" if "code" in where:
            return f"Put the value of `{where}` in quotes: a code is text, not a number"
        case _:
            return f"Correct `{where}`; scrapers/sites/ has examples of every field"


def _line_of(file: Path, location: Sequence[int | str]) -> int:
    """The line of the value at ``location``, or of the nearest mapping that holds it."""
    node = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    line = 1
    for part in location:
        if isinstance(node, yaml.MappingNode):
            pair = next((p for p in node.value if p[0].value == str(part)), None)
            if pair is None:
                break
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
