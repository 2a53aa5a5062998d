{#- Function codes (支出功能分类科目) that each document prints, with the names it gives them: also such
    as are no code of a class, section or item, for reference_difference to tell. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with form_row as (

    select * from {{ ref('int_row') }}
    where {{ is_touched('', ref('int_reading_change')) }}

)

select
    document_id,
    row_code as function_code,
    regexp_replace(row_label, '\s', '', 'g') as function_name,
    string_agg(distinct form, ', ' order by form) as forms
from form_row
where
    form in ('T02', 'T03', 'T05', 'T08', 'T09')
    and coalesce(row_code, '') != ''
group by document_id, row_code, function_name
