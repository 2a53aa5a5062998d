{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with reason as (

    select * from {{ ref('stg_reason') }}

),

document as (

    select * from {{ ref('int_document') }}
    where
        is_current
        and {{ is_touched('', ref('int_document_change')) }}

)

select
    {{ document_columns('document') }},
    reason.position,
    reason.topic,
    reason.direction,
    reason.amount_printed as amount_wan,
    {{ to_yuan('reason.amount_printed', 10000) }} as amount_yuan,
    reason.reason_text,
    reason.page,
    {{ source_of('reason.page', 'document.recognised_pages') }} as source
from reason
inner join document
    on
        reason.document_id = document.document_id
        and reason.batch_id = document.batch_id
        and reason.reading_id = document.reading_id
