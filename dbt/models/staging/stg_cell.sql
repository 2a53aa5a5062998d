with source as (

    select * from {{ source('raw', 'raw_cell') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        form,
        row_index,
        column_index,
        column_path,
        text as amount_text,
        amount as amount_printed,
        page,
        x0,
        top,
        x1,
        bottom,
        source,
        confidence,
        sheet,
        reference
    from source

)

select * from renamed
