{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with project as (

    select * from {{ ref('int_project') }}
    where {{ is_touched('', ref('int_document_change')) }}

),

target as (

    select
        document_id,
        project_id,
        min(target_id) as target_id
    from {{ ref('int_target') }}
    where
        project_id is not null
        and {{ is_touched('', ref('int_document_change')) }}
    group by document_id, project_id

)

select
    {{ document_columns('project') }},
    project.project_id,
    project.project_name,
    project.row_kind,
    project.unit_name,
    project.appropriation_year,
    project.is_carry_over,
    project.funding_source_code,
    project.amount_wan,
    project.amount_yuan,
    project.amount_text,
    project.unit_printed,
    target.target_id,
    project.form,
    project.row_index,
    project.page,
    project.source
from project
left join target
    on
        not project.is_carry_over
        and project.document_id = target.document_id
        and project.project_id = target.project_id
