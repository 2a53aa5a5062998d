-- number: 9
-- short: 较大变动与原因
-- zh: 哪些数变动较大（两成以上），文本给出的原因是什么？
-- en: Which totals changed abruptly (by a fifth or more), and what reason is given?
-- asks:
--   zh: 主要指标与上年相比增减20%及以上、且在1万元以上的，列出文本所述原因。
--   en: Totals that changed by 20 % and by 10 000 yuan or more, with the reason the text gives.
-- answer:
--   zh: 每份文本每个指标一行，按增减额排列；未写原因的标「未公开」。
--   en: One row a total of a document, by size of the change; no reason given is 未公开.
-- caveats:
--   zh: 20%与核对目录中「收支变动较大时说明原因」的界限一致。上年文本未见时按本年说明推算并标「推算」；与上年文本不一致的不作比较，不列。
--   en: The threshold is that of the catalogue's N-REASON. Years that are not comparable are not compared.
with compared as (
    select
        document_id,
        measure,
        term_zh,
        amount_wan,
        page,
        is_comparable,
        case when is_comparable then prior_as_published_wan else prior_as_stated_wan end as prior_wan
    from marts.fct_year_comparison
    where is_comparable or break_reason = 'prior_not_published'
),
abrupt as (
    select
        *,
        amount_wan - prior_wan as change_wan
    from compared
    where
        prior_wan > 0
        and abs(amount_wan - prior_wan) >= 0.2 * prior_wan
        and abs(amount_wan - prior_wan) >= 1
),
topic (measure, reason_topic) as (
    values
    ('income_total', 'income_total'),
    ('current_year_income', 'income_total'),
    ('expenditure_total', 'expense_total'),
    ('general_public_expenditure', 'general_public'),
    ('three_public_total', 'three_public_total'),
    ('agency_operating_expense', 'agency_operating')
),
reason as (
    select
        topic.measure,
        reason.document_id,
        string_agg(reason.reason_text, '；' order by reason.position) as reason_text,
        min(reason.page) as page
    from marts.fct_change_reason as reason
    inner join topic on reason.topic = topic.reason_topic
    group by topic.measure, reason.document_id
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    abrupt.term_zh as term,
    abrupt.amount_wan,
    abrupt.prior_wan,
    cast(abrupt.change_wan as decimal(20, 6)) as change_wan,
    cast(100 * abrupt.change_wan / abrupt.prior_wan as decimal(12, 2)) as change_pct,
    reason.reason_text,
    reason.page as reason_page,
    case
        when reason.reason_text is null then '未公开'
        when abrupt.is_comparable then ''
        else '推算'
    end as label,
    concat_ws(
        '；',
        case when reason.reason_text is null then '未见对这一项的原因说明' end,
        case when not abrupt.is_comparable then '上年文本未见，上年数由本年说明推算' end
    ) as note,
    document.document_id,
    document.source_url,
    abrupt.page
from abrupt
inner join marts.dim_document as document on abrupt.document_id = document.document_id
left join reason on abrupt.document_id = reason.document_id and abrupt.measure = reason.measure
where document.is_current and document.phase = 'budget'
order by abs(abrupt.change_wan) desc, document.county, document.department, document.fiscal_year, abrupt.measure
