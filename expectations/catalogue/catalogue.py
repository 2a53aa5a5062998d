"""The catalogue loaded: identities, columns, labels and narrated figures, with its version."""

from __future__ import annotations

import hashlib
import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from expectations.catalogue.figures import Narrative
from expectations.catalogue.schema import (
    CatalogueError,
    ColumnFile,
    Condition,
    Identity,
    IdentityFile,
    LabelFile,
    ModelT,
    NarrativeFile,
    Term,
    load_yaml,
    parse_yaml,
)
from expectations.catalogue.view import HERE, Columns, Labels

VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
FILES = ("identities.yml", "columns.yml", "labels.yml", "narrative.yml")


class Catalogue:
    """What the binder needs. ``version`` names the content of all catalogue files."""

    def __init__(self, folder: Path = HERE) -> None:
        data = {name: load_yaml(folder / name) for name in FILES}
        labels = data["labels.yml"]
        if isinstance(labels, dict) and labels.get("classes") == "home":
            # the functional classification is one for the whole country
            labels["classes"] = load_yaml(HERE / "labels.yml")["classes"]
        self.version = f"{_number(data)}-{_digest(data)}"
        _use_wordings(folder / FILES[0], data[FILES[0]])

        def parse(name: str, model: type[ModelT]) -> ModelT:
            return parse_yaml(folder / name, model, data[name])

        self.file = parse("identities.yml", IdentityFile)
        self.columns = Columns(parse("columns.yml", ColumnFile))
        self.labels = Labels(parse("labels.yml", LabelFile))
        self.narrative = Narrative(parse("narrative.yml", NarrativeFile))
        self.identities: dict[str, Identity] = {i.id: i for i in self.file.identities}
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
                for name in (*binding.unstated, *binding.unstated.values()):
                    if name not in self.narrative.names:
                        raise CatalogueError(f"{identity.id}: narrative.yml has no figure {name!r}")
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


def _use_wordings(path: Path, data: Any) -> None:
    """Wordings are declared once and named: put them where they are used."""
    wordings = data.get("wordings", {}) if isinstance(data, dict) else {}
    for entry in data.get("identities", []) if isinstance(data, dict) else []:
        name = entry.get("wording") if isinstance(entry, dict) else None
        if isinstance(name, str):
            if name not in wordings:
                raise CatalogueError(f"{path.name}: {entry.get('id')}: no wording {name!r}")
            entry["wording"] = wordings[name]


def _number(data: dict[str, Any]) -> object:
    top = data[FILES[0]]
    return top.get("version") if isinstance(top, dict) else None


def _digest(data: dict[str, Any]) -> str:
    """Of the parsed content: line ends, order of keys and comments say nothing."""
    content = json.dumps(data, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """The catalogue of this project. Raises :class:`CatalogueError` where a file is wrong."""
    return Catalogue()


@lru_cache(maxsize=8)
def template_catalogue(template: str | None) -> Catalogue:
    """The catalogue for the forms of a template (``ParsedDocument.document.template``).

    The home template's where a folder ``templates/<name>`` has no other.
    """
    folder = HERE / "templates" / (template or "")
    if template and (folder / FILES[0]).is_file():
        return Catalogue(folder)
    return load_catalogue()
