{#- Every form landed with as many rows and cells as it says it has. -#}
with form_table as (

    select * from {{ ref('stg_table') }}
    where document_id in {{ unchecked(ref('int_reading_change')) }}

),

form_row as (

    select
        reading_id,
        document_id,
        form,
        count(*) as row_count
    from {{ ref('stg_row') }}
    where document_id in {{ unchecked(ref('int_reading_change')) }}
    group by reading_id, document_id, form

),

cell as (

    select
        reading_id,
        document_id,
        form,
        count(distinct row_index) as row_count
    from {{ ref('stg_cell') }}
    where document_id in {{ unchecked(ref('int_reading_change')) }}
    group by reading_id, document_id, form

)

select
    form_table.reading_id,
    form_table.document_id,
    form_table.form,
    form_table.row_count as declared_rows,
    form_row.row_count as landed_rows,
    cell.row_count as rows_with_cells
from form_table
left join form_row
    on
        form_table.reading_id = form_row.reading_id
        and form_table.document_id = form_row.document_id
        and form_table.form = form_row.form
left join cell
    on
        form_table.reading_id = cell.reading_id
        and form_table.document_id = cell.document_id
        and form_table.form = cell.form
where
    form_table.row_count != coalesce(form_row.row_count, 0)
    or form_table.row_count != coalesce(cell.row_count, 0)
