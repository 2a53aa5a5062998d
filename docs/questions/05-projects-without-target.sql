-- number: 5
-- short: 未见绩效目标的项目
-- zh: 哪些大额项目没有公开绩效目标？
-- en: Which are the largest projects without a published performance target?
-- asks:
--   zh: 本年预算（T12）中未见绩效目标表的项目，按金额排列。
--   en: Projects of the year (T12) to which no published target belongs, by amount.
-- answer:
--   zh: 每份部门汇总文本每个项目一行，「本部门内次序」按本部门全部项目金额排。
--   en: One row a project of a consolidated budget; the order is among all projects of the body.
-- caveats:
--   zh: 涉密项目依法可以不公开；「未公开」只说明未见到，不构成评价。下属单位自己的文本附有该项目目标的，不列。另有目标表未能对应项目时在说明中注明。
--   en: Secret projects are lawfully not published; 未公开 says no more than not seen. A target attached to the unit's own document counts as published.
with restricted as (
    select project_id
    from marts.dim_project
    where is_restricted and not coalesce(getvariable('show_restricted'), false)
),
project as (
    select
        fact.document_id,
        fact.fiscal_year,
        fact.county_code,
        fact.project_id,
        any_value(dimension.name_standard) as name_standard,
        max(fact.project_name) as project_name,
        max(fact.unit_name) as unit_name,
        max(fact.target_id) as target_id,
        bool_or(fact.is_additive) as is_additive,
        cast(sum(fact.amount_wan) as decimal(20, 6)) as amount_wan,
        min(fact.page) as page
    from marts.fct_project as fact
    inner join marts.dim_project as dimension on fact.project_id = dimension.project_id
    where not fact.is_carry_over and fact.row_kind = 'project' and fact.phase = 'budget'
    group by fact.document_id, fact.fiscal_year, fact.county_code, fact.project_id
),
elsewhere as (
    select distinct fiscal_year, county_code, name_standard, amount_wan
    from project
    where not is_additive and target_id is not null
),
target as (
    select
        document_id,
        count(*) as published_targets,
        count(*) filter (where project_id is null) as unlinked
    from marts.fct_performance_target
    where kind = 'project'
    group by document_id
),
ranked as (
    select
        *,
        rank() over (partition by document_id order by amount_wan desc) as position,
        sum(amount_wan) over (partition by document_id) as all_wan
    from project
    where is_additive
)
select
    document.county,
    document.department,
    document.fiscal_year,
    ranked.unit_name,
    ranked.project_name,
    ranked.amount_wan,
    ranked.position as rank,
    cast(100 * ranked.amount_wan / nullif(ranked.all_wan, 0) as decimal(12, 2)) as project_share_pct,
    coalesce(target.published_targets, 0) as published_targets,
    '未公开' as label,
    case
        when target.unlinked > 0 then '本文本另有' || target.unlinked || '张绩效目标表未能对应到项目'
        when target.published_targets is null then '本文本未见任何项目绩效目标表'
        else ''
    end as note,
    document.document_id,
    document.source_url,
    ranked.page
from ranked
inner join marts.dim_document as document on ranked.document_id = document.document_id
left join target on ranked.document_id = target.document_id
left join elsewhere
    on
        ranked.fiscal_year = elsewhere.fiscal_year
        and ranked.county_code is not distinct from elsewhere.county_code
        and ranked.name_standard = elsewhere.name_standard
        and ranked.amount_wan = elsewhere.amount_wan
where
    ranked.target_id is null
    and elsewhere.name_standard is null
    and ranked.amount_wan > 0
    and ranked.project_id not in (select restricted.project_id from restricted)
order by ranked.amount_wan desc, document.county, document.department, document.fiscal_year, ranked.project_name
