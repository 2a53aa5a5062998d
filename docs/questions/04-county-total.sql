-- number: 4
-- short: 已公开部门合计
-- zh: 一个县已公开的部门合计是多少（部门和单位不重复计算）？
-- en: What do a county's departments that published add up to, counting no unit twice?
-- asks:
--   zh: 只加部门汇总口径的现行预算文本；下属单位和本级的文本不加。
--   en: Only consolidated budgets are added; documents of units and head offices are not.
-- answer:
--   zh: 每个部门一行，同县同年各行重复列出「已公开部门合计（N/M个）」。M为该县见过公开文本的部门数，N为该年已公开的部门数。
--   en: One row a department; the county's total stands in each row as 已公开部门合计（N/M个）, M being the departments ever seen there, N those of the year.
-- caveats:
--   zh: 不是全县支出：未公开部门、补助下级支出等均不在内，M也不是官方部门名录。同年上级部门文本已列其为下属单位的，不再加。
--   en: Not the county's expenditure. M is no official list. A body that a department's document of the year lists as its unit is not added again.
with budget as (
    select
        document.document_id,
        document.organisation_id,
        document.fiscal_year,
        document.source_url,
        document.contained_in_id is not null as is_contained,
        summary.expenditure_total_wan,
        summary.expenditure_from_current_year_wan as current_year_wan,
        summary.page
    from marts.dim_document as document
    left join marts.fct_budget_summary as summary on document.document_id = summary.document_id
    where document.is_current and document.scope = 'department' and document.phase = 'budget'
),
-- units of a department that published, without a document of their own that year
unit as (
    select organisation.organisation_id, parent.fiscal_year
    from marts.dim_organisation as organisation
    inner join budget as parent on organisation.parent_id = parent.organisation_id
),
listed as (
    select
        coverage.county,
        coverage.department,
        coverage.fiscal_year,
        coverage.status,
        budget.document_id,
        budget.source_url,
        budget.page,
        coalesce(budget.is_contained, unit.organisation_id is not null) as is_contained,
        case when not budget.is_contained then budget.expenditure_total_wan end as expenditure_total_wan,
        case when not budget.is_contained then budget.current_year_wan end as current_year_wan
    from quality.coverage as coverage
    left join budget
        on
            coverage.organisation_id = budget.organisation_id
            and coverage.fiscal_year = budget.fiscal_year
    left join unit
        on
            coverage.organisation_id = unit.organisation_id
            and coverage.fiscal_year = unit.fiscal_year
    where coverage.phase = 'budget' and coverage.scope = 'department'
)
select
    county,
    fiscal_year,
    '已公开部门合计（'
    || count(expenditure_total_wan) over (partition by county, fiscal_year)
    || '/'
    || count(*) filter (where not is_contained) over (partition by county, fiscal_year)
    || '个）' as county_label,
    cast(sum(expenditure_total_wan) over (partition by county, fiscal_year) as decimal(20, 6)) as county_total_wan,
    -- not of some departments only
    case
        when
            count(current_year_wan) over (partition by county, fiscal_year)
            = count(expenditure_total_wan) over (partition by county, fiscal_year)
            then cast(sum(current_year_wan) over (partition by county, fiscal_year) as decimal(20, 6))
    end as county_current_year_wan,
    department,
    expenditure_total_wan,
    current_year_wan,
    case when expenditure_total_wan is null and not is_contained then '未公开' else '' end as label,
    case
        when is_contained then '已含在上级部门的汇总文本中，不重复计算'
        when document_id is not null and expenditure_total_wan is null then '文本未列支出总计'
        when status = 'quarantined' then '文本待人工复核，暂不计入'
        when document_id is null then '该年预算文本未见'
        when current_year_wan is null then '文本未列当年预算安排，本县当年安排合计因此不列'
        else ''
    end as note,
    document_id,
    source_url,
    page
from listed
order by county, fiscal_year, expenditure_total_wan desc nulls last, department
