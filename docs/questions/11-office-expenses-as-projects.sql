-- number: 11
-- short: 办公经费列项目
-- zh: 哪些日常办公经费列成了项目支出？
-- en: Which running costs of the office are booked as projects?
-- asks:
--   zh: 本年预算（T12）中名称属于日常办公、聘用人员、培训一类的项目。
--   en: Projects of the year (T12) whose names speak of office running, contract staff or training.
-- answer:
--   zh: 每份部门汇总文本每个项目一行，列出名称中的依据和占本年项目支出的比重。
--   en: One row a project of a consolidated budget, with the words of the name that told it.
-- caveats:
--   zh: 只凭名称归类，标「推算」；列成项目不一定不合规定。归类用的名称特征见 marts.dim_topic。
--   en: Told by the name alone (推算); such booking may well be in order. The patterns are in marts.dim_topic.
with topic as (
    select
        project_topic.project_id,
        string_agg(dim_topic.topic, '、' order by dim_topic.topic_code) as topic,
        string_agg(project_topic.matched_text, '、' order by dim_topic.topic_code) as matched_text
    from marts.dim_project_topic as project_topic
    inner join marts.dim_topic as dim_topic on project_topic.topic_code = dim_topic.topic_code
    where project_topic.topic_group = 'operating'
    group by project_topic.project_id
),
project as (
    select
        document_id,
        project_id,
        max(project_name) as project_name,
        max(unit_name) as unit_name,
        cast(sum(amount_wan) as decimal(20, 6)) as amount_wan,
        min(page) as page
    from marts.fct_project
    where not is_carry_over and row_kind = 'project' and phase = 'budget' and is_additive
    group by document_id, project_id
),
weighed as (
    select *, sum(amount_wan) over (partition by document_id) as all_wan
    from project
)
select
    document.county,
    document.department,
    document.fiscal_year,
    weighed.unit_name,
    weighed.project_name,
    topic.topic,
    topic.matched_text,
    weighed.amount_wan,
    cast(100 * weighed.amount_wan / nullif(weighed.all_wan, 0) as decimal(12, 2)) as project_share_pct,
    '推算' as label,
    '按项目名称归类' as note,
    document.document_id,
    document.source_url,
    weighed.page
from weighed
inner join topic on weighed.project_id = topic.project_id
inner join marts.dim_project as dim_project on weighed.project_id = dim_project.project_id
inner join marts.dim_document as document on weighed.document_id = document.document_id
where
    weighed.amount_wan > 0
    and (not dim_project.is_restricted or coalesce(getvariable('show_restricted'), false))
order by weighed.amount_wan desc, document.county, document.department, document.fiscal_year, weighed.project_name
