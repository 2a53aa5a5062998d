with source as (

    select * from {{ source('raw', 'raw_identity_term') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        identity,
        instance,
        term_index,
        side,
        sign,
        form,
        row_index,
        column_index,
        key as figure_key,
        value_yuan
    from source

)

select * from renamed
