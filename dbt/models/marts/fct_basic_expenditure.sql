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
        and form = 'T06'
        and is_leaf
        and amount_printed is not null
        and column_role in ('personnel', 'non_personnel')

),

document as (

    select * from {{ ref('int_document') }}
    where
        is_current
        and {{ is_touched('', ref('int_document_change')) }}

),

government_item as (

    select
        cell.document_id,
        cell.reading_id,
        cell.row_index,
        nullif(regexp_replace(cell.amount_text, '[\s　]', '', 'g'), '') as government_item
    from {{ ref('stg_cell') }} as cell
    inner join document
        on
            cell.document_id = document.document_id
            and cell.batch_id = document.batch_id
            and cell.reading_id = document.reading_id
    inner join {{ ref('int_form_column') }} as form_column
        on
            cell.form = form_column.form
            and cell.column_path = form_column.column_path
    where
        cell.form = 'T06'
        and form_column.column_role = 'government_item'

)

select
    {{ document_columns('fact') }},
    fact.row_label as economic_item,
    government_item.government_item,
    fact.column_role as expense_type,
    fact.amount_wan,
    fact.amount_yuan,
    fact.amount_text,
    fact.unit_printed,
    fact.row_index,
    fact.page,
    fact.source
from fact
left join government_item
    on
        fact.document_id = government_item.document_id
        and fact.reading_id = government_item.reading_id
        and fact.row_index = government_item.row_index
