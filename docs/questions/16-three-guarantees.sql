-- number: 16
-- short: 三保推算口径
-- zh: “三保”（保基本民生、保工资、保运转）各占多少？
-- en: The three guarantees (basic livelihood, wages, running)?
-- asks:
--   zh: 按 marts.dim_guarantee 的对应关系，从T06（人员经费、公用经费）和T05（民生类科目的项目支出）归集。
--   en: Gathered from T06 and T05 by the mapping of marts.dim_guarantee.
-- answer:
--   zh: 每份部门汇总文本每类一行，占当年一般公共预算支出的比重。
--   en: One row a guarantee of a consolidated budget, with its share in the general public budget expenditure.
-- caveats:
--   zh: 「推算口径」：对应关系由本项目拟定，不是财政部门的“三保”清单；只含部门预算内的当年一般公共预算，不含政府性基金、上年结转和未列入部门预算的补助。不能与官方“三保”数比较。
--   en: 推算口径 - the mapping is this project's, not the ministry's list, and covers only what stands in departments' budgets. Not comparable with official figures.
with kind as (
    select guarantee_code, guarantee, form, expenditure_type, code_prefix, position
    from marts.dim_guarantee
),
class as (
    select
        guarantee_code,
        any_value(guarantee) as guarantee,
        any_value(form) as form,
        any_value(expenditure_type) as expenditure_type,
        min(position) as position
    from kind
    group by guarantee_code
),
part as (
    select
        basic.document_id,
        kind.guarantee_code,
        sum(basic.amount_wan) as amount_wan,
        min(basic.page) as page
    from marts.fct_basic_expenditure as basic
    inner join kind on kind.form = 'T06' and basic.expense_type = kind.expenditure_type
    group by basic.document_id, kind.guarantee_code

    union all

    select
        general.document_id,
        kind.guarantee_code,
        sum(general.amount_wan) as amount_wan,
        min(general.page) as page
    from marts.fct_general_public_expenditure as general
    inner join kind
        on
            kind.form = 'T05'
            and general.expenditure_type = kind.expenditure_type
            and starts_with(general.function_code, kind.code_prefix)
    group by general.document_id, kind.guarantee_code
),
total as (
    select
        document_id,
        max(amount_wan) filter (where measure = 'general_public_expenditure') as general_public_wan,
        max(page) filter (where measure = 'general_public_expenditure') as page,
        bool_or(measure = 'personnel_expense') as has_personnel,
        bool_or(measure = 'non_personnel_expense') as has_non_personnel
    from marts.fct_year_comparison
    where measure in ('general_public_expenditure', 'personnel_expense', 'non_personnel_expense')
    group by document_id
),
answered as (
    select
        document.county,
        document.department,
        document.fiscal_year,
        class.guarantee,
        class.position,
        case
            when
                (class.form = 'T05' and total.general_public_wan is not null)
                or (class.expenditure_type = 'personnel' and total.has_personnel)
                or (class.expenditure_type = 'non_personnel' and total.has_non_personnel)
                then cast(coalesce(part.amount_wan, 0) as decimal(20, 6))
        end as amount_wan,
        total.general_public_wan,
        document.document_id,
        document.source_url,
        coalesce(part.page, total.page) as page
    from marts.dim_document as document
    cross join class
    left join total on document.document_id = total.document_id
    left join part
        on document.document_id = part.document_id and class.guarantee_code = part.guarantee_code
    where document.is_additive and document.phase = 'budget'
)
select
    county,
    department,
    fiscal_year,
    guarantee,
    amount_wan,
    general_public_wan,
    cast(100 * amount_wan / nullif(general_public_wan, 0) as decimal(12, 2)) as guarantee_share_pct,
    case when amount_wan is null then '未公开' else '推算' end as label,
    case
        when amount_wan is null then '所需的公开表空白或未见'
        else '推算口径，不是官方“三保”清单'
    end as note,
    document_id,
    source_url,
    page
from answered
order by county, department, fiscal_year, position
