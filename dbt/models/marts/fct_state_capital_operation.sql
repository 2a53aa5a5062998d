{#- T09 prints income and expenditure in two halves of a row, each with a tree of codes of its own. -#}
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
        and form = 'T09'
        and row_code is not null
        and amount_printed is not null
        and (
            column_role = 'income'
            or (is_leaf and column_role in ('basic', 'project'))
        )

),

income_parent as (

    select distinct
        fact.document_id,
        fact.row_code[1:digits.prefix_length] as row_code
    from fact
    cross join (values (3), (5), (7)) as digits (prefix_length)
    where
        fact.column_role = 'income'
        and digits.prefix_length < length(fact.row_code)

)

select
    {{ document_columns('fact') }},
    fact.side as flow,
    fact.row_code as item_code,
    fact.row_label as item_name,
    case when fact.side = 'expenditure' then fact.column_role end as expenditure_type,
    fact.amount_wan,
    fact.amount_yuan,
    fact.amount_text,
    fact.unit_printed,
    fact.row_index,
    fact.page,
    fact.source
from fact
left join income_parent
    on
        fact.side = 'income'
        and fact.document_id = income_parent.document_id
        and fact.row_code = income_parent.row_code
where income_parent.row_code is null
