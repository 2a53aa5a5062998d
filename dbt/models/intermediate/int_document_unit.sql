{#- Budget units (预算单位) that each document lists. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with form_row as (

    select * from {{ ref('int_row') }}
    where {{ is_touched('', ref('int_reading_change')) }}

)

select distinct
    document_id,
    row_label as unit_name,
    {{ standard_name('row_label') }} as name_standard
from form_row
where
    form in ('T11', 'T12', 'T13')
    and row_kind = 'unit'
    and coalesce(row_label, '') != ''
