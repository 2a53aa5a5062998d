-- number: 14
-- short: 结转占比
-- zh: 上年结转占多少？
-- en: What share is carry-over?
-- asks:
--   zh: 收支总表（T01）上年结转除以收入总计。
--   en: T01, carry-over ÷ total income.
-- answer:
--   zh: 每份现行预算文本一行。
--   en: One row a current budget.
-- caveats:
--   zh: 结转栏空白不等于0：空白时比重由收入总计减本年收入合计得出，标「推算」，结转金额仍留空。
--   en: A blank is not zero. Where the cell is blank the share comes from total minus current-year income (推算) and the amount stays empty.
with summary as (
    select
        *,
        coalesce(carry_over_wan, income_total_wan - current_year_income_wan) as carried_wan
    from marts.fct_budget_summary
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    summary.income_total_wan,
    summary.carry_over_wan,
    cast(100 * summary.carried_wan / nullif(summary.income_total_wan, 0) as decimal(12, 2))
        as carry_over_share_pct,
    case
        when summary.carried_wan is null then '未公开'
        when summary.income_total_wan = 0 then '不可比'
        when summary.carry_over_wan is null then '推算'
        else ''
    end as label,
    case
        when summary.carried_wan is null then '文本未列收入总计或本年收入合计'
        when summary.income_total_wan = 0 then '收入总计为零'
        when summary.carry_over_wan is null then '上年结转栏空白，由收入总计减本年收入合计得出'
        else ''
    end as note,
    document.document_id,
    document.source_url,
    summary.page
from marts.dim_document as document
left join summary on document.document_id = summary.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
