-- number: 10
-- short: 一次性项目重复
-- zh: 标为“一次性”的项目，哪些年年都有？
-- en: Which projects marked one-off return every year?
-- asks:
--   zh: 绩效目标表标明一次性、而本年预算（T12）在两个以上年度都有的项目。
--   en: Projects whose target says one-off while T12 has them in two years or more.
-- answer:
--   zh: 每个项目一行，列出各年金额和标为一次性的年度。
--   en: One row a project, with its amounts by year.
-- caveats:
--   zh: 只有公开了绩效目标的项目才知道属性；同名才算同一项目（不含年度），只看见过的年度。每年分批实施的工程也会列出，请对照目标内容。
--   en: The attribute is known only where a target is published. Works carried out in yearly lots appear too.
with yearly as (
    select
        project_id,
        scope,
        fiscal_year,
        max(unit_name) as unit_name,
        cast(sum(amount_wan) as decimal(20, 6)) as amount_wan,
        arg_max(document_id, (amount_wan, document_id)) as document_id,
        min(page) as page
    from marts.fct_project
    where
        not is_carry_over
        and row_kind = 'project'
        and phase = 'budget'
        and amount_wan > 0
    group by project_id, scope, fiscal_year
),
one_off as (
    select
        project_id,
        string_agg(distinct fiscal_year, '、' order by fiscal_year) as one_off_years,
        arg_max(project_attribute, fiscal_year) as project_attribute
    from marts.fct_performance_target
    where project_id is not null and phase = 'budget' and contains(project_attribute, '一次性')
    group by project_id
),
series as (
    select
        project_id,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year,
        count(*) as year_count,
        string_agg(
            fiscal_year || '：' || cast(amount_wan as decimal(20, 2)), '、'
            order by fiscal_year
        ) as yearly_wan,
        arg_max(unit_name, fiscal_year) as unit_name,
        arg_max(document_id, fiscal_year) as document_id,
        arg_max(page, fiscal_year) as page,
        arg_max(amount_wan, fiscal_year) as amount_wan
    from yearly
    group by project_id, scope
    having count(*) > 1
    -- a head office prints the projects of its department again: one of the two is listed
    qualify row_number() over (partition by project_id order by scope asc) = 1
)
select
    document.county,
    document.department,
    series.unit_name,
    project.name_standard as project_name,
    one_off.project_attribute,
    one_off.one_off_years,
    series.first_year,
    series.last_year,
    series.year_count,
    series.yearly_wan,
    series.amount_wan,
    '' as label,
    case
        when series.year_count < series.last_year - series.first_year + 1 then '中间年度未见'
        else ''
    end as note,
    document.document_id,
    document.source_url,
    series.page
from series
inner join one_off on series.project_id = one_off.project_id
inner join marts.dim_project as project on series.project_id = project.project_id
inner join marts.dim_document as document on series.document_id = document.document_id
where not project.is_restricted or coalesce(getvariable('show_restricted'), false)
order by series.amount_wan desc, document.county, document.department, project.name_standard
