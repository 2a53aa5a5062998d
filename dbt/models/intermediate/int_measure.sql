{#- The totals that are compared over years (主要指标), as printed in the forms of current
    documents. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with summary as (

    select * from {{ ref('fct_budget_summary') }}
    where {{ is_touched('', ref('int_document_change')) }}

),

fact as (

    select * from {{ ref('int_fact') }}
    where {{ is_touched('', ref('int_document_change')) }}

),

document as (

    select * from {{ ref('int_document') }}
    where {{ is_touched('', ref('int_document_change')) }}

),

form_step as (

    select
        document.document_id,
        printed.form,
        max({{ to_wan('printed.step', 'printed.factor') }}) as step_wan
    from {{ ref('stg_table') }} as printed
    inner join document
        on
            printed.document_id = document.document_id
            and printed.batch_id = document.batch_id
            and printed.reading_id = document.reading_id
    group by document.document_id, printed.form

),

from_summary as (

    unpivot (
        select
            document_id,
            page,
            source,
            income_total_wan as income_total,
            current_year_income_wan as current_year_income,
            carry_over_wan as carry_over,
            expenditure_total_wan as expenditure_total
        from summary
    )
    on income_total, current_year_income, carry_over, expenditure_total
    into name measure value amount_wan

),

from_form as (

    select
        document_id,
        form,
        case
            when form = 'T03' and column_role = 'basic' then 'basic_expenditure'
            when form = 'T03' and column_role = 'project' then 'project_expenditure'
            when form = 'T05' and column_role = 'total' then 'general_public_expenditure'
            when form = 'T05' and column_role = 'basic' then 'general_public_basic_expenditure'
            when form = 'T05' and column_role = 'project'
                then 'general_public_project_expenditure'
            when form = 'T06' and column_role = 'personnel' then 'personnel_expense'
            when form = 'T06' and column_role = 'non_personnel' then 'non_personnel_expense'
            when form = 'T10' and column_role = 'total' then 'three_public_total'
        end as measure,
        amount_wan,
        page,
        source
    from fact
    where
        form in ('T03', 'T05', 'T06', 'T10')
        and row_kind = 'total'
        and amount_wan is not null

),

agency as (

    select
        document_id,
        'agency_operating_expense' as measure,
        coalesce(
            max(case when row_kind in ('organisation', 'total') then amount_wan end),
            sum(case when row_kind = 'unit' then amount_wan end)
        ) as amount_wan,
        min(page) as page,
        {{ least_certain('source') }} as source
    from fact
    where
        form = 'T11'
        and column_role = 'total'
        and amount_wan is not null
    group by document_id

),

combined as (

    select
        document_id,
        'T01' as form,
        measure,
        amount_wan,
        page,
        source
    from from_summary

    union all

    select
        document_id,
        form,
        measure,
        amount_wan,
        page,
        source
    from from_form
    where measure is not null

    union all

    select
        document_id,
        'T11' as form,
        measure,
        cast(amount_wan as decimal(20, 6)) as amount_wan,
        page,
        source
    from agency

)

select
    combined.document_id,
    combined.measure,
    combined.amount_wan,
    form_step.step_wan,
    combined.page,
    combined.source
from combined
left join form_step
    on
        combined.document_id = form_step.document_id
        and combined.form = form_step.form
