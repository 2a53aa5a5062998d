"""Suites over the identities (勾稽关系), generated from the one catalogue.

One suite a family (R 行内, C 列合计, …), one expectation an identity. The frame has one row a
(document, identity) touched tonight: how many instances were landed, evaluated, exact, within
rounding, violated, and how many came out of dbt otherwise than they were landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from expectations.suite_files import Check, Suite, Text, Where

__all__ = ["FAMILIES", "Identity", "catalogue_identities", "family_of", "identity_suites"]

FAMILIES: dict[str, Text] = {
    "R": Text(zh="行内关系", en="Rows"),
    "C": Text(zh="列合计", en="Column sums"),
    "H": Text(zh="类款项层级", en="Class, section, item"),
    "X": Text(zh="表间关系", en="Between forms"),
    "N": Text(zh="文字与表", en="Narrative and forms"),
    "A": Text(zh="采购、车辆、资产", en="Procurement, vehicles, assets"),
    "P": Text(zh="项目绩效目标", en="Project targets"),
    "O": Text(zh="整体绩效目标", en="Overall targets"),
    "M": Text(zh="表名、编码、标签", en="Titles, codes, labels"),
    "E": Text(zh="经费结构", en="Structure of expenses"),
    "G": Text(zh="政府采购", en="Procurement and projects"),
    "W": Text(zh="工资社保", en="Pay and insurance"),
    "J": Text(zh="联合尾差", en="Joint rounding"),
}


@dataclass(frozen=True)
class Identity:
    """What the gates and findings need of one catalogue entry. ``severity``: hard | soft."""

    id: str
    family: str
    severity: str
    title: Text
    rationale: Text


def family_of(identity: str) -> str:
    """``X-0102-CLS`` → ``X``; ``J01`` → ``J``."""
    return identity[:1]


def catalogue_identities() -> dict[str, Identity]:
    """The catalogue's entries by id, in its order."""
    from expectations.catalogue import load_catalogue

    found: dict[str, Identity] = {}
    for entry in load_catalogue().identities.values():
        found[entry.id] = Identity(
            id=entry.id,
            family=family_of(entry.id),
            severity=entry.severity,
            title=Text(zh=entry.title.zh, en=entry.title.en),
            rationale=Text(zh=entry.rationale.zh, en=entry.rationale.en),
        )
    return found


_FRAME = """
with result as (
    select q.document_id, q.identity, q.instance, q.outcome
    from quality.identity_result as q
    join gate_document using (document_id)
    where {belongs_q}
),
landed as (
    select i.document_id, i.identity, i.instance, i.outcome
    from raw.raw_identity_instance as i
    join gate_record using (batch_id, record_key, document_id)
    where {belongs_i}
),
both_sides as (
    select
        coalesce(r.document_id, l.document_id) as document_id,
        coalesce(r.identity, l.identity) as identity,
        r.outcome as recomputed,
        l.outcome as landed
    from result as r
    full outer join landed as l using (document_id, identity, instance)
),
label as (
    select d.document_id, concat_ws(' ', case when not starts_with(d.department, d.county) then d.county end,
                    d.department, d.fiscal_year,
                    case d.scope when 'department' then '部门' when 'unit_own' then '本级' when 'unit' then '单位' end) as document
    from raw.raw_document as d
    join gate_record using (batch_id, record_key, document_id)
)
select
    coalesce(any_value(label.document), '') as document,
    b.identity,
    'finding:d-' || left(b.document_id, 12) || '-' || b.identity as finding,
    count(b.landed) as landed,
    count(*) filter (where b.recomputed <> 'not_applicable') as evaluated,
    count(*) filter (where b.recomputed = 'exact') as exact,
    count(*) filter (where b.recomputed = 'rounding') as rounding,
    count(*) filter (where b.recomputed = 'violated') as violated,
    count(*) filter (where b.recomputed <> b.landed) as changed,
    count(*) filter (where b.recomputed is null) as lost,
    count(*) filter (where b.landed is null) as surplus
from both_sides as b
left join label on label.document_id = b.document_id
group by b.document_id, b.identity
order by document, b.identity
"""

_COVERAGE = """
with known as (select unnest({ids}::varchar[]) as identity),
found as (
    select
        identity,
        count(distinct document_id) as documents,
        count(*) as instances,
        count(*) filter (where outcome <> 'not_applicable') as evaluated,
        count(*) filter (where outcome = 'rounding') as rounding,
        count(*) filter (where outcome = 'violated') as violated,
        count(*) filter (
            where outcome is null
            or outcome not in ('exact', 'rounding', 'violated', 'not_applicable')
        ) as unknown_outcomes
    from quality.identity_result
    group by identity
)
select
    coalesce(known.identity, found.identity) as identity,
    case when known.identity is null then 0 else 1 end as in_catalogue,
    coalesce(documents, 0) as documents,
    coalesce(instances, 0) as instances,
    coalesce(evaluated, 0) as evaluated,
    coalesce(rounding, 0) as rounding,
    coalesce(violated, 0) as violated,
    coalesce(unknown_outcomes, 0) as unknown_outcomes
from known
full outer join found using (identity)
order by identity
"""

_RECOMPUTED = [
    Check(
        id="recomputed_same",
        expect="ExpectColumnValuesToBeInSet",
        args={"column": "changed", "value_set": [0]},
        says=Text(
            zh="仓库重算的勾稽结果与落地时一致",
            en="Outcomes worked out in the warehouse equal the landed ones",
        ),
        remedy=Text(
            zh="数据在入库途中变了；比较 raw 与 fct_amount 中该表的金额，修正后重建",
            en="Something changed on the way; compare raw with fct_amount, mend and rebuild",
        ),
    ),
    Check(
        id="recomputed_all",
        expect="ExpectColumnValuesToBeInSet",
        args={"column": "lost", "value_set": [0]},
        says=Text(zh="落地的每个实例都已重算", en="Every landed instance was worked out again"),
        remedy=Text(
            zh="dbt 的 identity_result 漏算；查看其连接条件",
            en="identity_result left instances out; see its joins",
        ),
    ),
    Check(
        id="recomputed_only",
        expect="ExpectColumnValuesToBeInSet",
        args={"column": "surplus", "value_set": [0]},
        says=Text(zh="没有多算的实例", en="No instance appears that was not landed"),
        remedy=Text(
            zh="dbt 的 identity_result 重复或混入旧解析；查看其去重条件",
            en="identity_result doubles instances or mixes readings; see its joins",
        ),
    ),
]


def _violated(identity: Identity) -> Check:
    hard = identity.severity == "hard"
    return Check(
        id=identity.id,
        expect="ExpectColumnValuesToBeInSet",
        args={"column": "violated", "value_set": [0]},
        where=[Where(column="identity", value=identity.id)],
        level="finding" if hard else "note",
        says=Text(zh=f"{identity.id} {identity.title.zh}", en=f"{identity.id} {identity.title.en}"),
        why=identity.rationale,
        remedy=Text(
            zh="文本自身不符，数字照原样发布；点“查看”看两处表述与页码，请发布机关核实",
            en="The document contradicts itself; figures stay as printed. See the two statements",
        )
        if hard
        else Text(
            zh="通常成立而此处不成立，可能有正当原因；点“查看”看两处表述与页码，请发布机关说明",
            en="Usually holds, and may fail for a good reason. See the two statements",
        ),
    )


def identity_suites(identities: Sequence[Identity] | None = None) -> list[Suite]:
    """One suite a family of the catalogue, and one over the whole warehouse.

    The families are those of the catalogue and of the results: an identity that is in the
    results but not in the catalogue fails the coverage suite.
    """
    known = list(catalogue_identities().values()) if identities is None else list(identities)
    suites: list[Suite] = []
    for letter, title in FAMILIES.items():
        members = [identity for identity in known if identity.family == letter]
        if not members:
            continue
        suites.append(
            Suite(
                suite=f"identity_{letter}",
                stage="marts",
                title=Text(
                    zh=f"勾稽关系 {letter} {title.zh}", en=f"Identities {letter}: {title.en}"
                ),
                about=Text(
                    zh="今晚涉及的文本逐条核对。文本自身不符是核对提示，不影响发布；"
                    "重算结果与落地时不同则停止发布。",
                    en="A document's own contradiction is a finding and is published; an outcome "
                    "that changed on its way through the warehouse stops the publication.",
                ),
                needs=[
                    "quality.identity_result",
                    "raw.raw_identity_instance",
                    "raw.raw_document",
                ],
                frame=_FRAME.format(
                    belongs_q=f"q.identity like '{letter}%'",
                    belongs_i=f"i.identity like '{letter}%'",
                ),
                keys=["document", "identity", "finding", "evaluated"],
                checks=[*_RECOMPUTED, *(_violated(member) for member in members)],
            )
        )
    quoted = ", ".join("'" + identity.id.replace("'", "''") + "'" for identity in known)
    suites.append(
        Suite(
            suite="identity_all",
            stage="marts",
            title=Text(zh="勾稽关系总览", en="Identities over the whole warehouse"),
            about=Text(
                zh="目录中每条勾稽关系一行：涉及文本数、实例数、已算数。空白不得悄悄算作通过。",
                en="One row an identity of the catalogue: documents, instances, evaluated.",
            ),
            needs=["quality.identity_result"],
            frame=_COVERAGE.format(ids=f"[{quoted}]"),
            keys=["identity", "documents", "instances", "evaluated"],
            rows="some",
            checks=[
                Check(
                    id="identity_known",
                    expect="ExpectColumnValuesToBeInSet",
                    args={"column": "in_catalogue", "value_set": [1]},
                    level="finding",
                    says=Text(
                        zh="结果中的勾稽关系都在目录中",
                        en="Every identity of the results is in the catalogue",
                    ),
                    remedy=Text(
                        zh="目录改名或删除后须重新解析，旧结果不得残留",
                        en="After renaming an identity parse again; old results must not stay",
                    ),
                ),
                Check(
                    id="outcome_known",
                    expect="ExpectColumnValuesToBeInSet",
                    args={"column": "unknown_outcomes", "value_set": [0]},
                    says=Text(
                        zh="结果只有相等、尾差、不符、不适用四种",
                        en="An outcome is exact, rounding, violated or not applicable",
                    ),
                    remedy=Text(zh="查看 identity_result 的判定", en="See identity_result"),
                ),
                Check(
                    id="ever_evaluated",
                    expect="ExpectColumnValuesToBeBetween",
                    args={"column": "evaluated", "min_value": 1},
                    where=[Where(column="documents", op=">", value=0)],
                    level="note",
                    says=Text(
                        zh="绑定过的勾稽关系至少算过一次",
                        en="An identity that was bound was evaluated at least once",
                    ),
                    remedy=Text(
                        zh="全部“不适用”多为条件写错；对照目录的适用条件",
                        en="Not applicable everywhere: see its condition in the catalogue",
                    ),
                ),
            ],
        )
    )
    return suites
