with source as (

    select * from {{ source('raw', 'raw_fetch') }}

),

renamed as (

    select
        fetch_id,
        fetched_at,
        run_id,
        site,
        county_code,
        county,
        role,
        url,
        final_url,
        listing_url,
        article_url,
        article_title,
        link_text,
        column_holds,
        column_scope,
        status as http_status,
        outcome,
        reason,
        sha256 as file_sha256,
        media_type,
        size as byte_count,
        file_name,
        published_on,
        duration_ms,
        parent_sha256,
        member_path
    from source

)

select * from renamed
