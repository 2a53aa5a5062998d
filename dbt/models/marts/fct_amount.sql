{{ config(materialized='view', meta={'changes': 'int_document_change'}) }}
-- depends_on: {{ ref('int_document_change') }}

with amount as (

    select * from {{ ref('int_amount') }}

),

document as (

    select * from {{ ref('int_document') }}

),

class_name as (

    select
        {{ tidy_label('class_name') }} as class_name,
        min(function_code) as function_code
    from {{ ref('seed_class_name') }}
    group by 1

),

final as (

    select
        amount.document_id,
        document.organisation_id,
        document.county_code,
        document.fiscal_year,
        document.phase,
        document.scope,
        document.is_additive,
        amount.form,
        amount.row_index,
        amount.column_index,
        coalesce(amount.row_label, '') as row_label,
        amount.row_kind,
        coalesce(amount.is_leaf, false) as is_leaf,
        case
            when amount.form in ('T02', 'T03', 'T05', 'T08') then amount.row_code
            when amount.form = 'T09' and amount.side = 'expenditure' then amount.row_code
            when amount.form in ('T01', 'T04') and amount.side = 'expenditure'
                then class_name.function_code
        end as function_code,
        case
            when amount.form = 'T07' or (amount.form = 'T09' and amount.side = 'income')
                then amount.row_code
        end as income_code,
        case when amount.form = 'T06' then amount.row_label end as economic_item,
        case
            when amount.form in ('T12', 'T13') and amount.row_kind = 'project'
                then {{ project_id('document.organisation_id', 'amount.unit_name', 'amount.row_label') }}
        end as project_id,
        case
            when amount.form in ('T11', 'T12', 'T13')
                then {{ organisation_id('document.county_code', 'document.county', "coalesce(amount.unit_name, case when amount.row_kind = 'unit' then amount.row_label end)") }}
        end as unit_id,
        amount.column_path,
        amount.column_role,
        nullif(amount.side, '') as side,
        amount.funding_source_code,
        amount.amount_wan,
        amount.amount_yuan,
        amount.amount_printed,
        amount.amount_text,
        amount.unit_printed,
        amount.page,
        amount.x0,
        amount.top,
        amount.x1,
        amount.bottom,
        amount.source,
        amount.confidence,
        document.is_current,
        document.status
    from amount
    inner join document
        on
            amount.document_id = document.document_id
            and amount.reading_id = document.reading_id
    left join class_name
        on {{ tidy_label('amount.row_label') }} = class_name.class_name

)

select * from final
