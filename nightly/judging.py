"""The verdict with its witness: what the identities doubt is read a second time.

``judge`` (the catalogue) finds hard identities that a document violates. Whether the publisher
contradicts himself or we misread him is decided here: the figures concerned are read again from
the drawn page and by a second engine (``parsers.second``).

* Both say what the text layer says: the publisher's contradiction; the figures stay as printed.
* They differ, and of all readings exactly one satisfies the identities: repaired, with both
  readings kept. Only figures of the 13 forms; never the text's or the performance tables'.
* Anything else: quarantined, with the suspects named.

A text layer may also lie consistently (a wrong character map, a layer of other figures): so a
few figures of every document are compared with what is drawn, whatever the identities say, and
all of them where one of these differs. What cannot be repaired figure by figure is then read from
the images of its pages (``nightly.layers``) and judged as a scan.

Two rows that changed places leave every sum as it was. Where no other form prints the same rows
(``ROWS_OF_THEIR_OWN``) no identity can see that, so there one figure of each row is asked for
its place, whatever the identities say.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import groupby, islice, product
from math import prod

from expectations.catalogue import Bound, judge, load_catalogue, outcome_of
from expectations.catalogue.binder import Binder, BoundTerm
from expectations.catalogue.targets import PART_FIELDS
from nightly.decisions import (
    Applied,
    Correction,
    apply_corrections,
    load_corrections,
    row_and_column,
)
from nightly.layers import (
    ELSEWHERE,
    Rereader,
    contradicted,
    figures_elsewhere,
    left_open,
    not_read_again,
    pages_that_lie,
    recognised_pages,
    told,
)
from nightly.scans import is_recognised, settle_scans
from nightly.settings import Settings
from parsers.document import (
    BBox,
    Cell,
    CellRef,
    IdentityInstance,
    ParsedDocument,
    Table,
    Verdict,
    Warning_,
)
from parsers.errors import DocumentError, ScannedError
from parsers.money import NotAnAmountError, parse_amount
from parsers.second import CellRequest, SecondReading, bare, same_figure
from parsers.worker import Limits, read_isolated, second_isolated

log = logging.getLogger(__name__)

Reader = Callable[[bytes, Sequence[CellRequest]], list[SecondReading]]
Instance = tuple[str, str]

SAMPLE = 20
"""Figures of every document that are compared with what is drawn."""
LEAST_CONFIDENCE = 0.5
"""Below, even a reading that says the same is no witness."""
MOST_SUSPECTS = 8
"""More differing figures than this are no misreadings to be repaired: the layer is wrong."""
ROWS_OF_THEIR_OWN = frozenset({"T06", "T10", "T11", "T12", "T13"})
"""Forms whose rows stand in no other form under the same code or name."""
_MOST_ASSIGNMENTS = 4096
_MOST_CODES = 30
_SHOWN = 12
_AT_ONCE = 8
"""Figures of a page that are compared before the page is looked at again."""


def judge_with_second_reading(
    document: ParsedDocument,
    data: bytes,
    settings: Settings,
    *,
    read: Reader | None = None,
    reread: Rereader | None = None,
    file_name: str | None = None,
) -> ParsedDocument:
    """Judge a document read from ``data``, with the decisions of people and a second reading.

    Pages whose text layer says other figures than are drawn are read again from their images, and
    the document is judged again, by the rules for scans (``nightly.layers``).

    ``read`` replaces the isolated second reading, ``reread`` the isolated reading from images.
    Never raises for what a file is like: where the second reading cannot be made, what it had to
    witness is quarantined and the rest warned. Raises DecisionError where the corrections file is
    not understood, and ScannedError where ``reread`` leaves recognition to other processes.
    """
    limits = Limits(seconds=settings.parse_seconds, megabytes=settings.parse_megabytes)
    corrections = load_corrections(settings.decisions, document.document.file_sha256)
    if not data.startswith(b"%PDF") and b"%PDF-" not in data[:1024]:
        # a spreadsheet's cell holds its value: nothing is drawn
        return judge(apply_corrections(document, corrections).document)
    reader = read or (lambda d, c: second_isolated(d, c, limits, file_name))
    out, lying = _judge_once(document, corrections, data, reader)
    if document.document.parts > 1:
        return out
    if reread is None:
        slow = replace(limits, seconds=settings.scan_seconds)

        def reread(pages: Collection[int]) -> ParsedDocument:
            return read_isolated(data, slow, file_name, images=pages)

    first, pages = out, set[int]()
    while lying - pages:
        pages |= lying
        try:
            again = reread(pages)
        except ScannedError:
            raise
        except DocumentError as error:
            return not_read_again(first, pages, str(error))
        lost = [t.id for t in document.tables if again.table(t.id) is None]
        if lost or again.document.parts > 1:
            return not_read_again(first, pages, f"{'、'.join(lost)} cannot be found in them")
        out, lying = _judge_once(again, corrections, data, reader, thorough=True)
    if not pages:
        return out
    if out.verdict is not None and out.verdict.status != "quarantined":
        decided = apply_corrections(again, corrections).decided
        open_ = contradicted(first, out, decided)
        if (
            open_
            and sum(w.code == "second_reading_differs" for w in first.warnings) <= MOST_SUSPECTS
        ):
            return not_read_again(first, pages, "neither reading fits the sums")
        if open_:
            return told(left_open(out, open_), pages)
    return told(out, pages)


def _judge_once(
    document: ParsedDocument,
    corrections: Sequence[Correction],
    data: bytes,
    reader: Reader,
    *,
    thorough: bool = False,
) -> tuple[ParsedDocument, set[int]]:
    """The document as it was read, judged; and the pages whose text layer is not to be believed."""
    applied = apply_corrections(document, corrections)
    if not is_recognised(applied.document):
        judging = _Judging(applied, corrections, data, reader, thorough=thorough)
        return judging.run(), judging.lying
    settled = settle_scans(applied.document, applied.decided)
    reader = _with_worn_commas(reader)
    if settled.open:
        out = judge(settled.document)
        waiting = out.verdict.reasons if out.verdict and out.verdict.status == "quarantined" else []
        verdict = Verdict(status="quarantined", reasons=[*settled.reasons, *waiting])
        return out.model_copy(update={"verdict": verdict}), set()
    applied = Applied(document=settled.document, decided=applied.decided | settled.settled)
    judging = _Judging(applied, corrections, data, reader, thorough=thorough)
    return _told(judging.run(), settled.told), judging.lying


_GROUPED = re.compile(r"-?[1-9]\d{0,2}(?:[.,]\d{3})+")


def _with_worn_commas(read: Reader) -> Reader:
    """On scans a comma that groups thousands may read as a point: three decimals are printed
    nowhere, so both are the same figure."""

    def reading(data: bytes, requests: Sequence[CellRequest]) -> list[SecondReading]:
        out = read(data, requests)
        for request, found in zip(requests, out, strict=True):
            one, other = bare(request.text), bare(found.pixels)
            if (
                not found.agrees
                and _GROUPED.fullmatch(one)
                and _GROUPED.fullmatch(other)
                and one.replace(".", ",") == other.replace(".", ",")
            ):
                found.agrees = True
        return out

    return reading


def _told(judged: ParsedDocument, told: Sequence[str]) -> ParsedDocument:
    """The verdict with what was repaired before it; a repair that a violated sum touches is none."""
    if not told or judged.verdict is None:
        return judged
    repaired = {
        f"{t.id}/{r}/{c}"
        for t in judged.tables
        for r, row in enumerate(t.cells)
        for c, cell in enumerate(row)
        if cell.source == "repaired" and cell.confidence is not None
    }
    broken = [
        f"{v.identity} {v.instance}"
        for v in _violated(judged)
        if any(_key(t.cell) in repaired for t in v.terms)
    ]
    if broken:
        return judged.model_copy(
            update={
                "verdict": Verdict(
                    status="quarantined",
                    reasons=[f"复原后仍不成立：{'；'.join(broken[:_SHOWN])}", *told],
                )
            }
        )
    status = judged.verdict.status
    return judged.model_copy(
        update={
            "verdict": Verdict(
                status="accepted_with_findings" if status == "accepted" else status,
                reasons=[*judged.verdict.reasons, *told],
            )
        }
    )


@dataclass
class _Judging:
    """One document being judged. ``readings``: what has been read again, by the figure's key."""

    applied: Applied
    corrections: Sequence[Correction]
    data: bytes
    read: Reader
    asked: dict[str, CellRequest] = field(default_factory=dict)
    readings: dict[str, SecondReading] = field(default_factory=dict)
    thorough: bool = False
    """Compare all figures: some pages of the document are known to lie."""
    recognised: set[int] = field(default_factory=set)
    failure: str | None = None
    lying: set[int] = field(default_factory=set)
    """Pages whose text layer says other figures than are drawn, where that was not mended."""

    def run(self) -> ParsedDocument:
        document = self.applied.document
        self.recognised = recognised_pages(document)
        judged = judge(document)
        violated = _violated(judged)
        bounds = Binder(document, load_catalogue()).bind() if violated else []
        concerned = self._concerned(document, violated, bounds)
        wanted = {k: r for requests in concerned.values() for k, r in requests.items()}
        sample = {r.key: r for r in sample_of(document) if r.key not in wanted}
        for row in rows_of(document):
            if row.key not in wanted and not self._decided(row):
                sample[row.key] = row.model_copy(update={"look": row.key in sample})
        if not self._ask([*wanted.values(), *sample.values()]):
            return self._unwitnessed(judged, concerned)
        # one plain difference: then all figures of the document are compared
        if self.thorough or self._plain():
            rest = [r for r in _amounts(document) if not self._looked(r.key)]
            if not (self._ask(rest) and self._ask_elsewhere(document)):
                return self._unwitnessed(judged, concerned)
            self.lying = pages_that_lie(document, self.asked, self.readings)
        suspects = [
            k for k in self.readings if not k.startswith(ELSEWHERE) and self._is_suspect(k, wanted)
        ]
        if not suspects:
            return judged
        bounds = bounds or Binder(document, load_catalogue()).bind()
        repaired = self._repair(document, judged, suspects, bounds)
        if repaired is not None:
            self.lying = set()
            return repaired
        return self._quarantine(document, judged, suspects, concerned)

    # -- asking ---------------------------------------------------------------------------

    def _concerned(
        self,
        document: ParsedDocument,
        violated: Sequence[IdentityInstance],
        bounds: Sequence[Bound],
    ) -> dict[Instance, dict[str, CellRequest]]:
        """The figures of each violated identity, blank ones included: a figure that is drawn
        and missing in the text layer is a misreading too."""
        by_name = {(b.identity.id, b.instance): b for b in bounds}
        out: dict[Instance, dict[str, CellRequest]] = {}
        for result in violated:
            name = (result.identity, result.instance)
            bound = by_name.get(name)
            if bound is not None and bound.terms:
                found = [r for t in bound.terms for r in requests_of(document, t)]
            elif result.identity == "J01":
                found = list(_amounts(document))
            else:
                found = list(_codes(document, result.pages))
            out[name] = {r.key: r for r in found if not self._decided(r)}
        return out

    def _decided(self, request: CellRequest) -> bool:
        if request.key in self.applied.decided and request.key.startswith("T"):
            return True
        key = request.key.partition("#")[0]
        return any(
            c.cell == key and bare(c.printed) in bare(request.text) for c in self.corrections
        )

    def _ask(self, requests: Sequence[CellRequest]) -> bool:
        """Read what has not been read yet; False where that could not be done."""
        fresh = [
            # where a layer is not believed, what it says at a place proves nothing
            r.model_copy(update={"place": False}) if r.page in self.recognised else r
            for r in requests
            if not self._looked(r.key)
        ]
        self.asked |= {r.key: r for r in fresh}
        try:
            for found in self.read(self.data, fresh) if fresh else []:
                known = self.readings.get(found.key)
                if known is not None and found.placed is None:  # its place was asked before
                    found.placed, found.placement = known.placed, known.placement
                self.readings[found.key] = found
        except DocumentError as error:
            self.failure = str(error)
            log.warning("second reading failed: %s", error)
        return self.failure is None

    def _ask_elsewhere(self, document: ParsedDocument) -> bool:
        """Compare the figures outside the forms, a few of each page that is not known to lie."""
        waiting = figures_elsewhere(document)
        while waiting:
            lying = {self.asked[k].page for k, r in self.readings.items() if not _agreed(r)}
            waiting = [r for r in waiting if r.page not in lying]
            taken: list[CellRequest] = []
            for _, of_page in groupby(sorted(waiting, key=lambda r: r.page), lambda r: r.page):
                taken += islice(of_page, _AT_ONCE)
            if not self._ask(taken):
                return False
            waiting = [r for r in waiting if r.key not in self.readings]
        return True

    def _looked(self, key: str) -> bool:
        return key in self.readings and self.readings[key].looked

    def _plain(self) -> bool:
        """Does any figure plainly show something else than was read?"""
        return any(r.looked and r.sure and not r.agrees for r in self.readings.values())

    def _differs(self, key: str) -> bool:
        reading = self.readings[key]
        return (not reading.agrees and reading.sure) or reading.placed is False

    def _is_suspect(self, key: str, wanted: Collection[str]) -> bool:
        """A figure of a violated identity must be witnessed; of the others only plain
        contradiction counts."""
        reading = self.readings[key]
        if self._differs(key):
            return True
        return key in wanted and not (reading.agrees and reading.confidence >= LEAST_CONFIDENCE)

    # -- repairing ------------------------------------------------------------------------

    def _repair(
        self,
        document: ParsedDocument,
        judged: ParsedDocument,
        suspects: Sequence[str],
        bounds: Sequence[Bound],
    ) -> ParsedDocument | None:
        """The document with the one combination of readings that satisfies the identities, or
        None: where there is none or more than one, or where a figure must not be repaired."""
        if len(suspects) > MOST_SUSPECTS:
            return None
        if any(k.startswith(ELSEWHERE) and self._differs(k) for k in self.readings):
            return None  # figures that no identity knows differ too: the layer itself is wrong
        if any(not k.startswith("T") or self.readings[k].placed is False for k in suspects):
            return None
        candidates = [self._candidates(k) for k in suspects]
        if any(len(c) < 2 for c in candidates) or prod(map(len, candidates)) > _MOST_ASSIGNMENTS:
            return None
        touching = [
            b
            for b in bounds
            if b.identity.severity == "hard"
            and not b.is_check
            and b.reason is None
            and b.after is None
            and any(_key(t.ref) in suspects for t in b.terms)
        ]
        solutions = [
            chosen
            for chosen in product(*candidates)
            if _holds(touching, document, dict(zip(suspects, chosen, strict=True)))
        ]
        if len(solutions) != 1:
            return None
        chosen = dict(zip(suspects, solutions[0], strict=True))
        for key, text in chosen.items():
            reading = self.readings[key]
            if reading.sure and same_figure(text, self.asked[key].text):
                # the page plainly shows another figure than the one that fits: nobody may
                # choose the fitting one
                return None
        return self._repaired(document, judged, chosen)

    def _candidates(self, key: str) -> list[str]:
        """The text layer's reading, the drawn one and what the drawn one may also be."""
        reading = self.readings[key]
        out: list[str] = []
        for text in (
            self.asked[key].text,
            reading.pixels,
            *(a.text for a in reading.alternatives),
        ):
            try:
                parse_amount(text)
            except NotAnAmountError:
                continue
            if not any(same_figure(text, known) for known in out):
                out.append(text)
        return out

    def _repaired(
        self, document: ParsedDocument, judged: ParsedDocument, chosen: Mapping[str, str]
    ) -> ParsedDocument | None:
        mended = document.model_copy(deep=True)
        told = []
        for key, text in chosen.items():
            form, r, c = key.split("/")
            table = mended.table(form)
            if table is None:
                return None
            cell, reading = table.cells[int(r)][int(c)], self.readings[key]
            if same_figure(text, cell.text):
                continue
            cell.reading_text, cell.text = cell.text, text
            cell.amount = parse_amount(text)
            cell.source, cell.confidence = "repaired", reading.confidence
            cell.alternatives = _others(reading, text)
            table.body[int(r)][int(c)] = text
            told.append(
                f"{self.name(document, key)}：{self.both(key)}，按图像与勾稽关系取「{text}」"
            )
            mended.warnings.append(
                Warning_(
                    code="second_reading_repaired", message=told[-1], page=cell.page, where=key
                )
            )
        again = judge(mended)
        before = {(v.identity, v.instance) for v in _violated(judged)}
        for result in _violated(again):
            touched = any(_key(t.cell) in chosen for t in result.terms)
            if touched or (result.identity, result.instance) not in before:
                return None
        verdict = again.verdict
        if verdict is None or verdict.status == "quarantined":
            return again
        status = "accepted_with_findings" if told else verdict.status
        return again.model_copy(
            update={
                "verdict": Verdict.model_validate(
                    {"status": status, "reasons": [*verdict.reasons, *told]}
                )
            }
        )

    # -- quarantine -----------------------------------------------------------------------

    def _quarantine(
        self,
        document: ParsedDocument,
        judged: ParsedDocument,
        suspects: Sequence[str],
        concerned: Mapping[Instance, Mapping[str, CellRequest]],
    ) -> ParsedDocument:
        marked = document.model_copy(deep=True)
        lines = []
        for key in sorted(suspects):
            line = f"{self.name(document, key)}：{self.both(key)}"
            lines.append(line)
            marked.warnings.append(
                Warning_(
                    code="second_reading_differs",
                    message=line,
                    page=self.asked[key].page,
                    where=key.partition("#")[0],
                )
            )
            cell = cell_of(marked, key)
            if cell is not None and self.readings[key].looked:
                cell.confidence = self.readings[key].confidence
                cell.alternatives = _others(self.readings[key], cell.text)
        doubtful = [name for name, requests in concerned.items() if set(requests) & set(suspects)]
        out = judge(marked, misread=doubtful)
        reasons = list(out.verdict.reasons) if out.verdict and doubtful else []
        shown = lines[:_SHOWN]
        if len(lines) > len(shown):
            shown.append(f"另有 {len(lines) - len(shown)} 处")
        return out.model_copy(
            update={
                "verdict": Verdict(
                    status="quarantined", reasons=[*reasons, *(f"存疑 {x}" for x in shown)]
                )
            }
        )

    def _unwitnessed(
        self, judged: ParsedDocument, concerned: Mapping[Instance, Mapping[str, CellRequest]]
    ) -> ParsedDocument:
        """No second reading could be made: violated identities stay undecided."""
        out = judged.model_copy(deep=True)
        out.warnings.append(
            Warning_(code="second_reading_failed", message=f"no second reading: {self.failure}")
        )
        waiting = [f"{i} {n}" for (i, n), requests in concerned.items() if requests]
        if waiting:
            out.verdict = Verdict(
                status="quarantined",
                reasons=[
                    f"二次识读未能进行（{self.failure}），待定：{'；'.join(waiting[:_SHOWN])}"
                ],
            )
        return out

    # -- words ----------------------------------------------------------------------------

    def name(self, document: ParsedDocument, key: str) -> str:
        """T05 行政运行 2026年预算数/合计（T05/3/2，第13页）"""
        key_only = key.partition("#")[0]
        row, column = row_and_column(document, key_only) if key.startswith("T") else ("", "")
        form = key.partition("/")[0]
        said = {"N": "正文", "O": "整体绩效目标表"}.get(
            form, form if form[0] == "T" else "绩效目标表"
        )
        words = [w for w in (said, row, column) if w]
        return f"{' '.join(words)}（{key_only}，第{self.asked[key].page}页）"

    def both(self, key: str) -> str:
        """Both readings in words."""
        reading, said = self.readings[key], self.asked[key].text
        out = f"文本层「{said}」" if said else "文本层空白"
        if reading.looked:
            out += f"，图像「{reading.pixels}」" if reading.pixels else "，图像空白"
            if not reading.sure:
                out += f"（把握 {reading.confidence:.2f}）"
        if reading.placed is False:
            out += f"，位置不符：{reading.placement}"
        return out


def _agreed(reading: SecondReading) -> bool:
    return reading.agrees or not reading.looked


def _violated(judged: ParsedDocument) -> list[IdentityInstance]:
    return [i for i in judged.identities if i.outcome == "violated" and i.severity == "hard"]


def _others(reading: SecondReading, taken: str) -> list[str]:
    told = [reading.pixels, *(a.text for a in reading.alternatives)]
    return [t for t in dict.fromkeys(told) if not same_figure(t, taken)]


def _holds(bounds: Sequence[Bound], document: ParsedDocument, chosen: Mapping[str, str]) -> bool:
    """Do the identities hold with these texts for the cells? Puts the values back."""
    for bound in bounds:
        kept = bound.terms
        bound.terms = [_with(t, document, chosen) for t in kept]
        try:
            if outcome_of(bound) == "violated":
                return False
        finally:
            bound.terms = kept
    return True


def _with(term: BoundTerm, document: ParsedDocument, chosen: Mapping[str, str]) -> BoundTerm:
    text = chosen.get(_key(term.ref))
    if text is None:
        return term
    table = document.table(term.ref.form)
    amount = parse_amount(text)
    factor = table.factor if table is not None else Decimal(10_000)
    return replace(term, value=None if amount is None else amount * factor, printed=text)


# -- figures and where they are printed ----------------------------------------------------


def _key(ref: CellRef) -> str:
    if ref.row is not None and ref.column is not None:
        return f"{ref.form}/{ref.row}/{ref.column}"
    return f"{ref.form}/{ref.key}"


def cell_of(document: ParsedDocument, key: str) -> Cell | None:
    """The cell of a form by its key (form/row/column); None where the document lacks the form."""
    form, _, place = key.partition("/")
    table = document.table(form)
    if table is None:
        return None
    r, c = (int(x) for x in place.split("/"))
    return table.cells[r][c]


def requests_of(document: ParsedDocument, term: BoundTerm) -> list[CellRequest]:
    """Where a term's figure is printed, ready to be read again.

    A figure that is found at several places (``key#2``) is asked for at each. None where the
    document does not say where it stands (a count, a spreadsheet's cell).
    """
    ref = term.ref
    if ref.row is not None and ref.column is not None:
        table = document.table(ref.form)
        one = form_request(table, ref.row, ref.column) if table is not None else None
        return [one] if one is not None else []
    places = list(_inline_places(document, term))
    return [
        CellRequest(
            key=_key(ref) + (f"#{n}" if n else ""), text=text, page=page, bbox=box, kind="inline"
        )
        for n, (text, page, box) in enumerate(places)
    ]


def form_request(table: Table, row: int, column: int, *, place: bool = True) -> CellRequest | None:
    """One cell of a form, with its row's label and its column's heading; None without a box."""
    cells = table.cells[row]
    cell = cells[column]
    if cell.bbox is None or (not cell.text and _shares_room(cells, column)):
        return None
    request = CellRequest(
        key=f"{table.id}/{row}/{column}",
        text=cell.text,
        page=cell.page,
        bbox=cell.bbox,
        place=place and bool(cell.text),
    )
    label = next(
        (x for x in reversed(cells[:column]) if x.text and x.amount is None and x.bbox), None
    )
    if label is not None and label.page == cell.page:
        request.label, request.label_bbox = label.text, label.bbox
    _add_heading(request, table, column)
    return request


def _shares_room(cells: Sequence[Cell], column: int) -> bool:
    """A blank cell's box that lies over a filled one's is the row's, not the cell's."""
    mine = cells[column].bbox
    return mine is None or any(
        other.bbox is not None
        and other.text
        and other.page == cells[column].page
        and min(mine[2], other.bbox[2]) - max(mine[0], other.bbox[0]) > 2
        for k, other in enumerate(cells)
        if k != column
    )


def _add_heading(request: CellRequest, table: Table, column: int) -> None:
    """The column's lowest heading, where it stands on the table's first page."""
    heading = next(
        (
            line[column]
            for line in reversed(table.header)
            if line[column : column + 1] and line[column]
        ),
        "",
    )
    if not heading or not table.pages:
        return
    page = table.pages[0]
    whole = table.bbox_by_page.get(page)
    here = [line for line in table.cells if line and all(x.page == page for x in line)]
    if whole is None or not here:
        return
    own = here[0][column].bbox
    if own is None or not here[0][column].text:
        own = next((line[column].bbox for line in here if line[column].text), None)
    tops = [x.bbox[1] for x in here[0] if x.bbox is not None and x.text]
    if own is None or not tops:
        return
    request.heading, request.heading_page = heading, page
    request.heading_box = (own[0], whole[1] - 1, own[2], min(tops))


def _inline_places(document: ParsedDocument, term: BoundTerm) -> Iterator[tuple[str, int, BBox]]:
    ref, key = term.ref, term.ref.key or ""
    if ref.form == "N":
        found = False
        for figure in document.narrative.figures:
            if figure.path == key and figure.page is not None and figure.bbox is not None:
                found = True
                yield figure.text, figure.page, figure.bbox
        staff = document.staff.get("places")
        place = staff.get(key.removeprefix("staff/")) if isinstance(staff, dict) else None
        if isinstance(place, dict) and place.get("bbox") and place.get("page"):
            found = True
            yield term.printed, place["page"], tuple(place["bbox"])
        if not found:
            yield from _in_sentences(document, term)
    elif ref.form == "O":
        for table, places in zip(document.performance, document.performance_places, strict=False):
            if table.get("kind") != "project":
                for place in places.values():
                    if term.printed and bare(place.text) == bare(term.printed) and place.bbox:
                        yield place.text, place.page, place.bbox
    elif ref.form.startswith("P"):
        yield from _in_target(document, int(ref.form[1:]), key)


def _in_sentences(document: ParsedDocument, term: BoundTerm) -> Iterator[tuple[str, int, BBox]]:
    number = bare(term.printed).replace(",", "").lstrip("-")
    for sentence in document.narrative.sentences:
        for amount in sentence.amounts:
            said = bare(amount.text).replace(",", "")
            if (
                number
                and said.startswith(number)
                and not said[len(number) : len(number) + 1].isdigit()
                and amount.page is not None
                and amount.bbox is not None
                and term.page in (None, amount.page)
            ):
                yield amount.text, amount.page, amount.bbox


def _in_target(document: ParsedDocument, index: int, key: str) -> Iterator[tuple[str, int, BBox]]:
    if index >= len(document.performance_places):
        return
    places = document.performance_places[index]
    side, _, label = key.partition("/")
    column = PART_FIELDS.get(side, side)
    lines = document.performance[index].get("资金明细")
    for n, line in enumerate(lines if isinstance(lines, list) else []):
        said = bare(str(line.get("label", ""))).rstrip(":").removeprefix("其中:")
        is_total = said.endswith("总额")
        if said == label.rstrip(":") or (is_total and label.endswith("_total")):
            place = places.get(f"资金明细/{n}/{column}")
            if place is not None and place.bbox is not None:
                yield place.text, place.page, place.bbox


# -- the sample ----------------------------------------------------------------------------


def _amounts(document: ParsedDocument) -> Iterator[CellRequest]:
    for table in document.tables:
        for r, cells in enumerate(table.cells):
            for c, cell in enumerate(cells):
                if cell.amount is not None and cell.source == "text":
                    request = form_request(table, r, c, place=False)
                    if request is not None:
                        yield request


def rows_of(document: ParsedDocument) -> Iterator[CellRequest]:
    """The first figure of each row of the forms in ``ROWS_OF_THEIR_OWN``, to be placed beside
    the row's label by the second engine."""
    for table in document.tables:
        if table.id not in ROWS_OF_THEIR_OWN:
            continue
        for r, cells in enumerate(table.cells):
            first = next((c for c, x in enumerate(cells) if x.amount is not None), None)
            if first is None or cells[first].source != "text":
                continue
            request = form_request(table, r, first)
            if request is not None and request.label:
                yield request.model_copy(update={"heading": "", "heading_box": None})


def _codes(document: ParsedDocument, pages: Iterable[int]) -> Iterator[CellRequest]:
    """Code cells of the forms on these pages: what a text identity speaks of."""
    wanted = set(pages)
    found = 0
    for table in document.tables:
        for r, cells in enumerate(table.cells):
            for c, cell in enumerate(cells):
                if cell.page in wanted and cell.text.isdigit() and cell.amount is None:
                    request = form_request(table, r, c, place=False)
                    if request is not None and found < _MOST_CODES:
                        found += 1
                        yield request


def sample_of(document: ParsedDocument, size: int = SAMPLE) -> list[CellRequest]:
    """Figures that show every digit in every filled form as far as ``size`` allows.

    Deterministic: the same reading gives the same sample. A wrong character map turns one
    digit into another in one font, so what counts is (digit, form), each first once.
    """
    waiting = list(_amounts(document))
    taken: list[CellRequest] = []
    digits: dict[str, int] = {}
    forms: dict[str, int] = {}

    def worth(request: CellRequest) -> tuple[int, bool, int, int, str]:
        times = forms.get(request.key.partition("/")[0], 0)
        new = sum(1 for d in set(request.text) if d.isdigit() and not digits.get(d))
        seldom = sum(1 for d in set(request.text) if d.isdigit() and digits.get(d, 0) < 3)
        return (new, not times, -times, seldom, request.key)

    while waiting and len(taken) < size:
        best = max(waiting, key=worth)
        waiting.remove(best)
        taken.append(best)
        form = best.key.partition("/")[0]
        forms[form] = forms.get(form, 0) + 1
        for d in set(best.text):
            digits[d] = digits.get(d, 0) + 1
    return taken
