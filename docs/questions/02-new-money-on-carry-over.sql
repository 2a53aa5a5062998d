-- number: 2
-- short: 结转又新增
-- zh: 哪些项目上年的钱没用完（有结转），今年又新增安排？
-- en: Which projects get new money on top of unspent carry-over?
-- asks:
--   zh: 上年结转（T13）的每个项目，本年预算（T12）是否又有同名项目。
--   en: Of every project carried over (T13), whether this year's budget (T12) has it again.
-- answer:
--   zh: 每份文本每个结转项目一行；「结转未用完又新增」为「是」的就是答案。
--   en: One row a carried-over project of a document; 是 is the answer.
-- caveats:
--   zh: 以主体、单位和去掉年度的项目名称一致为同一项目，名称改动的不作猜测。收支总表有结转而未按项目列示的，标「未公开」。
--   en: One project where body, unit and name without the year agree; changed names are not guessed. Carry-over that no form divides by project is 未公开.
with project as (
    select
        document_id,
        project_id,
        max(project_name) filter (where is_carry_over) as project_name,
        max(unit_name) filter (where is_carry_over) as unit_name,
        cast(sum(amount_wan) filter (where is_carry_over) as decimal(20, 6)) as carry_over_wan,
        cast(sum(amount_wan) filter (where not is_carry_over) as decimal(20, 6)) as new_wan,
        min(page) filter (where is_carry_over) as page
    from marts.fct_project
    where row_kind = 'project'
    group by document_id, project_id
    having sum(amount_wan) filter (where is_carry_over) > 0
),
undivided as (
    select
        summary.document_id,
        summary.carry_over_wan,
        summary.page
    from marts.fct_budget_summary as summary
    where
        summary.carry_over_wan > 0
        and summary.document_id not in (select project.document_id from project)
),
answered as (
    select
        document_id,
        project_name,
        unit_name,
        carry_over_wan,
        new_wan,
        cast(100 * new_wan / carry_over_wan as decimal(12, 2)) as new_share_pct,
        coalesce(new_wan > 0, false) as has_new_money,
        '' as label,
        case when new_wan is null then '本年预算未见同名项目' else '' end as note,
        page
    from project

    union all

    select
        document_id,
        null as project_name,
        null as unit_name,
        carry_over_wan,
        null as new_wan,
        null as new_share_pct,
        null as has_new_money,
        '未公开' as label,
        '收支总表有上年结转，未见按项目列示' as note,
        page
    from undivided
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    answered.unit_name,
    answered.project_name,
    answered.carry_over_wan,
    answered.new_wan,
    answered.new_share_pct,
    answered.has_new_money,
    answered.label,
    answered.note,
    document.document_id,
    document.source_url,
    answered.page
from answered
inner join marts.dim_document as document on answered.document_id = document.document_id
where document.is_current and document.phase = 'budget'
order by answered.carry_over_wan desc, document.county, document.department, document.scope, answered.project_name
