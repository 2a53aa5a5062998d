{#- Identities of each document by severity and outcome (核对结果数量). -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with result as (

    select * from {{ ref('int_identity_result') }}
    where {{ is_touched('', ref('int_reading_change')) }}

)

select
    document_id,
    severity,
    outcome,
    count(*) as identity_count
from result
group by document_id, severity, outcome
