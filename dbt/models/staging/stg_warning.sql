with source as (

    select * from {{ source('raw', 'raw_warning') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        position,
        code as warning_code,
        message,
        page,
        location
    from source

)

select * from renamed
