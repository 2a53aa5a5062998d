with source as (

    select * from {{ source('raw', 'raw_sentence') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        position,
        section,
        sub as subsection,
        sentence,
        amounts,
        page
    from source

)

select * from renamed
