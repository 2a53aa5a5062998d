{#- Goods, works and services where they are the whole: all three are stated, or what is stated comes
    to the total. Else the total: "of which goods 60" says nothing of the other 40. -#}
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

    select
        document_id,
        count(*) filter (where part_of is not null) >= 3
        or max(value) filter (where part_of is null) is null
        or abs(
            sum(value) filter (where part_of is not null) - max(value) filter (where part_of is null)
        ) <= 0.01 as is_whole
    from attribute
    group by document_id
    having count(*) filter (where part_of is not null) > 0

)

select
    {{ document_columns('attribute') }},
    replace(attribute.measure, 'procurement_', '') as category,
    attribute.value as amount_wan,
    {{ to_yuan('attribute.value', 10000) }} as amount_yuan,
    attribute.value_text as amount_text,
    attribute.printed_text,
    attribute.page,
    attribute.source
from attribute
left join divided on attribute.document_id = divided.document_id
where (attribute.part_of is not null) = coalesce(divided.is_whole, false)
