-- number: 18
-- short: 尚未公开
-- zh: 谁还没有公开？
-- en: Who has not published?
-- asks:
--   zh: 见过公开文本的主体，按其县已有公开的年度和阶段，逐一看是否见到。
--   en: Every body ever seen, for every year and phase in which its county publishes.
-- answer:
--   zh: 没有现行文本的主体、年度、阶段各一行，列出见到的情况。
--   en: One row a body, year and phase without a current document, with what was seen instead.
-- caveats:
--   zh: 「未见到」不等于未公开：网站无此栏目、被拦截、文件打不开都分别列出。名录只来自见过的文本，不是官方部门名录。来源网址为该主体最近一份已公开文本。
--   en: Not seen does not mean not published. The roster is what was ever seen, no official list. The address is that of the body's latest document.
with latest as (
    select
        organisation_id,
        max(fiscal_year) as last_published_year,
        arg_max(document_id, (fiscal_year, document_id)) as document_id,
        arg_max(source_url, (fiscal_year, document_id)) as source_url
    from marts.dim_document
    where is_current
    group by organisation_id
)
select
    coverage.county,
    coverage.department,
    coverage.fiscal_year,
    coverage.phase,
    coverage.scope,
    coverage.status,
    latest.last_published_year,
    case when coverage.status in ('quarantined', 'seen_not_read') then '' else '未公开' end as label,
    case coverage.status
        when 'not_seen' then '未见到，不等于未公开'
        when 'no_column' then '网站未见这一栏目'
        when 'blocked' then '网站拦截，未能查看'
        when 'withdrawn' then '曾经公开，现已撤下'
        when 'quarantined' then '已见到文本，待人工复核'
        when 'seen_not_read' then '已见到文件，未能读取'
    end as note,
    latest.document_id,
    latest.source_url,
    cast(null as integer) as page
from quality.coverage as coverage
left join latest on coverage.organisation_id = latest.organisation_id
where coverage.status != 'seen'
order by coverage.county, coverage.fiscal_year desc, coverage.phase, coverage.department, coverage.scope
