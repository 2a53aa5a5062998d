-- number: 3
-- short: 决算与年初预算
-- zh: 决算数是年初预算数的多少？
-- en: What is the final account, measured against the initial budget?
-- asks:
--   zh: 同一主体、同一年度、同一口径的决算本年支出除以年初预算本年支出。
--   en: Expenditure of the year in the final account ÷ in the initial budget, same body, year and scope.
-- answer:
--   zh: 每个主体每年一行，列「决算数÷年初预算数」。
--   en: One row a body and year.
-- caveats:
--   zh: 这一比率的分母是年初预算，不是调整预算，因此只称「决算数÷年初预算数」。任一文本未见的标「未公开」，不以别的数代替。
--   en: The denominator is the initial budget, not the adjusted one, hence the name. Where either document is not there the answer is 未公开.
with stated as (
    select
        document.organisation_id,
        document.county,
        document.department,
        document.fiscal_year,
        document.phase,
        document.scope,
        document.document_id,
        document.source_url,
        summary.current_year_expenditure_wan,
        summary.page
    from marts.dim_document as document
    left join marts.fct_budget_summary as summary on document.document_id = summary.document_id
    where document.is_current and document.phase in ('budget', 'final_account')
),
paired as (
    select
        coalesce(final_account.county, budget.county) as county,
        coalesce(final_account.department, budget.department) as department,
        coalesce(final_account.fiscal_year, budget.fiscal_year) as fiscal_year,
        coalesce(final_account.scope, budget.scope) as scope,
        budget.document_id as budget_document_id,
        final_account.document_id as final_document_id,
        budget.current_year_expenditure_wan as budget_wan,
        final_account.current_year_expenditure_wan as final_wan,
        coalesce(final_account.document_id, budget.document_id) as document_id,
        coalesce(final_account.source_url, budget.source_url) as source_url,
        case when final_account.document_id is null then budget.page else final_account.page end as page
    from (select * from stated where phase = 'budget') as budget
    full outer join (select * from stated where phase = 'final_account') as final_account
        on
            budget.organisation_id = final_account.organisation_id
            and budget.fiscal_year = final_account.fiscal_year
            and budget.scope = final_account.scope
)
select
    county,
    department,
    fiscal_year,
    scope,
    budget_wan,
    final_wan,
    cast(100 * final_wan / nullif(budget_wan, 0) as decimal(12, 2)) as final_to_budget_pct,
    case
        when budget_wan is null or final_wan is null then '未公开'
        when budget_wan = 0 then '不可比'
        else ''
    end as label,
    case
        when final_document_id is null then '未见到决算公开'
        when budget_document_id is null then '未见到年初预算公开'
        when final_wan is null then '决算文本未列本年支出合计'
        when budget_wan is null then '预算文本未列本年支出合计'
        when budget_wan = 0 then '年初预算为零'
        else ''
    end as note,
    document_id,
    source_url,
    page
from paired
order by county, department, fiscal_year, scope
