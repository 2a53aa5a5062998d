{#- Base rows of findings (核对提示): what is violated in current documents, and what keeps a
    document in quarantine. When a finding was first and last seen is the ledger's to say; one that
    it does not know yet was first seen when the reading that shows it was landed. -#}
with result as (

    select * from {{ ref('identity_result') }}

),

status as (

    select * from {{ ref('document_status') }}

),

document as (

    select * from {{ ref('int_document') }}

),

rule as (

    select * from {{ ref('seed_identity') }}

),

contradiction as (

    select
        result.document_id,
        result.organisation_id,
        result.county_code,
        result.fiscal_year,
        result.phase,
        result.scope,
        result.identity,
        result.instance,
        case when result.is_current then coalesce(rule.kind, 'contradiction') else 'misread' end
            as kind,
        result.severity,
        result.statement_1,
        result.statement_2,
        result.statement_1_en,
        result.statement_2_en,
        result.unit,
        result.left_value,
        result.right_value,
        result.difference,
        result.tolerance,
        result.pages
    from result
    left join rule on result.identity = rule.identity
    where
        result.outcome = 'violated'
        and (result.is_current or result.status = 'quarantined')

),

between_documents as (

    select
        document_id,
        organisation_id,
        county_code,
        fiscal_year,
        phase,
        scope,
        identity,
        instance,
        'anomaly' as kind,
        severity,
        statement_1,
        statement_2,
        statement_1_en,
        statement_2_en,
        '万元' as unit,
        left_value,
        right_value,
        difference,
        tolerance,
        cast(null as varchar) as pages
    from {{ ref('cross_document_result') }}
    where outcome = 'violated'

),

quarantine as (

    select
        document_id,
        organisation_id,
        county_code,
        fiscal_year,
        phase,
        scope,
        'QUARANTINE' as identity,
        document_id as instance,
        'misread' as kind,
        'hard' as severity,
        reasons as statement_1,
        cast(null as varchar) as statement_2,
        'reasons as the reading gives them: ' || reasons as statement_1_en,
        cast(null as varchar) as statement_2_en,
        cast(null as varchar) as unit,
        cast(null as decimal(20, 6)) as left_value,
        cast(null as decimal(20, 6)) as right_value,
        cast(null as decimal(20, 6)) as difference,
        cast(null as decimal(20, 6)) as tolerance,
        cast(null as varchar) as pages
    from status
    where status = 'quarantined'

),

told as (

    select
        document_id,
        unnest(verdict_reasons) as reason
    from {{ ref('int_document_status') }}

),

-- an identity that the print promises and that could not be worked out has not held
unchecked as (

    select
        status.document_id,
        status.organisation_id,
        status.county_code,
        status.fiscal_year,
        status.phase,
        status.scope,
        split_part(told.reason, '：', 1) as identity,
        '应核对' as instance,
        'missing' as kind,
        'soft' as severity,
        split_part(split_part(told.reason, '：', 2), '，', 1) as statement_1,
        split_part(told.reason, '，', 2) || '，其余未印出或未读出' as statement_2,
        regexp_extract(told.reason, '应核对 (\d+) 处', 1) || ' instances to be checked'
            as statement_1_en,
        regexp_extract(told.reason, '实际 (\d+) 处', 1)
        || ' were; the others are not printed or not read' as statement_2_en,
        cast(null as varchar) as unit,
        cast(null as decimal(20, 6)) as left_value,
        cast(null as decimal(20, 6)) as right_value,
        cast(null as decimal(20, 6)) as difference,
        cast(null as decimal(20, 6)) as tolerance,
        cast(null as varchar) as pages
    from status
    inner join told on status.document_id = told.document_id
    where
        status.is_current
        and regexp_full_match(told.reason, '[A-Z][A-Z0-9-]*：应核对 \d+ 处，实际 \d+ 处')

),

reading as (

    select * from {{ ref('int_reading') }}

),

seen as (

    select * from {{ ref('stg_finding_seen') }}

),

acknowledgement as (

    select * from {{ ref('stg_acknowledgement') }}

),

combined as (

    select * from contradiction
    union all
    select * from between_documents
    union all
    select * from quarantine
    union all
    select * from unchecked

),

identified as (

    select
        'n' || {{ short_hash("concat_ws('|', coalesce(combined.organisation_id, combined.document_id), combined.fiscal_year, combined.phase, combined.scope, combined.identity, combined.instance)", 19) }} as finding_id,
        left(sha256(concat_ws(
            '|',
            coalesce(combined.statement_1, ''),
            coalesce(combined.statement_2, ''),
            coalesce(cast(nullif(combined.difference, 0) as varchar), ''),
            combined.kind
        )), 12) as content_id,
        combined.*,
        reading.landed_at,
        document.last_seen_at as document_last_seen_at,
        -- two quarantined versions may show the same thing: the newest stands for it
        row_number() over (
            partition by
                combined.organisation_id, combined.fiscal_year, combined.phase, combined.scope,
                combined.identity, combined.instance
            order by
                document.is_current desc, document.first_seen_at desc, document.document_id asc
        ) as standing_rank
    from combined
    inner join document on combined.document_id = document.document_id
    left join reading on combined.document_id = reading.document_id

)

select
    identified.finding_id,
    identified.content_id,
    identified.document_id,
    identified.organisation_id,
    identified.county_code,
    identified.fiscal_year,
    identified.phase,
    identified.scope,
    identified.identity,
    identified.instance,
    identified.kind,
    identified.severity,
    identified.statement_1,
    identified.statement_2,
    identified.statement_1_en,
    identified.statement_2_en,
    identified.left_value,
    identified.right_value,
    identified.difference,
    identified.tolerance,
    identified.unit,
    identified.pages,
    coalesce(acknowledgement.status, 'open') as status,
    acknowledgement.reason as status_reason,
    coalesce(seen.first_seen_at, identified.landed_at) as first_seen_at,
    -- it stands in a text that is confirmed: last seen is whichever was later
    greatest(seen.last_seen_at, identified.landed_at, identified.document_last_seen_at)
        as last_seen_at
from identified
-- what was decided holds for what was said then
left join acknowledgement
    on
        identified.finding_id = acknowledgement.finding_id
        and identified.content_id = acknowledgement.content_id
left join seen on identified.finding_id = seen.finding_id
where identified.standing_rank = 1
