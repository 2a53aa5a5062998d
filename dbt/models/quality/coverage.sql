{#- Who has published (公开情况). Expected are the bodies that ever published in the county, for
    every year since their first of which anybody of the county published a budget, and the final
    account of the year before; for the latest year also bodies that only a title names: an
    article that gave no file, or a sub-column of the site (下属单位栏目). "Not seen" says no more
    than that. A year in which nobody of a county published what it did the year before (整县未见) is
    expected, too, once last year's day and some weeks have gone by and its site was looked at since.
    Articles whose files gave no document (final accounts in other forms, scans) count
    as seen, not read. -#}
with document as (

    select * from {{ ref('int_document') }}
    where
        organisation_id is not null
        and fiscal_year is not null

),

fetch_row as (

    select * from {{ ref('stg_fetch') }}
    where county_code is not null

),

-- the roster: bodies by the level on which they publish
roster as (

    select
        organisation_id,
        arg_max(name_printed, (fiscal_year, last_seen_at, document_id)) as department,
        arg_max(county_code, (fiscal_year, last_seen_at, document_id)) as county_code,
        arg_max(county, (fiscal_year, last_seen_at, document_id)) as county,
        scope,
        min(fiscal_year) as first_year,
        list(distinct phase) as phases
    from document
    group by organisation_id, scope

),

budget_year as (

    select distinct
        county_code,
        county,
        fiscal_year
    from document
    where phase = 'budget'

),

-- departments publish within 20 days of the approval (批复后二十日内公开): the county's first of a
-- kind says that it was given
published as (

    select
        county_code,
        county,
        phase,
        fiscal_year,
        min(least(cast(first_seen_at as date), coalesce(published_on, cast(first_seen_at as date))))
        + cast({{ var('publication_days') }} as integer) as expected_by
    from document
    group by county_code, county, phase, fiscal_year

),

latest as (

    select
        county_code,
        county,
        phase,
        max(fiscal_year) as fiscal_year,
        arg_max(expected_by, fiscal_year) as expected_by
    from published
    where phase in ('budget', 'final_account')
    group by county_code, county, phase

),

last_look as (

    select
        county_code,
        max(cast(fetched_at as date)) as looked_on
    from fetch_row
    where role = 'listing'
    group by county_code

),

-- years after the county's latest of a kind that have gone by without anybody's
silent as (

    select
        latest.county_code,
        latest.county,
        latest.phase,
        cast(latest.fiscal_year + years.n as integer) as fiscal_year,
        cast(latest.expected_by + to_years(cast(years.n as integer)) as date)
        + cast({{ var('silent_days') }} as integer) as expected_by
    from latest
    inner join last_look on latest.county_code = last_look.county_code
    cross join range(1, 10) as years (n)
    where
        cast(latest.expected_by + to_years(cast(years.n as integer)) as date)
        + cast({{ var('silent_days') }} as integer) <= last_look.looked_on

),

due as (

    select * from published

    union all by name

    select * from silent

),

county_year as (

    select distinct
        county_code,
        county,
        phase,
        fiscal_year
    from document

    union distinct

    select
        county_code,
        county,
        phase,
        fiscal_year
    from silent

    union distinct

    -- with the budget of a year the final account of the year before is due
    select
        county_code,
        county,
        'final_account' as phase,
        fiscal_year - 1 as fiscal_year
    from budget_year

),

expected as (

    select
        roster.organisation_id,
        roster.department,
        roster.county_code,
        roster.county,
        roster.scope,
        county_year.phase,
        county_year.fiscal_year
    from roster
    inner join county_year
        on
            roster.county_code is not distinct from county_year.county_code
            and roster.county is not distinct from county_year.county
            and roster.first_year <= county_year.fiscal_year
            and (
                list_contains(roster.phases, county_year.phase)
                or county_year.phase in ('budget', 'final_account')
            )

),

seen as (

    select
        organisation_id,
        fiscal_year,
        phase,
        scope,
        max(case when is_current then document_id end) as document_id,
        bool_or(is_current and online_status = 'withdrawn') as is_withdrawn,
        count(*) as document_count,
        min(first_seen_at) as first_seen_at
    from document
    group by organisation_id, fiscal_year, phase, scope

),

-- what each address answered last
last_answer as (

    select
        url,
        arg_max(outcome, fetched_at) as outcome
    from fetch_row
    group by url

),

-- articles of which some file became a document: the document says who it is of
read_article as (

    select distinct coalesce(fetch_row.article_url, fetch_row.url) as article_url
    from fetch_row
    inner join document on fetch_row.file_sha256 = document.file_sha256

),

-- files that arrived and gave no document with body and year, and articles that gave no file;
-- who they are of, their titles say
titled as (

    select
        fetch_row.county_code,
        fetch_row.county,
        fetch_row.fetched_at,
        fetch_row.role != 'article' as is_file,
        last_answer.outcome in {{ quoted_list(var('gone_outcomes')) }} as is_gone,
        last_answer.outcome = 'blocked' as is_blocked,
        regexp_replace(
            coalesce(fetch_row.article_title, fetch_row.link_text, fetch_row.file_name), '\s', '', 'g'
        ) as title
    from fetch_row
    inner join last_answer on fetch_row.url = last_answer.url
    left join document on fetch_row.file_sha256 = document.file_sha256
    where
        fetch_row.role in ('attachment', 'local', 'member')
        and fetch_row.file_sha256 is not null
        and fetch_row.outcome in {{ quoted_list(var('seen_outcomes')) }}
        and document.document_id is null

    union all

    select
        fetch_row.county_code,
        fetch_row.county,
        fetch_row.fetched_at,
        false as is_file,
        last_answer.outcome in {{ quoted_list(var('gone_outcomes')) }} as is_gone,
        last_answer.outcome = 'blocked' as is_blocked,
        regexp_replace(coalesce(fetch_row.article_title, fetch_row.link_text), '\s', '', 'g') as title
    from fetch_row
    inner join last_answer on fetch_row.url = last_answer.url
    left join read_article
        on coalesce(fetch_row.article_url, fetch_row.url) = read_article.article_url
    where
        fetch_row.role in ('article', 'attachment')
        and (fetch_row.role = 'article' or fetch_row.file_sha256 is null)
        and read_article.article_url is null

),

named as (

    select
        county_code,
        county,
        fetched_at,
        is_file,
        is_gone,
        is_blocked,
        coalesce(
            nullif(regexp_extract(title, '^(?:关于公开|关于)?(.{3,40}?)(?:关于)?20\d\d年', 1), ''),
            regexp_extract(title, '^20\d\d年度?(.{3,40}?)(?:部门|单位|本级)?(?:预算|决算)', 1)
        ) as department,
        try_cast(regexp_extract(title, '(20\d\d)年', 1) as integer) as fiscal_year,
        case
            when contains(title, '预算') and contains(title, '决算') then null
            when contains(title, '决算') then 'final_account'
            when contains(title, '预算') then 'budget'
        end as phase,
        case
            when contains(title, '部门') then 'department'
            when contains(title, '单位') then 'unit_own'
            else 'unknown'
        end as scope
    from titled
    where not regexp_matches(title, '通知|通报|公告')

),

identified as (

    select
        *,
        {{ organisation_id('county_code', 'county', 'department') }} as organisation_id
    from named
    where
        regexp_matches(department, '{{ var("body_endings") }}')
        and not regexp_matches(department, '关于|做好|公开|20\d\d')
        and fiscal_year is not null
        and phase is not null

),

unread as (

    select
        organisation_id,
        min(department) as department,
        any_value(county_code) as county_code,
        min(county) as county,
        fiscal_year,
        phase,
        scope,
        bool_and(is_gone) filter (where is_file) as is_withdrawn,
        min(fetched_at) as first_seen_at
    from identified
    group by organisation_id, fiscal_year, phase, scope
    having bool_or(is_file)

),

-- named by a title, and never by a document of theirs: neither in full nor in short
only_titled as (

    select
        identified.organisation_id,
        min(identified.department) as department,
        any_value(identified.county_code) as county_code,
        min(identified.county) as county,
        identified.fiscal_year,
        identified.phase,
        identified.scope,
        bool_or(identified.is_blocked) as is_blocked
    from identified
    left join roster
        on
            identified.county_code is not distinct from roster.county_code
            and (
                contains(roster.department, identified.department)
                or contains(identified.department, roster.department)
            )
    where roster.organisation_id is null
    group by
        identified.organisation_id, identified.fiscal_year, identified.phase, identified.scope

),

-- bodies that a sub-column of the site is named after: due for the county's latest year
sub_column as (

    select
        county_code,
        county,
        regexp_replace(link_text, '\s', '', 'g') as department
    from fetch_row
    where role = 'listing' and regexp_matches(link_text, '{{ var("body_endings") }}')
    group by all

),

only_column as (

    select
        {{ organisation_id('sub_column.county_code', 'sub_column.county', 'sub_column.department') }}
            as organisation_id,
        sub_column.department,
        sub_column.county_code,
        sub_column.county,
        max(budget_year.fiscal_year) as fiscal_year,
        'budget' as phase,
        'unknown' as scope
    from sub_column
    inner join budget_year on sub_column.county_code = budget_year.county_code
    left join roster
        on
            sub_column.county_code = roster.county_code
            and (
                contains(roster.department, sub_column.department)
                or contains(sub_column.department, roster.department)
            )
    where roster.organisation_id is null
    group by sub_column.department, sub_column.county_code, sub_column.county

),

-- bodies of which nothing was ever read are told for what was seen, and expected nowhere else
named_expected as (

    select * from expected

    union all by name

    select
        unread.organisation_id,
        unread.department,
        unread.county_code,
        unread.county,
        unread.scope,
        unread.phase,
        unread.fiscal_year
    from unread
    left join expected
        on
            unread.organisation_id = expected.organisation_id
            and unread.fiscal_year = expected.fiscal_year
            and unread.phase = expected.phase
            and unread.scope in (expected.scope, 'unknown')
    where expected.organisation_id is null

),

all_expected as (

    select * from named_expected

    union all by name

    (
        select
            added.organisation_id,
            added.department,
            added.county_code,
            added.county,
            added.scope,
            added.phase,
            added.fiscal_year
        from (
            select * exclude (is_blocked) from only_titled
            union all by name
            select * from only_column
        ) as added
        left join named_expected
            on
                added.organisation_id = named_expected.organisation_id
                and added.fiscal_year = named_expected.fiscal_year
                and added.phase = named_expected.phase
                and (
                    added.scope in (named_expected.scope, 'unknown')
                    or named_expected.scope = 'unknown'
                )
        where named_expected.organisation_id is null
        qualify row_number() over (
            partition by added.organisation_id, added.fiscal_year, added.phase
            order by added.scope != 'unknown' desc, added.scope
        ) = 1
    )

),

-- a body whose own article or file a gate keeps back, where nothing of it was read
blocked_body as (

    select
        organisation_id,
        fiscal_year,
        phase,
        bool_or(is_blocked) as is_blocked
    from identified
    group by organisation_id, fiscal_year, phase

),

unread_of as (

    select
        all_expected.organisation_id,
        all_expected.fiscal_year,
        all_expected.phase,
        all_expected.scope,
        bool_and(coalesce(unread.is_withdrawn, false)) as is_withdrawn,
        min(unread.first_seen_at) as first_seen_at
    from all_expected
    inner join unread
        on
            all_expected.organisation_id = unread.organisation_id
            and all_expected.fiscal_year = unread.fiscal_year
            and all_expected.phase = unread.phase
            and unread.scope in (all_expected.scope, 'unknown')
    group by
        all_expected.organisation_id, all_expected.fiscal_year, all_expected.phase, all_expected.scope

),

last_listing as (

    select
        county_code,
        bool_and(outcome = 'blocked') as is_blocked
    from fetch_row
    where role = 'listing'
    group by county_code, run_id
    qualify row_number() over (
        partition by county_code
        order by max(fetched_at) desc
    ) = 1

),

-- what the columns of the county's sites hold, as their site files say
column_phase as (

    select
        county_code,
        bool_or(column_holds in ('budget', 'mixed')) as has_budget,
        bool_or(column_holds in ('final_account', 'mixed')) as has_final_account
    from fetch_row
    where
        role = 'listing'
        and column_holds is not null
    group by county_code

),

final as (

    select
        all_expected.county_code,
        all_expected.county,
        all_expected.organisation_id,
        all_expected.department,
        all_expected.fiscal_year,
        all_expected.phase,
        all_expected.scope,
        case
            when seen.document_id is not null and seen.is_withdrawn then 'withdrawn'
            when seen.document_id is not null then 'seen'
            when seen.document_count > 0 then 'quarantined'
            when unread_of.is_withdrawn then 'withdrawn'
            when unread_of.first_seen_at is not null then 'seen_not_read'
            when blocked_body.is_blocked then 'blocked'
            when all_expected.phase = 'budget' and not column_phase.has_budget then 'no_column'
            when
                all_expected.phase = 'final_account' and not column_phase.has_final_account
                then 'no_column'
            when last_listing.is_blocked then 'blocked'
            else 'not_seen'
        end as status,
        seen.document_id,
        coalesce(seen.first_seen_at, unread_of.first_seen_at) as first_seen_at,
        due.expected_by
    from all_expected
    left join due
        on
            all_expected.county_code is not distinct from due.county_code
            and all_expected.county is not distinct from due.county
            and all_expected.phase = due.phase
            and all_expected.fiscal_year = due.fiscal_year
    left join blocked_body
        on
            all_expected.organisation_id = blocked_body.organisation_id
            and all_expected.fiscal_year = blocked_body.fiscal_year
            and all_expected.phase = blocked_body.phase
    left join seen
        on
            all_expected.organisation_id = seen.organisation_id
            and all_expected.fiscal_year = seen.fiscal_year
            and all_expected.phase = seen.phase
            and all_expected.scope = seen.scope
    left join unread_of
        on
            all_expected.organisation_id = unread_of.organisation_id
            and all_expected.fiscal_year = unread_of.fiscal_year
            and all_expected.phase = unread_of.phase
            and all_expected.scope = unread_of.scope
    left join last_listing on all_expected.county_code = last_listing.county_code
    left join column_phase on all_expected.county_code = column_phase.county_code

)

select * from final
