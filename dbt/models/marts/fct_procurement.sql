{#- Goods, works and services; the total only where a document does not divide it. -#}
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
        and kind = 'procurement'
        and value is not null

),

divided as (

    select distinct document_id
    from attribute
    where part_of is not null

)

select
    {{ document_columns('attribute') }},
    replace(attribute.measure, 'procurement_', '') as category,
    attribute.value as amount_wan,
    attribute.value_text as amount_text,
    attribute.printed_text,
    attribute.page,
    attribute.source
from attribute
left join divided on attribute.document_id = divided.document_id
where
    attribute.part_of is not null
    or divided.document_id is null
