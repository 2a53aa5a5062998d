{#- T10 prints vehicles and, below, their purchase and running: the two parts count, and the sum
    only where a document does not divide it. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with fact as (

    select * from {{ ref('int_fact') }}
    where
        {{ is_touched('', ref('int_document_change')) }}
        and form = 'T10'
        and amount_printed is not null
        and funding_source_code is not null

),

row_role as (

    select * from {{ ref('int_row_role') }}
    where form = 'T10'

),

line as (

    select
        fact.*,
        row_role.row_role
    from fact
    inner join row_role
        on
            fact.document_id = row_role.document_id
            and fact.row_index = row_role.row_index
    where row_role.side = 'expenditure'

),

divided as (

    select distinct
        document_id,
        funding_source_code
    from line
    where row_role in ('vehicle_purchase', 'vehicle_running')

)

select
    {{ document_columns('line') }},
    line.row_role as expense_item,
    line.funding_source_code,
    line.amount_wan,
    line.amount_yuan,
    line.amount_text,
    line.unit_printed,
    line.row_index,
    line.page,
    line.source
from line
left join divided
    on
        line.row_role = 'vehicles'
        and line.document_id = divided.document_id
        and line.funding_source_code = divided.funding_source_code
where
    line.row_role in (
        'overseas', 'hospitality', 'vehicle_purchase', 'vehicle_running', 'vehicles'
    )
    and divided.document_id is null
