-- number: 6
-- short: 三公人均车均
-- zh: “三公”经费人均多少，公务用车运行维护费车均多少？
-- en: Three public expenses per head, and the running of vehicles per vehicle?
-- asks:
--   zh: T10“三公”经费除以在编在岗人员；公务用车运行维护费除以实有车辆。
--   en: T10 ÷ staff in post; running of vehicles ÷ vehicles.
-- answer:
--   zh: 每份现行预算文本一行，两个比率各有标注。
--   en: One row a current budget; each ratio has a label of its own.
-- caveats:
--   zh: 人员、车辆是文字部分所述的数；人员未写的标「未公开」，不以编制数代替。不足5人的不单独列示。实有车辆为0而有运行维护费的标「不可比」。公开表空白不等于0。
--   en: Staff and vehicles are as the text states them; posts never stand in for staff. Groups under five are not shown. A blank form is not zero.
with expense as (
    select
        document_id,
        cast(sum(amount_wan) as decimal(20, 6)) as three_public_wan,
        cast(sum(amount_wan) filter (where expense_item = 'vehicle_running') as decimal(20, 6))
            as vehicle_running_wan,
        min(page) as page
    from marts.fct_three_public
    group by document_id
),
staff as (
    select document_id, max(value) as in_post
    from marts.fct_staff
    where measure = 'in_post'
    group by document_id
    having count(distinct value) = 1
),
vehicle as (
    select document_id, max(value) as vehicles
    from marts.fct_asset
    where measure = 'vehicles_actual'
    group by document_id
    having count(distinct value) = 1
)
select
    document.county,
    document.department,
    document.fiscal_year,
    document.scope,
    expense.three_public_wan,
    cast(case when staff.in_post >= 5 then staff.in_post end as integer) as in_post,
    case
        when staff.in_post >= 5
            then cast(expense.three_public_wan / staff.in_post as decimal(20, 4))
    end as per_head_wan,
    case
        when staff.in_post < 5 then '不可比'
        when expense.three_public_wan is null or staff.in_post is null then '未公开'
        else ''
    end as per_head_label,
    expense.vehicle_running_wan,
    cast(vehicle.vehicles as integer) as vehicles,
    cast(expense.vehicle_running_wan / nullif(vehicle.vehicles, 0) as decimal(20, 4)) as per_vehicle_wan,
    case
        when expense.vehicle_running_wan is null or vehicle.vehicles is null then '未公开'
        when vehicle.vehicles = 0 then '不可比'
        else ''
    end as per_vehicle_label,
    concat_ws(
        '；',
        case when expense.three_public_wan is null then '“三公”经费公开表空白或未见' end,
        case when staff.in_post is null then '文本未写在编在岗人数' end,
        case when staff.in_post < 5 then '不足5人，不单独列示' end,
        case when vehicle.vehicles = 0 then '实有车辆为0' end,
        case when vehicle.vehicles is null then '文本未写实有车辆' end
    ) as note,
    document.document_id,
    document.source_url,
    expense.page
from marts.dim_document as document
left join expense on document.document_id = expense.document_id
left join staff on document.document_id = staff.document_id
left join vehicle on document.document_id = vehicle.document_id
where document.is_current and document.phase = 'budget'
order by document.county, document.department, document.fiscal_year, document.scope
