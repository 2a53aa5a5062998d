with source as (

    select * from {{ source('raw', 'raw_attribute') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        kind,
        path as attribute_path,
        text as attribute_text
    from source

)

select * from renamed
