with status as (

    select * from {{ ref('int_document_status') }}

),

document as (

    select * from {{ ref('int_document') }}

),

identity as (

    select
        document_id,
        sum(identity_count) filter (where severity = 'hard' and outcome = 'violated')
            as hard_violated,
        sum(identity_count) filter (where severity = 'soft' and outcome = 'violated')
            as soft_violated,
        sum(identity_count) filter (where outcome = 'rounding') as rounding,
        sum(identity_count) filter (where outcome = 'exact') as exact,
        sum(identity_count) filter (where outcome = 'not_applicable') as not_applicable
    from {{ ref('int_document_outcome') }}
    group by document_id

),

amount as (

    select
        document_id,
        count(*) as form_count,
        sum(amount_count) as amount_count,
        sum(repaired_count) as repaired_count,
        sum(recognised_count) as recognised_count
    from {{ ref('int_document_count') }}
    group by document_id

)

select
    document.document_id,
    document.organisation_id,
    document.county_code,
    document.fiscal_year,
    document.phase,
    document.scope,
    document.status,
    document.is_current,
    document.version_kind,
    status.verdict_status,
    array_to_string(list_concat(status.verdict_reasons, status.warehouse_reasons), '；') as reasons,
    coalesce(amount.form_count, 0) as form_count,
    cast(coalesce(amount.amount_count, 0) as bigint) as amount_count,
    cast(coalesce(amount.repaired_count, 0) as bigint) as repaired_count,
    cast(coalesce(amount.recognised_count, 0) as bigint) as recognised_count,
    cast(
        coalesce(
            (amount.recognised_count + amount.repaired_count) / nullif(amount.amount_count, 0), 0
        ) as decimal(9, 6)
    ) as recognised_share,
    cast(coalesce(identity.exact, 0) as bigint) as exact_count,
    cast(coalesce(identity.rounding, 0) as bigint) as rounding_count,
    cast(coalesce(identity.hard_violated, 0) as bigint) as hard_violated_count,
    cast(coalesce(identity.soft_violated, 0) as bigint) as soft_violated_count,
    cast(coalesce(identity.not_applicable, 0) as bigint) as not_applicable_count
from document
inner join status on document.document_id = status.document_id
left join identity on document.document_id = identity.document_id
left join amount on document.document_id = amount.document_id
