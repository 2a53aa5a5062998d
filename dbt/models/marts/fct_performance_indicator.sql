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

listed as (

    select
        *,
        cast(json_extract(payload, '$."指标"') as json[]) as indicators
    from target

),

line as (

    select
        * exclude (indicators),
        unnest(indicators) as indicator,
        generate_subscripts(indicators, 1) as line_number
    from listed

),

horizon as (

    select
        *,
        'term' as horizon,
        cast(json_extract_string(indicator, '$.left[*]') as varchar[]) as parts
    from line

    union all

    select
        *,
        'year' as horizon,
        cast(json_extract_string(indicator, '$.right[*]') as varchar[]) as parts
    from line

)

select
    {{ document_columns('horizon') }},
    horizon.target_id,
    horizon.project_id,
    horizon.line_number,
    horizon,
    json_extract_string(horizon.indicator, '$.level1') as indicator_level_1,
    horizon.parts[1] as indicator_level_2,
    horizon.parts[2] as indicator_name,
    horizon.parts[3] as indicator_value
from horizon
where
    coalesce(horizon.parts[2], '') != ''
    or coalesce(horizon.parts[3], '') != ''
