with source as (

    select * from {{ source('raw', 'raw_row') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        form,
        row_index,
        row_kind,
        row_label,
        regexp_replace(row_code, '\s', '', 'g') as row_code,
        income_kind,
        income_label,
        parent_index,
        unit_name
    from source

)

select * from renamed
