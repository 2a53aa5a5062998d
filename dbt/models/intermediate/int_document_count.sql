{#- How much was read of each document (读取数量), by form: what the counts of document_status and the
    reconciliation of the whole warehouse are made of. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with amount as (

    select * from {{ ref('int_amount') }}
    where {{ is_touched('', ref('int_reading_change')) }}

)

select
    document_id,
    form,
    count(*) as cell_count,
    count(amount_printed) as amount_count,
    cast(coalesce(sum(amount_printed), 0) as decimal(38, 6)) as amount_sum,
    count(*) filter (where source = 'repaired') as repaired_count,
    count(*) filter (where source = 'ocr') as recognised_count
from amount
group by document_id, form
