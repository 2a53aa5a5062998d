{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with target as (

    select * from {{ ref('int_target') }}
    where {{ is_touched('', ref('int_document_change')) }}

)

select
    {{ document_columns('target') }},
    target.target_id,
    target.position,
    target.kind,
    target.title,
    target.project_name,
    target.project_id,
    target.link_method,
    nullif(budget_code, '') as budget_code,
    target.unit_name,
    target.project_attribute,
    target.project_period,
    target.unit_printed,
    target.source,
    {{ to_wan('year_printed', 'factor') }} as year_amount_wan,
    {{ to_yuan('year_printed', 'factor') }} as year_amount_yuan,
    target.year_text as year_amount_text,
    {{ to_wan('term_printed', 'factor') }} as term_amount_wan,
    {{ to_yuan('term_printed', 'factor') }} as term_amount_yuan,
    target.term_text as term_amount_text
from target
