with source as (

    select * from {{ source('raw', 'raw_narrative_figure') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        position,
        path as figure_path,
        text as figure_text,
        value as figure_value,
        unit as unit_printed,
        page,
        x0,
        top,
        x1,
        bottom,
        sentence_index
    from source

)

select * from renamed
