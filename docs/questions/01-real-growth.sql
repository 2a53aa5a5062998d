-- number: 1
-- short: 收入增长与结转
-- zh: 收入增长是真的增加了，还是上年结转抬高的？
-- en: Is the headline growth real, or carried over from last year?
-- asks:
--   zh: 收入总计的增减率与当年一般公共预算支出的增减率并列，再列出上年结转。
--   en: The change of total income beside that of this year's general public budget expenditure, with the carry-over.
-- answer:
--   zh: 每份现行预算文本一行；两个增减率方向相反，说明总计的变动来自上年结转，或一般公共预算以外的资金。
--   en: One row a current budget; where the two move in opposite directions the total moved by carry-over, or by money outside the general public budget.
-- caveats:
--   zh: 上年数以上年文本为准；上年文本未见而本年说明写明增减额的，由本年数减增减额得出，标「推算」；两者不一致标「不可比」；都没有标「未公开」。
--   en: Last year is taken from its own document; where that is not there, from the change this year's text states (推算). Where the two differ the years are not comparable (不可比).
with compared as (
    select
        document_id,
        measure,
        amount_wan,
        page,
        case
            when is_comparable then prior_as_published_wan
            when break_reason = 'prior_not_published' then prior_as_stated_wan
        end as prior_wan,
        case
            when
                (is_comparable and prior_as_published_wan <= 0)
                or (break_reason = 'prior_not_published' and prior_as_stated_wan <= 0)
                then 4
            when is_comparable then 0
            when break_reason = 'prior_restated' then 2
            when break_reason = 'prior_not_published' and prior_as_stated_wan is not null then 1
            else 3
        end as gap
    from marts.fct_year_comparison
    where measure in ('income_total', 'general_public_expenditure')
),
beside as (
    select
        document_id,
        max(amount_wan) filter (where measure = 'income_total') as income_total_wan,
        max(prior_wan) filter (where measure = 'income_total') as income_prior_wan,
        max(amount_wan) filter (where measure = 'general_public_expenditure') as general_public_wan,
        max(prior_wan) filter (where measure = 'general_public_expenditure') as general_public_prior_wan,
        max(page) filter (where measure = 'income_total') as page,
        case when count(*) < 2 then 3 else max(gap) end as gap
    from compared
    group by document_id
),
rated as (
    select
        *,
        cast(100 * (income_total_wan - income_prior_wan) / nullif(greatest(income_prior_wan, 0), 0) as decimal(12, 2))
            as income_change_pct,
        cast(100 * (general_public_wan - general_public_prior_wan) / nullif(greatest(general_public_prior_wan, 0), 0) as decimal(12, 2))
            as general_public_change_pct
    from beside
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    rated.income_total_wan,
    rated.income_prior_wan,
    rated.income_change_pct,
    rated.general_public_wan,
    rated.general_public_prior_wan,
    rated.general_public_change_pct,
    summary.carry_over_wan,
    rated.income_change_pct * rated.general_public_change_pct < 0 as is_opposite,
    ['', '推算', '不可比', '未公开', '不可比'][coalesce(rated.gap, 3) + 1] as label,
    [
        '',
        '上年文本未见，上年数由本年说明所述增减额推算',
        '上年文本的数字与本年说明所述不一致',
        '上年数未见或空白，无从比较',
        '上年数为零，或由说明推算为负，不能计算增减率'
    ][coalesce(rated.gap, 3) + 1] as note,
    document.document_id,
    document.source_url,
    rated.page
from marts.dim_document as document
left join rated on document.document_id = rated.document_id
left join marts.fct_budget_summary as summary on document.document_id = summary.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
