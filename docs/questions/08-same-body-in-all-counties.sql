-- number: 8
-- short: 同类机构比较
-- zh: 同一类机构在各县各是多少（县委办对县委办）？
-- en: The same body in all counties (one county's party office against another's)?
-- asks:
--   zh: 同类机构、同一年度，各县部门汇总口径的支出总计及其基本支出、项目支出。
--   en: Consolidated budgets of a peer group and year, county by county.
-- answer:
--   zh: 每类机构每年每县一行；该县未见这类机构文本的也列出，标「未公开」。
--   en: One row a peer group, year and county; a county whose body was not seen is listed as 未公开.
-- caveats:
--   zh: 机构按名称归类，职能范围可能不同。一县一年有几个这类机构（学校、乡镇等）时不能一对一比较，标「不可比」。
--   en: Grouped by name, their duties may differ. Where a county has several of a group (schools, townships) one-to-one comparison is not possible (不可比).
with budget as (
    select
        document.document_id,
        document.county,
        document.department,
        document.fiscal_year,
        document.source_url,
        organisation.peer_group,
        count(*) over (partition by document.county, document.fiscal_year, organisation.peer_group)
            as body_count
    from marts.dim_document as document
    inner join marts.dim_organisation as organisation
        on document.organisation_id = organisation.organisation_id
    where
        document.is_additive
        and document.phase = 'budget'
        -- 其他…: a rest of unlike bodies, no peers
        and organisation.peer_group is not null
        and not starts_with(organisation.peer_group, '其他')
),
county_year as (
    select distinct county, fiscal_year
    from marts.dim_document
    where is_current and phase = 'budget' and county is not null
),
asked as (
    select county_year.county, county_year.fiscal_year, peer.peer_group
    from county_year
    inner join (select distinct peer_group, fiscal_year from budget) as peer
        on county_year.fiscal_year = peer.fiscal_year
),
expenditure as (
    select
        document_id,
        max(amount_wan) filter (where measure = 'expenditure_total') as expenditure_total_wan,
        max(amount_wan) filter (where measure = 'basic_expenditure') as basic_wan,
        max(amount_wan) filter (where measure = 'project_expenditure') as project_wan,
        max(page) filter (where measure = 'expenditure_total') as page
    from marts.fct_year_comparison
    where measure in ('expenditure_total', 'basic_expenditure', 'project_expenditure')
    group by document_id
)
select
    asked.peer_group,
    asked.fiscal_year,
    asked.county,
    budget.department,
    expenditure.expenditure_total_wan,
    expenditure.basic_wan,
    expenditure.project_wan,
    case
        when expenditure.expenditure_total_wan is null then '未公开'
        when budget.body_count > 1 then '不可比'
        else ''
    end as label,
    case
        when budget.document_id is null then '未见该县这类机构的部门预算文本'
        when expenditure.expenditure_total_wan is null then '文本未列支出总计'
        when budget.body_count > 1 then '该县这类机构有' || budget.body_count || '个'
        else ''
    end as note,
    budget.document_id,
    budget.source_url,
    expenditure.page
from asked
left join budget
    on
        asked.county = budget.county
        and asked.fiscal_year = budget.fiscal_year
        and asked.peer_group = budget.peer_group
left join expenditure on budget.document_id = expenditure.document_id
order by asked.peer_group, asked.fiscal_year, asked.county, budget.department
