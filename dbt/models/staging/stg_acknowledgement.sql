with source as (

    select * from {{ source('raw', 'raw_acknowledgement') }}

),

renamed as (

    select
        finding_id,
        content_id,
        status,
        reason,
        decided_on
    from source

)

select * from renamed
