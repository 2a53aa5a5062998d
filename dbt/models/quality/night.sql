with step as (

    select
        *,
        cast(started_at + interval 8 hours as date) as night_on
    from {{ ref('stg_step') }}

),

night as (

    select
        night_on,
        min(started_at) as began_at,
        max(started_at + to_milliseconds(cast(seconds * 1000 as bigint))) as ended_at,
        cast(sum(seconds) as double) as work_seconds,
        cast(coalesce(sum(seconds) filter (where step = 'crawl_host'), 0) as double) as crawl_seconds,
        cast(coalesce(sum(seconds) filter (where step = 'parse_batch'), 0) as double) as parse_seconds,
        cast(coalesce(sum(seconds) filter (where step = 'build'), 0) as double) as build_seconds,
        cast(coalesce(sum(seconds) filter (where step = 'publish'), 0) as double) as publish_seconds,
        count(*) filter (where not is_success) as failed_steps,
        cast(coalesce(sum(new_files), 0) as bigint) as new_files,
        cast(coalesce(sum(documents), 0) as bigint) as documents_read,
        cast(coalesce(sum(findings_new), 0) as bigint) as findings_new,
        coalesce(bool_or(step = 'publish' and is_success), false) as is_published,
        coalesce(bool_or(step = 'heartbeat' and is_success), false) as is_complete
    from step
    group by all

),

compared as (

    select
        *,
        cast(median(work_seconds) over fortnight as double) as usual_seconds,
        cast(median(documents_read) over fortnight as decimal(12, 1)) as usual_documents,
        cast(sum(new_files) over season as bigint) as new_files_30_nights
    from night
    window
        fortnight as (order by night_on rows between 14 preceding and 1 preceding),
        season as (order by night_on rows between 29 preceding and current row)

),

final as (

    select
        *,
        coalesce(work_seconds > 600 and work_seconds > 2 * usual_seconds, false) as is_slow
    from compared

)

select * from final
