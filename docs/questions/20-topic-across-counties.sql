-- number: 20
-- short: 专题比较
-- zh: 同一件事在各县叫不同的项目名，各安排了多少？
-- en: One topic across counties, under different project names?
-- asks:
--   zh: 按 marts.dim_topic 的名称特征把各县本年项目（T12）归到专题，列出项目和本县合计。
--   en: Projects of the year (T12) grouped by the topics of marts.dim_topic, with the county's total.
-- answer:
--   zh: 每个专题每个项目一行，「本县该专题合计」重复列出。
--   en: One row a project of a topic; the county's total of the topic stands in each.
-- caveats:
--   zh: 只凭名称归类，标「推算」：名称没有写明的不会归入，一个项目可能属于几个专题，专题之间不能相加。涉及信创、机要、保密的项目不列，除非 BUDGETS_EVIDENCE=internal（内部使用）。
--   en: By names alone (推算). A project may belong to several topics, so topics are never added up. Projects on secrecy and security are left out unless BUDGETS_EVIDENCE=internal.
with project as (
    select
        document_id,
        county_code,
        fiscal_year,
        project_id,
        max(project_name) as project_name,
        max(unit_name) as unit_name,
        cast(sum(amount_wan) as decimal(20, 6)) as amount_wan,
        min(page) as page
    from marts.fct_project
    where not is_carry_over and row_kind = 'project' and phase = 'budget' and is_additive
    group by document_id, county_code, fiscal_year, project_id
)
select
    topic.topic,
    document.fiscal_year,
    document.county,
    cast(
        sum(project.amount_wan) over (
            partition by topic.topic_code, document.county, document.fiscal_year
        ) as decimal(20, 6)
    ) as topic_county_wan,
    document.department,
    project.unit_name,
    project.project_name,
    project_topic.matched_text,
    project.amount_wan,
    '推算' as label,
    '按项目名称归类，仅已公开部门' as note,
    document.document_id,
    document.source_url,
    project.page
from project
inner join marts.dim_project_topic as project_topic on project.project_id = project_topic.project_id
inner join marts.dim_topic as topic on project_topic.topic_code = topic.topic_code
inner join marts.dim_project as dim_project on project.project_id = dim_project.project_id
inner join marts.dim_document as document on project.document_id = document.document_id
where
    coalesce(getvariable('show_restricted'), false)
    or (not topic.is_restricted and not dim_project.is_restricted)
order by topic.topic_code, document.fiscal_year, document.county, project.amount_wan desc, project.project_name
