{#- One row a document (文本) with everything a fact says about its document. -#}
with place as (

    select * from {{ ref('int_document_place') }}

),

status as (

    select * from {{ ref('int_document_status') }}

),

currency as (

    select * from {{ ref('int_currency') }}

),

final as (

    select
        place.document_id,
        place.batch_id,
        place.reading_id,
        place.file_sha256,
        place.organisation_id,
        place.name_printed,
        place.name_standard,
        place.county_code,
        place.county,
        place.fiscal_year,
        place.phase,
        place.scope,
        place.template,
        place.page_count,
        place.text_layer,
        place.recognised_pages,
        place.has_watermark,
        place.cells_sha256,
        place.content_sha256,
        place.parser_version,
        place.source_url,
        place.is_official_source,
        place.published_on,
        place.first_seen_at,
        place.last_seen_at,
        place.online_status,
        status.status,
        currency.is_current,
        -- 部门 and 单位 are never added up: only the consolidated document may be summed
        currency.is_current and place.scope = 'department' as is_additive,
        currency.version_number,
        currency.version_kind,
        currency.previous_document_id
    from place
    inner join status on place.document_id = status.document_id
    inner join currency on place.document_id = currency.document_id

)

select * from final
