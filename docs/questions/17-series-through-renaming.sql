-- number: 17
-- short: 连续序列
-- zh: 机构改名、合并之后，连续的年度序列是怎样的？
-- en: What is the consistent series of a body through renaming and mergers?
-- asks:
--   zh: 按经人工复核的机构关联和县名变更，把改名、合并前的文本接到现在的机构上。
--   en: Documents from before a renaming or merger are joined to the present body, by reviewed decisions and renamings of the county.
-- answer:
--   zh: 每个现有机构每年一行，「当年主体」列出该年实际公开的机构名称。
--   en: One row a present body and year, naming the bodies that published.
-- caveats:
--   zh: 只用经复核的关联，以及撤县设区等县名变更带来的改名，不按名称猜测。合并前各主体之和标「推算」，少一个主体即为「不可比」；分设之前的数包含其他职能，标「不可比」；中间未见文本的年度标「未公开」。
--   en: Only reviewed links, and renamings that came with the county's own. Before a merger the sum of all bodies is 推算, and 不可比 if one is missing; before a split the figures cover more (不可比); years not seen are 未公开.
with recursive link as (
    select organisation_id, predecessor_id, change_kind
    from marts.dim_organisation_link
),
member (series_id, organisation_id, change_kind, depth) as (
    select organisation_id, organisation_id, '', 0
    from marts.dim_organisation
    where organisation_id not in (select link.predecessor_id from link)

    union

    select
        member.series_id,
        link.predecessor_id,
        case
            when 'split' in (member.change_kind, link.change_kind) then 'split'
            when 'merged' in (member.change_kind, link.change_kind) then 'merged'
            else link.change_kind
        end,
        member.depth + 1
    from member
    inner join link on member.organisation_id = link.organisation_id
    where member.depth < 20
),
stated as (
    select
        document.document_id,
        document.organisation_id,
        document.department,
        document.fiscal_year,
        document.source_url,
        summary.expenditure_total_wan,
        summary.expenditure_from_current_year_wan as current_year_wan,
        summary.page
    from marts.dim_document as document
    inner join marts.fct_budget_summary as summary on document.document_id = summary.document_id
    where document.is_current and document.phase = 'budget' and document.scope in ('department', 'unit')
    qualify row_number() over (
        partition by document.organisation_id, document.fiscal_year order by document.scope asc
    ) = 1
),
level as (
    select
        series_id,
        depth,
        count(distinct organisation_id) as body_count,
        max(change_kind) as change_kind
    from member
    group by series_id, depth
),
published as (
    select
        member.series_id,
        stated.fiscal_year,
        count(*) as published_count,
        count(distinct member.depth) as depth_count,
        max(member.depth) as depth,
        max(member.change_kind) as change_kind,
        string_agg(stated.department, '、' order by stated.department) as bodies,
        sum(stated.expenditure_total_wan) as expenditure_total_wan,
        sum(stated.current_year_wan) as current_year_wan,
        bool_and(stated.expenditure_total_wan is not null) as is_whole,
        arg_max(stated.document_id, (stated.expenditure_total_wan, stated.document_id)) as document_id,
        arg_max(stated.source_url, (stated.expenditure_total_wan, stated.document_id)) as source_url,
        arg_max(stated.page, (stated.expenditure_total_wan, stated.document_id)) as page
    from member
    inner join stated on member.organisation_id = stated.organisation_id
    group by member.series_id, stated.fiscal_year
),
span as (
    select
        series_id,
        unnest(generate_series(min(fiscal_year), max(fiscal_year))) as fiscal_year
    from published
    group by series_id
),
judged as (
    select
        span.series_id,
        span.fiscal_year,
        published.bodies,
        published.change_kind,
        published.expenditure_total_wan,
        published.current_year_wan,
        published.document_id,
        published.source_url,
        published.page,
        case
            when published.document_id is null or not published.is_whole then '未公开'
            when published.depth_count > 1 or published.change_kind = 'split' then '不可比'
            when published.published_count < level.body_count then '不可比'
            when published.change_kind = 'merged' then '推算'
            else ''
        end as label,
        case
            when published.document_id is null then '该年文本未见'
            when not published.is_whole then '文本未列支出总计'
            when published.depth_count > 1 then '变动前后的主体同年都有文本，不能确定是否重复'
            when published.change_kind = 'split' then '分设之前，含其他职能'
            when published.published_count < level.body_count then '合并之前的主体未全部见到'
            when published.change_kind = 'merged' then '合并之前各主体之和'
            when published.change_kind = 'renamed' then '改名之前'
            else ''
        end as note
    from span
    left join published
        on span.series_id = published.series_id and span.fiscal_year = published.fiscal_year
    left join level on published.series_id = level.series_id and published.depth = level.depth
)
select
    organisation.county,
    organisation.name_printed as series,
    judged.fiscal_year,
    judged.bodies,
    case judged.change_kind when 'renamed' then '改名' when 'merged' then '合并' when 'split' then '分设' else '' end
        as change_kind,
    case when judged.label in ('', '推算') then cast(judged.expenditure_total_wan as decimal(20, 6)) end
        as expenditure_total_wan,
    case when judged.label in ('', '推算') then cast(judged.current_year_wan as decimal(20, 6)) end
        as current_year_wan,
    judged.label,
    judged.note,
    judged.document_id,
    judged.source_url,
    judged.page
from judged
inner join marts.dim_organisation as organisation on judged.series_id = organisation.organisation_id
order by organisation.county, organisation.name_printed, judged.fiscal_year
