{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with attribute as (

    select * from {{ ref('int_attribute') }}
    where
        {{ is_touched('', ref('int_document_change')) }}
        and kind = 'staff'

)

select
    {{ document_columns('attribute') }},
    attribute.measure,
    attribute.term_zh,
    attribute.part_of,
    attribute.unit,
    attribute.value_text,
    attribute.value,
    attribute.printed_text,
    attribute.page,
    attribute.source
from attribute
