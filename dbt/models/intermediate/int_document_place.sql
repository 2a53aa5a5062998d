{#- Whose document it is (归属): county, body, year, and where it was seen. The site's county wins
    over the printed name, which is not unique in the country; the body is the one on the cover. -#}
with reading as (

    select * from {{ ref('int_reading') }}

),

document as (

    select
        document.*,
        reading.parser_version as reading_parser_version,
        reading.landed_at
    from {{ ref('stg_document') }} as document
    inner join reading
        on
            document.document_id = reading.document_id
            and document.batch_id = reading.batch_id
            and document.reading_id = reading.reading_id

),

publication as (

    select * from {{ ref('int_publication') }}

),

recognised as (

    select
        document_id,
        batch_id,
        reading_id,
        cast(string_split(any_value(location), ',') as integer[]) as recognised_pages
    from {{ ref('stg_warning') }}
    where warning_code = 'recognised_pages'
    group by document_id, batch_id, reading_id

),

county as (

    select
        county,
        min(county_code) as county_code
    from {{ ref('seed_county') }}
    group by county
    having count(*) = 1

),

same_body as (

    select
        county_code,
        name_standard,
        same_as
    from {{ ref('stg_organisation_link') }}
    where same_as is not null

),

seen as (

    select
        file_sha256,
        arg_min(county_code, first_seen_at) filter (where county_code is not null) as county_code,
        arg_min(county, first_seen_at) filter (where county is not null) as county,
        arg_min(
            url,
            (
                case online_status when 'online' then 0 when 'local' then 2 else 1 end,
                first_seen_at,
                url
            )
        ) as source_url,
        min(published_on) as published_on,
        min(effective_on) as effective_on,
        min(first_seen_at) as first_seen_at,
        max(last_seen_at) as last_seen_at,
        bool_or(not is_local) as is_official_source,
        bool_and(online_status = 'replaced') as is_replaced,
        case
            when bool_or(online_status = 'online') then 'online'
            when bool_or(online_status = 'replaced') then 'replaced'
            when bool_or(online_status = 'withdrawn') then 'withdrawn'
            else 'local'
        end as online_status
    from publication
    group by file_sha256

),

placed as (

    select
        document.document_id,
        document.batch_id,
        document.reading_id,
        document.file_sha256,
        document.department as name_printed,
        {{ standard_name('document.department') }} as name_standard,
        document.fiscal_year,
        document.phase,
        document.scope,
        document.template,
        document.page_count,
        document.text_layer,
        recognised.recognised_pages,
        document.has_watermark,
        document.verdict_status,
        document.verdict_reasons,
        document.cells_sha256,
        document.content_sha256,
        document.parser_version,
        coalesce(seen.county_code, county.county_code) as county_code,
        coalesce(seen.county, document.county) as county,
        document.county as county_printed,
        county.county_code as county_code_printed,
        seen.source_url,
        coalesce(seen.is_official_source, false) as is_official_source,
        seen.published_on,
        coalesce(seen.effective_on, cast(document.landed_at as date)) as effective_on,
        coalesce(seen.first_seen_at, document.landed_at) as first_seen_at,
        coalesce(seen.last_seen_at, document.landed_at) as last_seen_at,
        coalesce(seen.is_replaced, false) as is_replaced,
        coalesce(seen.online_status, 'unknown') as online_status
    from document
    left join seen on document.file_sha256 = seen.file_sha256
    left join county on document.county = county.county
    left join recognised
        on
            document.document_id = recognised.document_id
            and document.batch_id = recognised.batch_id
            and document.reading_id = recognised.reading_id

),

final as (

    select
        placed.*,
        case
            when coalesce(placed.name_standard, '') != ''
                then {{ organisation_id(
                    'placed.county_code', 'placed.county',
                    'coalesce(same_body.same_as, placed.name_printed)'
                ) }}
        end as organisation_id
    from placed
    left join same_body
        on
            placed.county_code = same_body.county_code
            and placed.name_standard = same_body.name_standard

)

select * from final
