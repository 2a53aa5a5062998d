{#- The lines below 资金总额; the total itself stands in fct_performance_target. The first line is
    the total wherever its label was misread. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with target as (

    select * from {{ ref('int_target') }}
    where
        kind = 'project'
        and {{ is_touched('', ref('int_document_change')) }}

),

level_rule as (

    select * from {{ ref('seed_performance_funding') }}

),

listed as (

    select
        *,
        cast(json_extract(payload, '$."资金明细"') as json[]) as funding_lines
    from target

),

line as (

    select
        * exclude (funding_lines),
        unnest(funding_lines) as funding_line,
        generate_subscripts(funding_lines, 1) as line_number
    from listed

),

labelled as (

    select
        *,
        json_extract_string(funding_line, '$.label') as label,
        json_extract_string(funding_line, '$."年度"') as year_line_text,
        json_extract_string(funding_line, '$."实施期"') as term_line_text
    from line
    where line_number > 1

),

leveled as (

    select
        labelled.target_id,
        labelled.line_number,
        arg_min(level_rule.funding_level, level_rule.position) as funding_level
    from labelled
    inner join level_rule on regexp_matches(labelled.label, level_rule.label_pattern)
    group by labelled.target_id, labelled.line_number

),

horizon as (

    select
        *,
        'year' as horizon,
        year_line_text as amount_text
    from labelled

    union all

    select
        *,
        'term' as horizon,
        term_line_text as amount_text
    from labelled

)

select
    {{ document_columns('horizon') }},
    horizon.target_id,
    horizon.project_id,
    horizon.line_number,
    horizon.label,
    coalesce(leveled.funding_level, 'unknown') as funding_level,
    horizon.horizon,
    {{ to_wan(printed_number('horizon.amount_text'), 'horizon.factor') }} as amount_wan,
    {{ to_yuan(printed_number('horizon.amount_text'), 'horizon.factor') }} as amount_yuan,
    horizon.amount_text,
    horizon.unit_printed,
    horizon.source
from horizon
left join leveled
    on
        horizon.target_id = leveled.target_id
        and horizon.line_number = leveled.line_number
where coalesce(horizon.amount_text, '') != ''
