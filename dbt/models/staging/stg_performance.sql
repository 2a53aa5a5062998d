with source as (

    select * from {{ source('raw', 'raw_performance') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        position,
        kind,
        payload::json as payload
    from source

)

select * from renamed
