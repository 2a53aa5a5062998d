{#- Which version counts (现行版本) of what one body published for one year, phase and scope.

    Quarantined documents never count: the accepted version before them stays current. Of the
    accepted ones the newest content counts: what its address still serves before what was
    replaced there, then what took effect later (the date shown with a first file, the day it was
    seen for a file changed in place). Documents with
    the same content are one content published again (重新公开, no news); the one still online
    and seen first stands for it. Other content is a corrected republication (更正后重新公开). -#}
with place as (

    select * from {{ ref('int_document_place') }}

),

status as (

    select * from {{ ref('int_document_status') }}

),

version as (

    select
        place.document_id,
        place.organisation_id,
        place.fiscal_year,
        place.phase,
        place.scope,
        place.content_sha256,
        place.is_replaced,
        place.online_status,
        place.first_seen_at,
        place.effective_on,
        coalesce(status.status in ('accepted', 'accepted_with_findings'), false) as is_accepted
    from place
    inner join status on place.document_id = status.document_id

),

accepted as (

    select
        *,
        row_number() over (
            partition by organisation_id, fiscal_year, phase, scope
            order by
                is_replaced asc, effective_on desc, first_seen_at desc, document_id desc
        ) as newest_rank,
        row_number() over (
            partition by organisation_id, fiscal_year, phase, scope
            order by effective_on, first_seen_at, document_id
        ) as version_number,
        row_number() over (
            partition by organisation_id, fiscal_year, phase, scope, content_sha256
            order by effective_on, first_seen_at, document_id
        ) as appearance_number,
        row_number() over (
            partition by organisation_id, fiscal_year, phase, scope, content_sha256
            order by online_status != 'online', effective_on, first_seen_at, document_id
        ) as standing_rank
    from version
    where is_accepted

),

newest as (

    select
        organisation_id,
        fiscal_year,
        phase,
        scope,
        content_sha256
    from accepted
    where newest_rank = 1

),

chain as (

    select
        document_id,
        lag(document_id) over (
            partition by organisation_id, fiscal_year, phase, scope
            order by version_number
        ) as previous_document_id
    from accepted
    where appearance_number = 1

),

final as (

    select
        version.document_id,
        coalesce(
            newest.content_sha256 = version.content_sha256 and accepted.standing_rank = 1, false
        ) as is_current,
        accepted.version_number,
        case
            when not version.is_accepted then 'quarantined'
            when accepted.appearance_number > 1 then 're_publication'
            when accepted.version_number > 1 then 'corrected_republication'
            else 'first_publication'
        end as version_kind,
        chain.previous_document_id
    from version
    left join accepted on version.document_id = accepted.document_id
    left join newest
        on
            version.is_accepted
            and version.organisation_id is not distinct from newest.organisation_id
            and version.fiscal_year is not distinct from newest.fiscal_year
            and version.phase is not distinct from newest.phase
            and version.scope is not distinct from newest.scope
    left join chain on version.document_id = chain.document_id

)

select * from final
