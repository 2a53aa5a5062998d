{#- Who has published (公开情况): the roster is who ever published in the county; a year counts once
    any body of the county published it. "Not seen" says no more than that. -#}
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

roster as (

    select
        organisation_id,
        arg_max(name_printed, (fiscal_year, last_seen_at, document_id)) as department,
        arg_max(county_code, (fiscal_year, last_seen_at, document_id)) as county_code,
        arg_max(county, (fiscal_year, last_seen_at, document_id)) as county,
        phase,
        scope,
        min(fiscal_year) as first_year
    from document
    group by organisation_id, phase, scope

),

county_year as (

    select distinct
        county_code,
        county,
        phase,
        fiscal_year
    from document

),

expected as (

    select
        roster.*,
        county_year.fiscal_year
    from roster
    inner join county_year
        on
            roster.county_code is not distinct from county_year.county_code
            and roster.county is not distinct from county_year.county
            and roster.phase = county_year.phase
            and roster.first_year <= county_year.fiscal_year

),

seen as (

    select
        organisation_id,
        fiscal_year,
        phase,
        scope,
        max(case when is_current then document_id end) as document_id,
        count(*) as document_count,
        min(first_seen_at) as first_seen_at
    from document
    group by organisation_id, fiscal_year, phase, scope

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

)

select
    expected.county_code,
    expected.county,
    expected.organisation_id,
    expected.department,
    expected.fiscal_year,
    expected.phase,
    expected.scope,
    case
        when seen.document_id is not null then 'seen'
        when seen.document_count > 0 then 'quarantined'
        when last_listing.is_blocked then 'blocked'
        else 'not_seen'
    end as status,
    seen.document_id,
    seen.first_seen_at
from expected
left join seen
    on
        expected.organisation_id = seen.organisation_id
        and expected.fiscal_year = seen.fiscal_year
        and expected.phase = seen.phase
        and expected.scope = seen.scope
left join last_listing on expected.county_code = last_listing.county_code
