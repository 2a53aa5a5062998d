{{ config(materialized='view') }}

with fetch_row as (

    select * from {{ ref('stg_fetch') }}

),

parse_outcome as (

    select * from {{ ref('stg_parse_outcome') }}

),

fetched as (

    select
        'f' || fetch_id as outcome_id,
        'fetch' as step,
        fetched_at as happened_at,
        run_id,
        county_code,
        role,
        url as subject,
        file_sha256,
        outcome,
        outcome in {{ quoted_list(var('seen_outcomes')) }}
        or outcome in ('listing_ok', 'article_ok', 'no_attachment') as is_success,
        reason as what,
        coalesce(article_url, listing_url, url) as place,
        cast(null as varchar) as remedy,
        cast(duration_ms / 1000.0 as double) as seconds
    from fetch_row

),

parsed as (

    select
        'p' || {{ short_hash('reading_id', 32) }} as outcome_id,
        'parse' as step,
        parsed_at as happened_at,
        batch_id as run_id,
        cast(null as varchar) as county_code,
        'parser ' || parser_version as role,
        file_sha256 as subject,
        file_sha256,
        outcome,
        outcome = 'parsed' as is_success,
        problem_what as what,
        problem_where as place,
        problem_remedy as remedy,
        seconds
    from parse_outcome

),

final as (

    select * from fetched
    union all
    select * from parsed

)

select * from final
