{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

with figure as (

    select * from {{ ref('stg_narrative_figure') }}

),

document as (

    select * from {{ ref('int_document') }}
    where
        is_current
        and {{ is_touched('', ref('int_document_change')) }}

)

select
    {{ document_columns('document') }},
    figure.position,
    figure.figure_path,
    figure.figure_text,
    figure.figure_value,
    figure.unit_printed,
    case figure.unit_printed
        when '万元' then figure.figure_value
        when '元' then cast(figure.figure_value * 0.0001 as decimal(20, 6))
    end as amount_wan,
    case figure.unit_printed
        when '万元' then {{ to_yuan('figure.figure_value', 10000) }}
        when '元' then cast(figure.figure_value as decimal(20, 2))
    end as amount_yuan,
    figure.page,
    {{ source_of('figure.page', 'document.recognised_pages') }} as source,
    figure.x0,
    figure.top,
    figure.x1,
    figure.bottom
from figure
inner join document
    on
        figure.document_id = document.document_id
        and figure.batch_id = document.batch_id
        and figure.reading_id = document.reading_id
