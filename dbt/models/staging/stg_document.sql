with source as (

    select * from {{ source('raw', 'raw_document') }}

),

renamed as (

    select
        batch_id,
        batch_id || ':' || record_key as reading_id,
        document_id,
        file_sha256,
        parser_version,
        regexp_replace(county, '\s', '', 'g') as county,
        regexp_replace(department, '\s', '', 'g') as department,
        subtitle,
        fiscal_year,
        phase,
        scope,
        template,
        page_count,
        text_layer,
        watermark as has_watermark,
        verdict_status,
        verdict_reasons,
        cells_sha256,
        content_sha256
    from source

)

select * from renamed
