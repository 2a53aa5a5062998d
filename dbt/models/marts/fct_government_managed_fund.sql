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
        and form in ('T07', 'T08')
        and is_leaf
        and amount_printed is not null
        and (form = 'T07' or column_role in ('basic', 'project'))

)

select
    {{ document_columns('fact') }},
    case fact.form when 'T07' then 'income' else 'expenditure' end as flow,
    fact.row_code as item_code,
    fact.row_label as item_name,
    case fact.form when 'T08' then fact.column_role end as expenditure_type,
    fact.amount_wan,
    fact.amount_yuan,
    fact.amount_text,
    fact.unit_printed,
    fact.form,
    fact.row_index,
    fact.page,
    fact.source
from fact
