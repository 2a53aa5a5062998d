{#- Every figure of the forms (表内金额), all documents: one row a cell of an amount column, blank
    ones included (blank, 0 and 0.00 are different facts), and any other cell with a number. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with reading as (

    select * from {{ ref('int_reading') }}

),

cell as (

    select * from {{ ref('stg_cell') }}

),

form_table as (

    select * from {{ ref('stg_table') }}

),

form_row as (

    select * from {{ ref('int_row') }}

),

form_column as (

    select * from {{ ref('int_form_column') }}

),

new_cell as (

    select cell.*
    from cell
    inner join reading
        on
            cell.document_id = reading.document_id
            and cell.batch_id = reading.batch_id
            and cell.reading_id = reading.reading_id
    where {{ is_touched('reading', ref('int_reading_change')) }}

),

income_code as (

    select
        new_cell.document_id,
        new_cell.form,
        new_cell.row_index,
        regexp_extract(new_cell.amount_text, '^\s*(\d{3,7})\s*$', 1) as row_code
    from new_cell
    inner join form_column
        on
            new_cell.form = form_column.form
            and new_cell.column_path = form_column.column_path
    where form_column.column_role = 'income_code'

),

amount as (

    select
        new_cell.document_id,
        new_cell.reading_id,
        new_cell.form,
        new_cell.row_index,
        new_cell.column_index,
        new_cell.column_path,
        form_column.column_role,
        form_column.side,
        form_column.funding_source_code,
        case when form_column.is_left_half then form_row.income_kind else form_row.row_kind end as row_kind,
        case when form_column.is_left_half then form_row.income_label else form_row.row_label end as row_label,
        case when form_column.is_left_half then nullif(income_code.row_code, '') else form_row.row_code end as row_code,
        form_row.is_leaf,
        form_row.unit_name,
        new_cell.amount_printed,
        new_cell.amount_text,
        form_table.unit_printed,
        form_table.factor,
        form_table.step,
        {{ to_wan('new_cell.amount_printed', 'form_table.factor') }} as amount_wan,
        {{ to_yuan('new_cell.amount_printed', 'form_table.factor') }} as amount_yuan,
        new_cell.page,
        new_cell.x0,
        new_cell.top,
        new_cell.x1,
        new_cell.bottom,
        new_cell.source,
        new_cell.confidence
    from new_cell
    left join form_column
        on
            new_cell.form = form_column.form
            and new_cell.column_path = form_column.column_path
    left join form_table
        on
            new_cell.document_id = form_table.document_id
            and new_cell.batch_id = form_table.batch_id
            and new_cell.reading_id = form_table.reading_id
            and new_cell.form = form_table.form
    left join form_row
        on
            new_cell.document_id = form_row.document_id
            and new_cell.form = form_row.form
            and new_cell.row_index = form_row.row_index
    left join income_code
        on
            new_cell.document_id = income_code.document_id
            and new_cell.form = income_code.form
            and new_cell.row_index = income_code.row_index
    where
        form_column.is_amount
        or new_cell.amount_printed is not null

)

select * from amount
