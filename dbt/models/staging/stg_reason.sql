with source as (

    select * from {{ source('raw', 'raw_reason') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        position,
        topic,
        direction,
        amount as amount_printed,
        text as reason_text,
        page
    from source

)

select * from renamed
