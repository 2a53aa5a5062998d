with document as (

    select * from {{ ref('int_document') }}

),

final as (

    select
        document_id,
        file_sha256,
        organisation_id,
        county_code,
        county,
        name_printed as department,
        fiscal_year,
        phase,
        scope,
        is_additive,
        contained_in_id,
        source_url,
        is_official_source,
        page_count,
        published_on,
        first_seen_at,
        last_seen_at,
        is_current,
        online_status,
        status,
        version_kind,
        version_number,
        previous_document_id,
        template,
        text_layer,
        has_watermark,
        parser_version
    from document

)

select * from final
