{#- Performance target tables (绩效目标表) of current documents, their labelled fields taken out of
    the JSON, and the project of T12 or T13 each belongs to: by name, else by an amount that only
    one project of the document has. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with target as (

    select * from {{ ref('stg_performance') }}

),

document as (

    select * from {{ ref('int_document') }}
    where
        is_current
        and {{ is_touched('', ref('int_document_change')) }}

),

field as (

    select
        {{ document_columns('document') }},
        target.position,
        target.kind,
        {{ source_of('null', 'document.recognised_pages') }} as source,
        target.payload,
        't' || {{ short_hash("document.document_id || '|' || target.position", 15) }} as target_id,
        json_extract_string(target.payload, '$.title') as title,
        json_extract_string(target.payload, '$."项目名称"') as project_name,
        json_extract_string(target.payload, '$."主管部门及代码"') as department_printed,
        json_extract_string(target.payload, '$."实施单位"') as unit_name,
        json_extract_string(target.payload, '$."项目属性"') as project_attribute,
        json_extract_string(target.payload, '$."项目期"') as project_period,
        json_extract_string(target.payload, '$."项目资金单位"') as unit_printed,
        json_extract_string(target.payload, '$."实施期资金总额"') as term_text,
        json_extract_string(target.payload, '$."年度资金总额"') as year_text
    from target
    inner join document
        on
            target.document_id = document.document_id
            and target.batch_id = document.batch_id
            and target.reading_id = document.reading_id

),

valued as (

    select
        *,
        regexp_extract(department_printed, '^\s*(\d+)', 1) as budget_code,
        case
            when unit_printed like '%万元%' then cast(10000 as decimal(8, 2))
            when unit_printed like '%元%' then cast(1 as decimal(8, 2))
        end as factor,
        {{ printed_number('term_text') }} as term_printed,
        {{ printed_number('year_text') }} as year_printed,
        {{ standard_project('project_name') }} as project_standard
    from field

),

project as (

    select
        document_id,
        project_id,
        row_kind,
        name_standard as project_standard,
        sum(amount_yuan) as amount_yuan
    from {{ ref('int_project') }}
    where
        not is_carry_over
        and {{ is_touched('', ref('int_document_change')) }}
    group by all

),

by_name as (

    select
        valued.target_id,
        min(project.project_id) as project_id
    from valued
    inner join project
        on
            valued.document_id = project.document_id
            and valued.project_standard = project.project_standard
    group by valued.target_id
    having count(distinct project.project_id) = 1

),

by_amount as (

    select
        valued.target_id,
        min(project.project_id) as project_id
    from valued
    inner join project
        on
            valued.document_id = project.document_id
            -- T12 is rounded to 0.01 万元, the target states 元
            and abs(valued.year_printed * valued.factor - project.amount_yuan) <= 50
    group by valued.target_id
    having count(distinct project.project_id) = 1

)

select
    valued.*,
    coalesce(by_name.project_id, by_amount.project_id) as project_id,
    case
        when by_name.project_id is not null then 'name'
        when by_amount.project_id is not null then 'amount'
        else 'none'
    end as link_method
from valued
left join by_name on valued.target_id = by_name.target_id
left join by_amount on valued.target_id = by_amount.target_id
