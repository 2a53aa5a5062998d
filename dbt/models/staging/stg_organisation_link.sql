with source as (

    select * from {{ source('raw', 'raw_organisation_link') }}

),

renamed as (

    select
        county_code,
        name as name_printed,
        {{ standard_name('name') }} as name_standard,
        same_as,
        predecessor,
        change_kind,
        since
    from source

)

select * from renamed
