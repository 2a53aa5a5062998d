{#- One row a document (文本) with everything a fact says about its document. Small bodies call their
    own budget 部门预算 too: one that a department's document of the same county, year and phase lists
    as its budget unit is contained in that document, and is not added up beside it. -#}
with place as (

    select * from {{ ref('int_document_place') }}

),

status as (

    select * from {{ ref('int_document_status') }}

),

currency as (

    select * from {{ ref('int_currency') }}

),

same_body as (

    select
        county_code,
        name_standard,
        {{ standard_name('same_as') }} as same_name
    from {{ ref('stg_organisation_link') }}
    where same_as is not null

),

consolidated as (

    select
        place.document_id,
        place.county_code,
        place.county,
        place.fiscal_year,
        place.phase,
        coalesce(same_body.same_name, place.name_standard) as body_name
    from place
    inner join currency on place.document_id = currency.document_id
    left join same_body
        on
            place.county_code = same_body.county_code
            and place.name_standard = same_body.name_standard
    where
        currency.is_current
        and place.scope = 'department'

),

listed as (

    select distinct
        consolidated.*,
        coalesce(same_body.same_name, unit.name_standard) as unit_name
    from consolidated
    inner join {{ ref('int_document_unit') }} as unit
        on consolidated.document_id = unit.document_id
    left join same_body
        on
            consolidated.county_code = same_body.county_code
            and unit.name_standard = same_body.name_standard
    where coalesce(same_body.same_name, unit.name_standard) != consolidated.body_name

),

contained as (

    select
        consolidated.document_id,
        min(listed.document_id) as contained_in_id
    from consolidated
    inner join listed
        on
            consolidated.county_code is not distinct from listed.county_code
            and consolidated.county is not distinct from listed.county
            and consolidated.fiscal_year = listed.fiscal_year
            and consolidated.phase = listed.phase
            and consolidated.body_name = listed.unit_name
    left join listed as other_way
        on
            consolidated.document_id = other_way.document_id
            and listed.body_name = other_way.unit_name
    -- two that list each other: one of them counts
    where
        other_way.document_id is null
        or listed.document_id < consolidated.document_id
    group by consolidated.document_id

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
        -- 部门 and 单位 are never added up: only the consolidated document may be summed, and only
        -- where no other one holds the same money
        currency.is_current
        and place.scope = 'department'
        and contained.document_id is null as is_additive,
        contained.contained_in_id,
        currency.version_number,
        currency.version_kind,
        currency.previous_document_id
    from place
    inner join status on place.document_id = status.document_id
    inner join currency on place.document_id = currency.document_id
    left join contained on place.document_id = contained.document_id

)

select * from final
