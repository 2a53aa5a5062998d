with source as (

    select * from {{ source('raw', 'raw_finding_seen') }}

),

renamed as (

    select
        finding_id,
        first_seen_at,
        last_seen_at
    from source

)

select * from renamed
