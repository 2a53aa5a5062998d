{#- Projects of current documents (项目支出), one row a project, source and form. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with fact as (

    select * from {{ ref('int_fact') }}
    where
        {{ is_touched('', ref('int_document_change')) }}
        and form in ('T12', 'T13')
        and is_leaf
        and amount_printed is not null

)

select
    document_id,
    organisation_id,
    county_code,
    fiscal_year,
    phase,
    scope,
    is_additive,
    {{ project_id('organisation_id', 'unit_name', 'row_label') }} as project_id,
    row_label as project_name,
    {{ standard_project('row_label') }} as name_standard,
    row_kind,
    unit_name,
    case form when 'T13' then fiscal_year - 1 else fiscal_year end as appropriation_year,
    form = 'T13' as is_carry_over,
    funding_source_code,
    amount_wan,
    amount_yuan,
    amount_text,
    unit_printed,
    form,
    row_index,
    page,
    source
from fact
where funding_source_code is not null
