{#- Every appearance (公开情况) of a file at an address: when it was first and last seen there,
    what took its place, when it was gone. A later fetch that only says "unchanged" (304) speaks
    of the bytes seen there before. What lay inside a container (压缩包) appeared and went with it. -#}
with fetch_row as (

    select * from {{ ref('stg_fetch') }}
    where role in ('attachment', 'local')

),

held as (

    select
        *,
        outcome in {{ quoted_list(var('seen_outcomes')) }} as is_seen,
        outcome in {{ quoted_list(var('gone_outcomes')) }} as is_gone,
        coalesce(
            file_sha256,
            last_value(file_sha256 ignore nulls) over (
                partition by url
                order by fetched_at, fetch_id
                rows between unbounded preceding and current row
            )
        ) as held_sha256
    from fetch_row

),

seen as (

    select * from held
    where is_seen and held_sha256 is not null

),

appearance as (

    select
        held_sha256 as file_sha256,
        url,
        min(fetched_at) as first_seen_at,
        max(fetched_at) as last_seen_at,
        bool_or(role = 'local') as is_local,
        arg_max(county_code, fetched_at) filter (where county_code is not null) as county_code,
        arg_max(county, fetched_at) filter (where county is not null) as county,
        arg_max(site, fetched_at) filter (where site is not null) as site,
        arg_max(article_url, fetched_at) filter (where article_url is not null) as article_url,
        arg_max(article_title, fetched_at) filter (where article_title is not null)
            as article_title,
        arg_max(link_text, fetched_at) filter (where link_text is not null) as link_text,
        arg_max(file_name, fetched_at) filter (where file_name is not null) as file_name,
        arg_max(parent_sha256, fetched_at) filter (where parent_sha256 is not null)
            as parent_sha256,
        arg_max(member_path, fetched_at) filter (where member_path is not null) as member_path,
        min(published_on) as published_on
    from seen
    group by held_sha256, url

),

later as (

    select
        appearance.file_sha256,
        appearance.url,
        min(held.fetched_at) filter (where held.is_seen) as replaced_at,
        min(held.fetched_at) filter (where held.is_gone) as withdrawn_at
    from appearance
    inner join held
        on
            appearance.url = held.url
            and appearance.last_seen_at < held.fetched_at
    group by appearance.file_sha256, appearance.url

),

publication as (

    select
        appearance.*,
        later.replaced_at,
        later.withdrawn_at,
        -- An article keeps its date when its file is changed in place: the date shown speaks of
        -- the first file seen there only.
        case
            when
                appearance.first_seen_at
                = min(appearance.first_seen_at) over (partition by appearance.url)
                then coalesce(appearance.published_on, cast(appearance.first_seen_at as date))
            else cast(appearance.first_seen_at as date)
        end as effective_on,
        case
            when appearance.is_local then 'local'
            when later.replaced_at is not null then 'replaced'
            when later.withdrawn_at is not null then 'withdrawn'
            else 'online'
        end as online_status
    from appearance
    left join later
        on
            appearance.file_sha256 = later.file_sha256
            and appearance.url = later.url

),

member as (

    select
        parent_sha256,
        file_sha256,
        member_path,
        min(file_name) as file_name,
        min(regexp_extract(url, '#([^#]*)$', 1)) as fragment
    from {{ ref('stg_fetch') }}
    where
        role = 'member'
        and file_sha256 is not null
        and outcome in {{ quoted_list(var('seen_outcomes')) }}
    group by parent_sha256, file_sha256, member_path

),

inside as (

    select
        publication.* replace (
            member.file_sha256 as file_sha256,
            publication.url || '#' || member.fragment as url,
            member.file_name as file_name,
            member.parent_sha256 as parent_sha256,
            member.member_path as member_path
        )
    from publication
    inner join member on publication.file_sha256 = member.parent_sha256
    -- a member that a newer container at the same address still holds is where that one is
    qualify row_number() over (
        partition by publication.url, member.file_sha256, member.fragment
        order by publication.last_seen_at desc, publication.file_sha256 asc
    ) = 1

),

final as (

    select * from publication
    union all by name
    select * from inside

)

select * from final
