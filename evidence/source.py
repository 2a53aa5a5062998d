"""What the site tells, read from the published copy: plain rows, money as Decimal in 万元.

Everything here is a question to ``marts`` and ``quality``; nothing is computed that a mart does
not hold, but sums over current, additive documents (部门汇总).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from evidence.policy import Audience, Policy

if TYPE_CHECKING:
    import duckdb

__all__ = ["Document", "Published", "Row", "slug"]

Row = dict[str, Any]

_PER_DOCUMENT = (
    "marts.dim_document",
    "marts.fct_amount",
    "marts.fct_project",
    "marts.fct_three_public",
    "marts.fct_year_comparison",
    "marts.fct_performance_target",
    "marts.fct_staff",
    "marts.fct_budget_summary",
    "quality.document_status",
    "quality.finding",
    "quality.identity_result",
    "quality.publication",
    "quality.restatement",
)
"""Tables whose rows decide what a document's pages show."""


def slug(document_id: str) -> str:
    """The folder of a document: 16 characters of the fingerprint and the number in the file."""
    digest, dash, number = document_id.partition("-")
    return digest[:16] + dash + number


@dataclass
class Document:
    """One published text. ``is_shown``: it has pages in this build; else ``hidden_why`` says why."""

    row: Row
    status: Row = field(default_factory=dict)
    publications: list[Row] = field(default_factory=list)

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["row"][name]
        except KeyError:
            raise AttributeError(name) from None

    @property
    def slug(self) -> str:
        return slug(self.row["document_id"])

    @property
    def href(self) -> str:
        return f"documents/{self.slug}/index.html"

    @property
    def title(self) -> str:
        return f"{self.row['department'] or '—'} {self.row['fiscal_year'] or ''}"


# What a row prints as its total (合计). Facts are its parts: their sum may differ in the last
# digit, and a page shows what is printed.
_PRINTED = (
    "select document_id, form, row_index,"
    " case when count(distinct amount_wan) = 1 then min(amount_wan) end as amount_wan"
    " from marts.fct_amount where column_role = 'total'"
    " and form in ('T03', 'T10', 'T12', 'T13') group by 1, 2, 3"
)


class Published:
    """Questions to one publication. ``audience`` public leaves local-only files out."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, audience: Audience) -> None:
        self._connection = connection
        self.policy = Policy(
            audience,
            tuple(
                r["name_pattern"]
                for r in self.rows(
                    "select name_pattern from marts.dim_topic where is_restricted order by 1"
                )
            ),
        )
        self.counties = self.rows(
            "select distinct c.* from marts.dim_county as c where exists ("
            " select 1 from marts.dim_document as d where d.county_code = c.county_code)"
            " or exists (select 1 from quality.coverage as q where q.county_code = c.county_code)"
            " order by c.county_code"
        )
        everything = self.rows(
            "select * from marts.dim_document"
            " order by county, department, fiscal_year desc, phase, is_current desc,"
            " first_seen_at desc, document_id"
        )
        kept = [d for d in everything if audience == "internal" or d["is_official_source"]]
        self.left_out = len(everything) - len(kept)
        self.documents = {d["document_id"]: Document(d) for d in kept}
        self.by_organisation: dict[str, list[Document]] = defaultdict(list)
        for document in self.documents.values():
            self.by_organisation[document.organisation_id].append(document)
        for row in self.rows("select * from quality.document_status"):
            if row["document_id"] in self.documents:
                self.documents[row["document_id"]].status = row
        for row in self.rows("select * from quality.publication order by first_seen_at, url"):
            if row["document_id"] in self.documents:
                self.documents[row["document_id"]].publications.append(row)
        self.organisations = {
            o["organisation_id"]: o
            for o in self.rows("select * from marts.dim_organisation order by name_standard")
        }
        self.forms = {f["form"]: f for f in self.rows("select * from marts.dim_form order by form")}
        # bodies with a page of their own; one that only a local file shows is not even named
        self.shown = set(self.by_organisation)
        hidden = {d["organisation_id"] for d in everything} - self.shown
        self.coverage = [
            c
            for c in self.rows(
                "select * from quality.coverage"
                " order by county_code, department, scope, fiscal_year desc, phase"
            )
            if c["organisation_id"] not in hidden
        ]

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
        cursor = self._connection.execute(sql, list(parameters))
        names = [str(c[0]) for c in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _by_document(self, sql: str, parameters: Sequence[Any]) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows(sql, parameters):
            found[row["document_id"]].append(row)
        return found

    def keys(self) -> dict[str, str]:
        """document_id → what its pages depend on, as one short text: a hash a table."""
        parts: dict[str, list[str]] = defaultdict(list)
        for table in _PER_DOCUMENT:
            for document_id, total in self._connection.execute(
                f"select document_id, sum(hash(t)::hugeint) from {table} as t"  # noqa: S608
                " where document_id is not null group by 1"
            ).fetchall():
                parts[document_id].append(f"{table}={total}")
        return {document_id: "|".join(held) for document_id, held in parts.items()}

    # --- of one document ----------------------------------------------------------------------

    def amounts(self, document_id: str) -> dict[tuple[str, int, int], Row]:
        """(form, row, column) → the published figure, blank cells included."""
        return {
            (r["form"], r["row_index"], r["column_index"]): r
            for r in self.rows(
                "select form, row_index, column_index, row_label, row_kind, function_code,"
                " column_path, column_role, amount_wan, amount_yuan, amount_text, page, source"
                " from marts.fct_amount where document_id = ?",
                [document_id],
            )
        }

    def projects(self, document_ids: Iterable[str]) -> dict[str, list[Row]]:
        """document_id → its projects by amount as printed: name, unit, form, row, page, amount,
        target. Asked for many at once: each question reads the whole mart."""
        return self._by_document(
            f"with printed as ({_PRINTED}) "  # noqa: S608 - no text from outside
            "select p.document_id, p.project_id, p.project_name, p.unit_name, p.form,"
            " p.is_carry_over, p.row_index, min(p.page) as page,"
            " coalesce(max(t.amount_wan), sum(p.amount_wan)) as amount_wan,"
            " max(p.target_id) as target_id"
            " from marts.fct_project as p left join printed as t"
            " using (document_id, form, row_index)"
            " where p.document_id in (select unnest(?::varchar[])) and p.row_kind = 'project'"
            " group by all having sum(p.amount_wan) is not null"
            " order by amount_wan desc, project_name, form, row_index",
            [list(document_ids)],
        )

    def three_public(self, document_id: str) -> list[Row]:
        """Three public expenses (三公) of a document by item, as printed, with their rows."""
        return self.rows(
            f"with printed as ({_PRINTED}) "  # noqa: S608 - no text from outside
            "select e.expense_item, e.row_index,"
            " coalesce(max(t.amount_wan), sum(e.amount_wan)) as amount_wan"
            " from marts.fct_three_public as e left join printed as t"
            " on e.document_id = t.document_id and e.row_index = t.row_index and t.form = 'T10'"
            " where e.document_id = ? group by all order by 1, 2",
            [document_id],
        )

    def comparisons(self, document_id: str) -> dict[str, Row]:
        """measure → its row of ``fct_year_comparison``."""
        return {
            r["measure"]: r
            for r in self.rows(
                "select * from marts.fct_year_comparison where document_id = ?", [document_id]
            )
        }

    def measures(self, organisation_id: str) -> list[Row]:
        """Totals of a body over years (current documents), oldest first."""
        return self.rows(
            "select fiscal_year, phase, scope, document_id, measure, term_zh, amount_wan"
            " from marts.fct_year_comparison where organisation_id = ?"
            " order by fiscal_year, phase, scope, measure",
            [organisation_id],
        )

    def subjects(self, document_id: str) -> list[Row]:
        """Functions of the general public budget by class as printed, largest first."""
        return self.rows(
            "with printed as (select function_code as class_code,"
            "  case when count(distinct amount_wan) = 1 then min(amount_wan) end as amount_wan"
            "  from marts.fct_amount where document_id = ? and form = 'T05'"
            "  and row_kind = 'class' and column_role = 'total' group by 1)"
            " select e.class_code, max(f.function_name) as function_name,"
            " coalesce(max(t.amount_wan), sum(e.amount_wan)) as amount_wan"
            " from marts.fct_general_public_expenditure as e"
            " left join printed as t using (class_code)"
            " left join marts.dim_function as f on e.class_code = f.function_code"
            " where e.document_id = ? group by e.class_code order by amount_wan desc, e.class_code",
            [document_id, document_id],
        )

    def identity_counts(self) -> list[Row]:
        """Outcomes of each identity in each document."""
        return self.rows(
            "select identity, document_id, severity,"
            " count(*) filter (outcome = 'exact') as exact,"
            " count(*) filter (outcome = 'rounding') as rounding,"
            " count(*) filter (outcome = 'violated') as violated,"
            " count(*) filter (outcome = 'not_applicable') as not_applicable"
            " from quality.identity_result group by all order by identity, document_id"
        )

    def identity_results(self, document_ids: Iterable[str]) -> dict[str, list[Row]]:
        """document_id → what its identities gave. Asked for many at once, as projects are."""
        return self._by_document(
            "select document_id, identity, instance, severity, relation, outcome, left_value, right_value,"
            " difference, tolerance, pages, statement_1, statement_2"
            " from quality.identity_result where document_id in (select unnest(?::varchar[]))"
            " and outcome <> 'not_applicable'"
            " order by identity, outcome <> 'violated', instance",
            [list(document_ids)],
        )

    # --- over documents -----------------------------------------------------------------------

    def county_measures(self, county_code: str, year: int) -> list[Row]:
        """Totals of a county's additive budgets, beside what last year's texts printed.

        Only documents that this build shows count. ``prior`` and ``now_comparable`` sum the same
        bodies: those of which both years are there and comparable.
        """
        return self.rows(
            "select measure, term_zh, count(*) as documents, sum(amount_wan) as amount_wan,"
            " count(*) filter (is_comparable and prior_as_published_wan is not null) as comparable,"
            " sum(amount_wan) filter (is_comparable and prior_as_published_wan is not null)"
            "   as now_comparable,"
            " sum(prior_as_published_wan) filter (is_comparable) as prior"
            " from marts.fct_year_comparison where county_code = ? and fiscal_year = ?"
            " and phase = 'budget' and is_additive"
            " and document_id in (select unnest(?::varchar[]))"
            " group by all order by measure",
            [county_code, year, list(self.documents)],
        )

    def renewed_carry_over(self, county_code: str, year: int) -> list[Row]:
        """Projects with money carried over that get new money as well, by document."""
        return self.rows(
            f"with printed as ({_PRINTED}), line as ("  # noqa: S608 - no text from outside
            " select p.document_id, p.project_id, p.project_name, p.is_carry_over, p.form,"
            " p.row_index, coalesce(max(t.amount_wan), sum(p.amount_wan)) as amount_wan"
            " from marts.fct_project as p left join printed as t"
            " using (document_id, form, row_index)"
            " where p.county_code = ? and p.fiscal_year = ?"
            " and p.phase = 'budget' and p.is_additive and p.row_kind = 'project'"
            " and p.document_id in (select unnest(?::varchar[])) group by all)"
            " select document_id, project_id, min(project_name) as project_name,"
            " sum(amount_wan) filter (is_carry_over) as carried,"
            " sum(amount_wan) filter (not is_carry_over) as added,"
            " list(form || '-' || row_index) filter (is_carry_over) as carried_rows,"
            " list(form || '-' || row_index) filter (not is_carry_over) as added_rows"
            " from line group by document_id, project_id"
            " having sum(amount_wan) filter (is_carry_over) > 0"
            " and sum(amount_wan) filter (not is_carry_over) > 0"
            " order by carried desc, document_id, project_id",
            [county_code, year, list(self.documents)],
        )

    def searchable(self, county_code: str | None) -> list[Row]:
        """Projects and subjects of a county's current documents as printed, with where they
        stand."""
        ids = list(self.documents)
        return self.rows(
            f"with printed as ({_PRINTED}), line as ("  # noqa: S608 - no text from outside
            " select 'project' as kind, document_id, project_name as name, form, row_index,"
            " sum(amount_wan) as amount_wan from marts.fct_project"
            " where county_code is not distinct from ? and row_kind = 'project'"
            " and document_id in (select unnest(?::varchar[])) group by all"
            " union all"
            " select 'subject', document_id, function_name, 'T03', row_index, sum(amount_wan)"
            " from marts.fct_expenditure"
            " where county_code is not distinct from ? and function_name is not null"
            " and document_id in (select unnest(?::varchar[])) group by all)"
            " select kind, document_id, name, form, min(row_index) as row_index,"
            " sum(coalesce(t.amount_wan, line.amount_wan)) as amount_wan"
            " from line left join printed as t using (document_id, form, row_index)"
            " group by kind, document_id, name, form order by 1, 3, 2, 4",
            [county_code, ids, county_code, ids],
        )
