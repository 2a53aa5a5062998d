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
        and form = 'T11'
        and is_leaf
        and amount_printed is not null
        and funding_source_code is not null

),

document as (

    select * from {{ ref('int_document') }}

)

select
    {{ document_columns('fact') }},
    {{ organisation_id('document.county_code', 'document.county', 'fact.row_label') }} as unit_id,
    fact.row_label as unit_name,
    fact.funding_source_code,
    fact.amount_wan,
    fact.amount_yuan,
    fact.amount_text,
    fact.unit_printed,
    fact.row_index,
    fact.page,
    fact.source
from fact
inner join document on fact.document_id = document.document_id
