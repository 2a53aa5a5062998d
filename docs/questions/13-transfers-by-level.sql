-- number: 13
-- short: 资金级次
-- zh: 项目资金中，中央、省、市县各是多少（转移支付的级次）？
-- en: How much of the projects' money is central, provincial, or of city and county (transfers by level)?
-- asks:
--   zh: 已公开绩效目标表的年度资金，按资金来源级次列出。
--   en: The year's money of the published performance targets, by level.
-- answer:
--   zh: 每份现行预算文本一行，并列出这些目标占本年项目支出的比重。
--   en: One row a current budget, with the share of project expenditure these targets cover.
-- caveats:
--   zh: 只来自已公开的绩效目标，不能代表全部项目；未公开目标的项目级次不知道，不作推算。没有目标表的文本标「未公开」。“市县”为表内原行，不再拆分。
--   en: Only from published targets; the level of other projects is not known and not estimated. 市县 is one line of the form.
with funding as (
    select
        document_id,
        cast(sum(amount_wan) filter (where funding_level = 'central') as decimal(20, 6)) as central_wan,
        cast(sum(amount_wan) filter (where funding_level = 'provincial') as decimal(20, 6)) as provincial_wan,
        cast(sum(amount_wan) filter (where funding_level = 'county') as decimal(20, 6)) as county_level_wan,
        cast(sum(amount_wan) filter (where funding_level = 'own_funds') as decimal(20, 6)) as own_wan,
        cast(
            sum(amount_wan) filter (
                where funding_level not in ('central', 'provincial', 'county', 'own_funds', 'total')
            ) as decimal(20, 6)
        ) as other_wan
    from marts.fct_performance_funding
    where horizon = 'year'
    group by document_id
),
target as (
    select
        document_id,
        count(*) as published_targets,
        cast(sum(year_amount_wan) as decimal(20, 6)) as target_total_wan
    from marts.fct_performance_target
    where kind = 'project'
    group by document_id
),
project as (
    select
        document_id,
        sum(amount_wan) as project_wan,
        min(page) as page
    from marts.fct_project
    where not is_carry_over
    group by document_id
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    coalesce(target.published_targets, 0) as published_targets,
    target.target_total_wan,
    funding.central_wan,
    funding.provincial_wan,
    funding.county_level_wan,
    funding.own_wan,
    funding.other_wan,
    cast(100 * target.target_total_wan / nullif(project.project_wan, 0) as decimal(12, 2)) as covered_pct,
    case when funding.document_id is null then '未公开' else '' end as label,
    case
        when target.document_id is null then '未见项目绩效目标表'
        when funding.document_id is null then '目标表未列资金级次'
        else '仅为已公开绩效目标'
    end as note,
    document.document_id,
    document.source_url,
    project.page
from marts.dim_document as document
left join target on document.document_id = target.document_id
left join funding on document.document_id = funding.document_id
left join project on document.document_id = project.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
