-- number: 7
-- short: 机关运行经费人均
-- zh: 机关运行经费人均多少？
-- en: Agency operating expenses per head of staff?
-- asks:
--   zh: T11机关运行经费除以在编在岗人员。
--   en: T11 ÷ staff in post.
-- answer:
--   zh: 每份现行预算文本一行。
--   en: One row a current budget.
-- caveats:
--   zh: 机关运行经费只有行政单位和参公单位有，人员为文本所述全部在编在岗人员，两者范围可能不同。人员未写的标「未公开」，不以编制数代替；不足5人的不单独列示。
--   en: Only administrative bodies have these expenses, while the staff are all that the text states. Posts never stand in for staff; groups under five are not shown.
with expense as (
    select
        document_id,
        cast(sum(amount_wan) as decimal(20, 6)) as agency_wan,
        min(page) as page
    from marts.fct_agency_operating_expense
    group by document_id
),
staff as (
    select document_id, max(value) as in_post
    from marts.fct_staff
    where measure = 'in_post'
    group by document_id
    having count(distinct value) = 1
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    expense.agency_wan,
    cast(case when staff.in_post >= 5 then staff.in_post end as integer) as in_post,
    case
        when staff.in_post >= 5 then cast(expense.agency_wan / staff.in_post as decimal(20, 4))
    end as agency_per_head_wan,
    case
        when staff.in_post < 5 then '不可比'
        when expense.agency_wan is null or staff.in_post is null then '未公开'
        else ''
    end as label,
    concat_ws(
        '；',
        case when expense.agency_wan is null then '机关运行经费公开表空白或未见' end,
        case when staff.in_post is null then '文本未写在编在岗人数' end,
        case when staff.in_post < 5 then '不足5人，不单独列示' end
    ) as note,
    document.document_id,
    document.source_url,
    expense.page
from marts.dim_document as document
left join expense on document.document_id = expense.document_id
left join staff on document.document_id = staff.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
