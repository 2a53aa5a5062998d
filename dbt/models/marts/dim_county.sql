with declared as (

    select * from {{ ref('seed_county') }}

),

fetch_row as (

    select * from {{ ref('stg_fetch') }}
    where county_code is not null

),

crawled as (

    select
        county_code,
        arg_max(county, fetched_at) filter (where county is not null) as county
    from fetch_row
    group by county_code

),

final as (

    select
        coalesce(declared.county_code, crawled.county_code) as county_code,
        coalesce(declared.county, crawled.county, '未登记') as county,
        declared.city,
        declared.province,
        -- codes from 1499 on belong to no county: they are kept for samples
        coalesce(declared.is_sample, false) as is_sample,
        crawled.county_code is not null as is_crawled,
        declared.valid_from,
        declared.valid_to,
        declared.successor_code,
        declared.source
    from declared
    full outer join crawled on declared.county_code = crawled.county_code

)

select * from final
