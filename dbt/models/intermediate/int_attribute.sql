{#- Labelled figures of staff, assets and procurement (人员、资产、采购) of current documents, with
    the sentence they come from where the narrative has them under the same name. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with document as (

    select * from {{ ref('int_document') }}
    where
        is_current
        and {{ is_touched('', ref('int_document_change')) }}

),

attribute as (

    select * from {{ ref('stg_attribute') }}
    where not starts_with(attribute_path, 'places/')

),

figure as (

    select
        figure.document_id,
        figure.reading_id,
        figure.figure_path,
        any_value(figure.figure_text order by figure.position) as figure_text,
        any_value(figure.unit_printed order by figure.position) as unit_printed,
        any_value(figure.page order by figure.position) as page
    from {{ ref('stg_narrative_figure') }} as figure
    inner join document
        on
            figure.document_id = document.document_id
            and figure.batch_id = document.batch_id
            and figure.reading_id = document.reading_id
    group by figure.document_id, figure.reading_id, figure.figure_path

),

measure as (

    select * from {{ ref('seed_measure') }}

)

select
    {{ document_columns('document') }},
    attribute.kind,
    attribute.attribute_path as measure,
    measure.term_zh,
    measure.part_of,
    coalesce(measure.unit, figure.unit_printed) as unit,
    attribute.attribute_text as value_text,
    {{ printed_number('attribute.attribute_text') }} as value,
    figure.figure_text as printed_text,
    figure.page,
    {{ source_of('figure.page', 'document.recognised_pages') }} as source
from attribute
inner join document
    on
        attribute.document_id = document.document_id
        and attribute.batch_id = document.batch_id
        and attribute.reading_id = document.reading_id
left join figure
    on
        attribute.document_id = figure.document_id
        and attribute.reading_id = figure.reading_id
        and attribute.attribute_path = figure.figure_path
left join measure
    on
        attribute.kind = measure.kind
        and regexp_full_match(attribute.attribute_path, measure.path_pattern)
