-- number: 19
-- short: 重新上传的改动
-- zh: 重新上传的文本改了什么？
-- en: What did a re-upload change?
-- asks:
--   zh: 同一主体、年度、阶段、口径的前后两版逐格比较。
--   en: Two versions of one body, year, phase and scope, compared cell by cell.
-- answer:
--   zh: 每个改动的数字一行；内容相同、或只改文字的重新公开也列一行，注明没有改动金额。
--   en: One row a changed figure; a republication that changed nothing, or no amount, has one row that says so.
-- caveats:
--   zh: 一个项目的改动会带动合计、分类等多处数字，行数不是改动的事项数。差额中空白按0计。
--   en: One amended project moves many totals, so rows are not events. A blank counts as zero in the difference.
select
    document.county,
    document.department,
    document.fiscal_year,
    document.phase,
    document.scope,
    document.version_kind,
    document.published_on,
    restatement.form,
    restatement.row_label,
    restatement.column_path,
    restatement.previous_text,
    restatement.amount_text,
    restatement.previous_wan,
    restatement.amount_wan,
    restatement.difference_wan,
    restatement.previous_page,
    previous.source_url as previous_source_url,
    '' as label,
    case
        when restatement.document_id is not null then ''
        when document.version_kind = 're_publication' then '内容相同，未改动任何数字'
        else '金额未变，改动在文字、绩效目标或0的写法'
    end as note,
    document.document_id,
    document.source_url,
    restatement.page
from marts.dim_document as document
left join quality.restatement as restatement on document.document_id = restatement.document_id
left join marts.dim_document as previous on document.previous_document_id = previous.document_id
where document.version_kind in ('re_publication', 'corrected_republication')
order by
    document.county, document.department, document.fiscal_year, document.document_id,
    restatement.form, restatement.page, restatement.row_label, restatement.column_path
