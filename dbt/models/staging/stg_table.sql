with source as (

    select * from {{ source('raw', 'raw_table') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        form,
        title,
        label as form_label,
        owner as owner_printed,
        unit_printed,
        factor,
        step,
        template,
        columns as column_paths,
        row_count,
        amount_count as declared_amount_count,
        amount_sum as declared_amount_sum,
        is_empty,
        note,
        pages
    from source

)

select * from renamed
