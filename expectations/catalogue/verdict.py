"""The catalogue's judgement of one document: identities with outcome, coverage, verdict.

``accepted``: every hard identity holds and every figure could be read. ``accepted_with_findings``:
the figures stand as printed and something is told (核对提示). ``quarantined`` (待人工复核): a form, a
column or a figure was not read, or a violated identity was marked as a misreading.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from expectations.catalogue.adder import evaluate_all
from expectations.catalogue.binder import Binder, Bound
from expectations.catalogue.catalogue import Catalogue, load_catalogue
from expectations.catalogue.joint import joint_feasibility
from expectations.catalogue.view import DocumentView, squeeze
from parsers.document import FormId, IdentityInstance, ParsedDocument, Verdict

FORMS: tuple[FormId, ...] = (
    "T01", "T02", "T03", "T04", "T05", "T06", "T07", "T08", "T09", "T10", "T11", "T12", "T13",
)  # fmt: skip
DASHES = frozenset({"", "-", "—", "——", "―", "–", "/", "\\", "无"})
_SHOWN = 5


def identities_of(
    document: ParsedDocument, catalogue: Catalogue | None = None, *, joint: bool = True
) -> list[IdentityInstance]:
    """All instances of a document, judged; ``joint`` adds the joint rounding test J01."""
    catalogue = catalogue or load_catalogue()
    bounds = Binder(document, catalogue).bind()
    results = evaluate_all(bounds)
    if joint and "J01" in catalogue.identities:
        results.append(joint_feasibility(catalogue["J01"], bounds, results))
    return results


def coverage(
    document: ParsedDocument, catalogue: Catalogue | None = None
) -> dict[str, tuple[int, int]]:
    """Per identity family: instances expected of what the document prints, and evaluated ones.

    Expected are the instances with any figure, those declared mandatory, and those whose form,
    column or row was lost. evaluated < expected means that something was not read or not
    printed: a blank never makes an identity pass silently.
    """
    catalogue = catalogue or load_catalogue()
    bounds = Binder(document, catalogue).bind()
    return _coverage(bounds, evaluate_all(bounds))


def _coverage(
    bounds: Sequence[Bound], results: Sequence[IdentityInstance]
) -> dict[str, tuple[int, int]]:
    expected: Counter[str] = Counter()
    evaluated: Counter[str] = Counter()
    for bound, result in zip(bounds, results, strict=False):
        done = result.outcome != "not_applicable"
        if done or bound.mandatory or bound.lost:
            expected[result.identity] += 1
            evaluated[result.identity] += done
    return {family: (n, evaluated[family]) for family, n in expected.items()}


def judge(
    document: ParsedDocument,
    catalogue: Catalogue | None = None,
    *,
    misread: Collection[tuple[str, str]] = (),
) -> ParsedDocument:
    """A copy of the document with ``identities``, ``catalogue_version`` and ``verdict`` filled.

    ``misread``: (identity, instance) pairs that a second reading did not confirm; where one of
    them is violated the document is quarantined instead of the publisher being blamed.
    """
    catalogue = catalogue or load_catalogue()
    bounds = Binder(document, catalogue).bind()
    results = evaluate_all(bounds)
    shortfall = [
        f"{family}：应核对 {expected} 处，实际 {evaluated} 处"
        for family, (expected, evaluated) in _coverage(bounds, results).items()
        if evaluated < expected
    ]
    if "J01" in catalogue.identities:
        results.append(joint_feasibility(catalogue["J01"], bounds, results))
    view = DocumentView(document, catalogue.columns, catalogue.labels)
    return document.model_copy(
        update={
            "identities": results,
            "catalogue_version": catalogue.version,
            "verdict": _verdict(document, view, results, shortfall, misread),
        }
    )


def _verdict(
    document: ParsedDocument,
    view: DocumentView,
    results: Sequence[IdentityInstance],
    shortfall: list[str],
    misread: Collection[tuple[str, str]],
) -> Verdict:
    unread = [*_not_read(document, view)]
    violated = [r for r in results if r.outcome == "violated" and r.severity == "hard"]
    doubtful = [r for r in violated if (r.identity, r.instance) in misread]
    unread += [f"{r.identity} {r.instance}：两次读取不一致" for r in doubtful]
    if unread:
        return Verdict(status="quarantined", reasons=unread)
    reasons = [f"{r.identity} {r.instance}：{r.statement_1}；{r.statement_2}" for r in violated]
    if reasons or shortfall:
        return Verdict(status="accepted_with_findings", reasons=[*reasons, *shortfall])
    return Verdict(status="accepted")


def _not_read(document: ParsedDocument, view: DocumentView) -> Iterator[str]:
    """What is missing or unreadable: forms, columns, amounts."""
    missing = [form for form in FORMS if form not in view.forms]
    if missing:
        yield f"缺 {'、'.join(missing)}"
    counted = Counter(table.id for table in document.tables)
    for form_id, times in counted.items():
        if times > 1:
            yield f"{form_id} 出现 {times} 次"
    for form in view.forms.values():
        lost = view.columns.missing(form.table)
        if lost:
            yield f"{form.form} 缺列：{'、'.join(lost)}"
        unreadable = list(_unreadable(form.table.cells, form.amount_columns))
        if unreadable:
            yield f"{form.form} 有无法读作金额的内容：{'；'.join(unreadable[:_SHOWN])}"
        if len(form.table.rows) != len(form.table.body):
            yield f"{form.form} 行的分类与行数不符"
    for warning in document.warnings:
        if warning.code == "form_twice":
            yield f"{warning.where} 在文件中出现两次且数字不同，无法判断以何者为准"
        if "amount" in warning.code and ("unreadable" in warning.code or "bad" in warning.code):
            yield f"{warning.where or ''} {warning.message}".strip()


def _unreadable(cells: Sequence[Sequence[object]], places: Sequence[int]) -> Iterator[str]:
    for i, row in enumerate(cells):
        for place in places:
            if place >= len(row):
                yield f"第{i + 1}行缺第{place + 1}列"
                continue
            cell = row[place]
            text, amount = getattr(cell, "text", ""), getattr(cell, "amount", None)
            if amount is None and squeeze(text) not in DASHES:
                yield f"第{i + 1}行第{place + 1}列「{text}」"
