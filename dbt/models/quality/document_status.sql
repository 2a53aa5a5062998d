with status as (

    select * from {{ ref('int_document_status') }}

),

document as (

    select * from {{ ref('int_document') }}

),

identity as (

    select
        document_id,
        count(*) filter (where severity = 'hard' and outcome = 'violated') as hard_violated,
        count(*) filter (where severity = 'soft' and outcome = 'violated') as soft_violated,
        count(*) filter (where outcome = 'rounding') as rounding,
        count(*) filter (where outcome = 'exact') as exact,
        count(*) filter (where outcome = 'not_applicable') as not_applicable
    from {{ ref('int_identity_result') }}
    group by document_id

),

amount as (

    select
        document_id,
        count(distinct form) as form_count,
        count(amount_printed) as amount_count,
        count(*) filter (where source = 'repaired') as repaired_count,
        count(*) filter (where source = 'ocr') as recognised_count
    from {{ ref('int_amount') }}
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
    coalesce(amount.amount_count, 0) as amount_count,
    coalesce(amount.repaired_count, 0) as repaired_count,
    coalesce(amount.recognised_count, 0) as recognised_count,
    coalesce(identity.exact, 0) as exact_count,
    coalesce(identity.rounding, 0) as rounding_count,
    coalesce(identity.hard_violated, 0) as hard_violated_count,
    coalesce(identity.soft_violated, 0) as soft_violated_count,
    coalesce(identity.not_applicable, 0) as not_applicable_count
from document
inner join status on document.document_id = status.document_id
left join identity on document.document_id = identity.document_id
left join amount on document.document_id = amount.document_id
