"""The catalogue of identities (勾稽关系): declared once, bound to a document, judged.

``judge(document)`` fills identities and verdict; ``coverage(document)`` counts per family what
was expected and evaluated; ``load_catalogue()`` gives the entries (title, severity, rationale,
wording) to whoever builds suites and documentation from them.
"""

from __future__ import annotations

from expectations.catalogue.adder import evaluate, evaluate_all, outcome_of, rounding_bound
from expectations.catalogue.binder import Binder, Bound, BoundTerm, bind
from expectations.catalogue.catalogue import Catalogue, load_catalogue, template_catalogue
from expectations.catalogue.schema import CatalogueError, Identity
from expectations.catalogue.statements import statements
from expectations.catalogue.verdict import coverage, identities_of, judge

__all__ = [
    "CATALOGUE_VERSION",
    "Binder",
    "Bound",
    "BoundTerm",
    "Catalogue",
    "CatalogueError",
    "Identity",
    "bind",
    "coverage",
    "evaluate",
    "evaluate_all",
    "identities_of",
    "judge",
    "load_catalogue",
    "outcome_of",
    "rounding_bound",
    "statements",
    "template_catalogue",
]


def __getattr__(name: str) -> str:
    if name == "CATALOGUE_VERSION":
        return load_catalogue().version
    raise AttributeError(name)
