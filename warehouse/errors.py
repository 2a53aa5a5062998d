"""Errors of the warehouse: what is wrong, where, and what a person can do."""

from __future__ import annotations

__all__ = ["BuildError", "LandingError", "LoadError", "PublishError", "WarehouseBusyError"]


class LandingError(Exception):
    """Landing holds something that cannot be trusted, or a batch that contradicts itself."""


class LoadError(Exception):
    """Landing could not be loaded; the warehouse is as it was before."""


class WarehouseBusyError(Exception):
    """Somebody else writes the warehouse; the message names who, where and since when."""


class BuildError(Exception):
    """``dbt build`` failed. ``failures`` holds one line a failing node."""

    def __init__(self, failures: list[str]) -> None:
        self.failures = failures
        super().__init__("dbt build failed:\n" + "\n".join(f"  - {line}" for line in failures))


class PublishError(Exception):
    """Nothing was published; the last good copy stays."""


class QuestionError(Exception):
    """A weekly question that is not there or cannot be used; the message says which and why."""
