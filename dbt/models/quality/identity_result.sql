{{ config(materialized='view', meta={'changes': 'int_document_change'}) }}
-- depends_on: {{ ref('int_document_change') }}

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
    {{ in_unit('result.left_yuan', 'result.unit') }} as left_value,
    {{ in_unit('result.right_yuan', 'result.unit') }} as right_value,
    {{ in_unit('result.difference_yuan', 'result.unit') }} as difference,
    {{ in_unit('result.tolerance_yuan', 'result.unit') }} as tolerance,
    case when result.unit = '元' then '万元' else result.unit end as unit,
    result.addends,
    result.pages,
    result.statement_1,
    result.statement_2,
    result.statement_1_en,
    result.statement_2_en,
    result.catalogue_version
from result
inner join document
    on
        result.document_id = document.document_id
        and result.reading_id = document.reading_id
