{{ config(materialized='view') }}

with result as (

    select * from {{ ref('int_identity_result') }}

),

document as (

    select * from {{ ref('int_document') }}

)

select
    result.document_id,
    document.organisation_id,
    document.county_code,
    document.fiscal_year,
    document.phase,
    document.scope,
    document.is_current,
    document.status,
    result.identity,
    result.instance,
    result.severity,
    result.relation,
    result.outcome,
    result.landed_outcome,
    result.is_recomputed,
    cast(result.left_yuan * 0.0001 as decimal(20, 6)) as left_value,
    cast(result.right_yuan * 0.0001 as decimal(20, 6)) as right_value,
    cast(result.difference_yuan * 0.0001 as decimal(20, 6)) as difference,
    cast(result.tolerance_yuan * 0.0001 as decimal(20, 6)) as tolerance,
    result.addends,
    result.pages,
    result.statement_1,
    result.statement_2,
    result.catalogue_version
from result
inner join document
    on
        result.document_id = document.document_id
        and result.reading_id = document.reading_id
