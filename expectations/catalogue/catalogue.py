"""The catalogue loaded: identities, columns, labels and narrated figures, with its version."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from expectations.catalogue.figures import Narrative
from expectations.catalogue.schema import (
    CatalogueError,
    ColumnFile,
    Condition,
    Identity,
    IdentityFile,
    LabelFile,
    NarrativeFile,
    Term,
    parse_yaml,
)
from expectations.catalogue.view import HERE, Columns, Labels

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
FILES = ("identities.yml", "columns.yml", "labels.yml", "narrative.yml")


class Catalogue:
    """What the binder needs. ``version`` names the content of all catalogue files."""

    def __init__(self, folder: Path = HERE) -> None:
        self.file = parse_yaml(
            folder / "identities.yml", IdentityFile, _identities(folder / "identities.yml")
        )
        self.columns = Columns(parse_yaml(folder / "columns.yml", ColumnFile))
        self.labels = Labels(parse_yaml(folder / "labels.yml", LabelFile))
        self.narrative = Narrative(parse_yaml(folder / "narrative.yml", NarrativeFile))
        self.identities: dict[str, Identity] = {i.id: i for i in self.file.identities}
        self.version = f"{self.file.version}-{_digest(folder)}"
        self._check()

    def __getitem__(self, identity: str) -> Identity:
        return self.identities[identity]

    def _check(self) -> None:
        """Names used by an entry must exist: columns, figures, named conditions, identities."""
        for identity in self.file.identities:
            for binding in identity.bind:
                terms = [*(binding.left or []), *(binding.right or [])]
                conditions = [c for c in (binding.when,) if c is not None]
                for case in binding.cases:
                    terms += [*(case.left or []), *(case.right or [])]
                    conditions += [case.when] if case.when is not None else []
                for condition in conditions:
                    terms += self._condition_terms(identity.id, condition)
                for term in terms:
                    self._term(identity.id, term, set(binding.for_each))
        for name, named in self.file.conditions.items():
            for term in self._condition_terms(name, named.is_):
                self._term(name, term, set())

    def _condition_terms(self, where: str, condition: Condition) -> list[Term]:
        inner = [*(condition.all or []), *(condition.any or [])]
        inner += [condition.not_] if condition.not_ is not None else []
        terms = [t for c in inner for t in self._condition_terms(where, c)]
        terms += [*(condition.blank or []), *(condition.nonblank or [])]
        if condition.witnesses is not None:
            terms += [t for group in condition.witnesses.sums for t in group]
        if condition.named is not None and condition.named not in self.file.conditions:
            raise CatalogueError(f"{where}: no condition is named {condition.named!r}")
        if condition.violated is not None and condition.violated not in self.identities:
            raise CatalogueError(f"{where}: no identity is called {condition.violated!r}")
        return terms

    def _term(self, where: str, term: Term, variables: set[str]) -> None:
        texts = [*(term.column or []), term.figure or "", term.target or ""]
        if term.row is not None:
            row = term.row
            texts += [row.row or "", row.role or "", row.children_of or "", *(row.code or [])]
        for text in texts:
            for name in _variables(text):
                if name not in variables:
                    raise CatalogueError(f"{where}: ${name} is not bound by for_each")
        if term.form is not None:
            for column in term.column or []:
                if "$" not in column and self.columns.rule(term.form, column) is None:
                    raise CatalogueError(
                        f"{where}: {term.form} has no column role {column!r} in columns.yml"
                    )
        if term.figure is not None and "$" not in term.figure:
            name = term.figure.partition("/")[0]
            if name not in self.narrative.names:
                raise CatalogueError(f"{where}: narrative.yml has no figure {name!r}")


def _variables(text: str) -> list[str]:
    return [a or b for a, b in VARIABLE.findall(text)]


def _identities(path: Path) -> Any:
    """Wordings are declared once and named: put them where they are used."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise CatalogueError(f"{path.name} is not YAML: {error}") from error
    wordings = data.get("wordings", {}) if isinstance(data, dict) else {}
    for entry in data.get("identities", []) if isinstance(data, dict) else []:
        name = entry.get("wording") if isinstance(entry, dict) else None
        if isinstance(name, str):
            if name not in wordings:
                raise CatalogueError(f"{path.name}: {entry.get('id')}: no wording {name!r}")
            entry["wording"] = wordings[name]
    return data


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for name in FILES:
        # line ends and comments do not change what the catalogue says
        content = yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        digest.update(yaml.safe_dump(content, allow_unicode=True, sort_keys=True).encode())
    return digest.hexdigest()[:12]


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue of this project. Raises :class:`CatalogueError` where a file is wrong."""
    return Catalogue()
