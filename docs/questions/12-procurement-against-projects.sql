-- number: 12
-- short: 采购与项目
-- zh: 政府采购预算与设备、信息化、租赁类项目相比如何？
-- en: Procurement against equipment, IT and lease projects?
-- asks:
--   zh: 文本所述政府采购预算，与本年预算（T12）中设备购置、信息化、租赁类项目的合计和其中最大的一个比较。
--   en: The procurement budget of the text beside the equipment, IT and lease projects of T12, and the largest of them.
-- answer:
--   zh: 每份现行预算文本一行，差额＝政府采购预算－这几类项目合计。
--   en: One row a current budget; difference = procurement − those projects.
-- caveats:
--   zh: 项目按名称归类，标「推算」；项目中不需政府采购的部分、采购中的日常货物都会造成差额，差额本身不说明任何事项。未写政府采购预算的标「未公开」。
--   en: Projects are told by their names (推算). A difference by itself says nothing, for not every part of a project is procured, and goods of every day are.
with tagged as (
    select distinct project_topic.project_id
    from marts.dim_project_topic as project_topic
    inner join marts.dim_project as project on project_topic.project_id = project.project_id
    where
        project_topic.topic_group = 'procurement'
        and (not project.is_restricted or coalesce(getvariable('show_restricted'), false))
),
project as (
    select
        fact.document_id,
        fact.project_id,
        max(fact.project_name) as project_name,
        sum(fact.amount_wan) as amount_wan,
        min(fact.page) as page
    from marts.fct_project as fact
    inner join tagged on fact.project_id = tagged.project_id
    where not fact.is_carry_over and fact.row_kind = 'project'
    group by fact.document_id, fact.project_id
),
equipment as (
    select
        document_id,
        cast(sum(amount_wan) as decimal(20, 6)) as procurement_projects_wan,
        arg_max(project_name, (amount_wan, project_name)) as largest_project,
        cast(max(amount_wan) as decimal(20, 6)) as largest_wan,
        arg_max(page, (amount_wan, project_name)) as page
    from project
    group by document_id
),
listed as (
    select distinct document_id
    from marts.fct_project
    where not is_carry_over
),
procurement as (
    select
        document_id,
        cast(sum(amount_wan) as decimal(20, 6)) as procurement_wan,
        min(page) as page
    from marts.fct_procurement
    group by document_id
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    procurement.procurement_wan,
    case when listed.document_id is not null then coalesce(equipment.procurement_projects_wan, 0) end
        as procurement_projects_wan,
    equipment.largest_project,
    equipment.largest_wan,
    case
        when listed.document_id is not null
            then cast(procurement.procurement_wan - coalesce(equipment.procurement_projects_wan, 0) as decimal(20, 6))
    end as difference_wan,
    case
        when procurement.procurement_wan is null or listed.document_id is null then '未公开'
        else '推算'
    end as label,
    case
        when procurement.procurement_wan is null then '文本未写政府采购预算'
        when listed.document_id is null then '项目支出预算表空白或未见'
        when equipment.largest_wan > procurement.procurement_wan then '最大的一个项目大于政府采购预算总额'
        else ''
    end as note,
    document.document_id,
    document.source_url,
    coalesce(procurement.page, equipment.page) as page
from marts.dim_document as document
left join procurement on document.document_id = procurement.document_id
left join equipment on document.document_id = equipment.document_id
left join listed on document.document_id = listed.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
