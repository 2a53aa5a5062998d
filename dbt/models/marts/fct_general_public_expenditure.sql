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
        and form = 'T05'
        and amount_printed is not null

)

select
    document_id,
    organisation_id,
    county_code,
    fiscal_year,
    phase,
    scope,
    is_additive,
    row_code as function_code,
    row_code[1:3] as class_code,
    row_label as function_name,
    column_role as expenditure_type,
    amount_wan,
    amount_yuan,
    amount_text,
    unit_printed,
    row_index,
    page,
    source
from fact
where
    is_leaf
    and column_role in ('basic', 'project')
