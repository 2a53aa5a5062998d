"""Where the warehouse's files lie (the data layout of the project, below ``BUDGETS_DATA``)."""

from __future__ import annotations

from pathlib import Path

from store import Store

__all__ = ["Layout"]


class Layout:
    """Paths below one data folder.

    ``landing_root`` may be an fsspec URL (``s3://bucket/prefix``); everything that DuckDB or
    a BI tool opens stays on the local disk below ``root``.
    """

    def __init__(self, root: str | Path, *, landing_root: str | Path | None = None) -> None:
        self.root = Path(root)
        self.landing_root = str(landing_root if landing_root is not None else root)

    def __repr__(self) -> str:
        return f"Layout({str(self.root)!r}, landing_root={self.landing_root!r})"

    # --- landing ---

    @property
    def landing(self) -> Store:
        """The store that holds ``landing/``; paths start with ``landing/``."""
        return Store(self.landing_root)

    @staticmethod
    def landing_file(table: str, batch_id: str) -> str:
        return f"landing/{table}/batch={batch_id}.parquet"

    @staticmethod
    def commit_file(batch_id: str) -> str:
        return f"landing/_commits/{batch_id}.json"

    # --- the working warehouse ---

    @property
    def warehouse_path(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def lock_path(self) -> Path:
        return self.root / "warehouse.lock"

    @property
    def landing_lock_path(self) -> Path:
        return self.root / "landing.lock"

    @property
    def build_path(self) -> Path:
        """Scratch of ``dbt build``: compiled SQL, logs, run results. May be thrown away."""
        return self.root / "build"

    @property
    def gathered_path(self) -> Path:
        """What the next publication is a copy of; may be thrown away, it is gathered again."""
        return self.root / "build" / "gathered.duckdb"

    # --- what readers see ---

    @property
    def published_root(self) -> Path:
        return self.root / "published"

    @property
    def current_path(self) -> Path:
        """The symbolic link that a publication swaps: everything published hangs on it."""
        return self.published_root / "current"

    @property
    def published_path(self) -> Path:
        return self.published_root / "warehouse.duckdb"

    @property
    def parquet_path(self) -> Path:
        return self.published_root / "parquet"

    @property
    def builds_path(self) -> Path:
        return self.published_root / "builds"

    # --- beside ---

    @property
    def ledger_path(self) -> Path:
        return self.root / "ledger"

    @property
    def docs_path(self) -> Path:
        return self.root / "docs"
