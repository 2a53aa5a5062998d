-- number: 15
-- short: 项目支出占比
-- zh: 项目支出占多少？
-- en: What share is project expenditure?
-- asks:
--   zh: 项目支出除以基本支出与项目支出之和，分别按T03（全部资金，含上年结转）和T05（一般公共预算当年，不含上年结转）。
--   en: Project ÷ (basic + project), on the basis of T03 (all money, with carry-over) and of T05 (general public budget of the year, without).
-- answer:
--   zh: 每份现行预算文本每个口径一行；引用时要说明口径。
--   en: One row a current budget and basis; say which basis is quoted.
-- caveats:
--   zh: 取表内合计行。两个口径的结果可以相差很多，不能互换；合计行未列的标「未公开」。
--   en: From the printed totals. The two bases may differ widely and never stand in for each other.
with basis (basis, basic_measure, project_measure) as (
    values
    ('T03 全部资金（含上年结转）', 'basic_expenditure', 'project_expenditure'),
    ('T05 一般公共预算当年（不含上年结转）', 'general_public_basic_expenditure', 'general_public_project_expenditure')
),
stated as (
    select
        basis.basis,
        comparison.document_id,
        max(comparison.amount_wan) filter (where comparison.measure = basis.basic_measure) as basic_wan,
        max(comparison.amount_wan) filter (where comparison.measure = basis.project_measure) as project_wan,
        min(comparison.page) as page
    from marts.fct_year_comparison as comparison
    inner join basis on comparison.measure in (basis.basic_measure, basis.project_measure)
    group by basis.basis, comparison.document_id
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    basis.basis,
    stated.basic_wan,
    stated.project_wan,
    cast(
        100 * stated.project_wan / nullif(stated.basic_wan + stated.project_wan, 0) as decimal(12, 2)
    ) as project_share_of_total_pct,
    case
        when stated.basic_wan is null or stated.project_wan is null then '未公开'
        when stated.basic_wan + stated.project_wan = 0 then '不可比'
        else ''
    end as label,
    case
        when stated.document_id is null then '表内合计行未见'
        when stated.basic_wan is null then '合计行基本支出空白'
        when stated.project_wan is null then '合计行项目支出空白'
        else ''
    end as note,
    document.document_id,
    document.source_url,
    stated.page
from marts.dim_document as document
cross join basis
left join stated on document.document_id = stated.document_id and basis.basis = stated.basis
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope, basis.basis
