{#- Bodies (部门、单位): those that published, and the budget units (预算单位) their documents list.
    A unit that also published on its own is one body. -#}
with document as (

    select * from {{ ref('int_document') }}
    where organisation_id is not null

),

listed_unit as (

    select * from {{ ref('int_document_unit') }}

),

peer_group as (

    select * from {{ ref('seed_peer_group') }}

),

budget_code as (

    select
        organisation_id,
        arg_max(budget_code, (fiscal_year, target_count, budget_code)) as budget_code
    from (
        select
            organisation_id,
            fiscal_year,
            budget_code,
            count(*) as target_count
        from {{ ref('int_target') }}
        where coalesce(budget_code, '') != ''
        group by organisation_id, fiscal_year, budget_code
    ) as counted
    group by organisation_id

),

predecessor as (

    select
        {{ organisation_id('county_code', 'county_code', 'name_printed') }} as organisation_id,
        {{ organisation_id('county_code', 'county_code', 'predecessor') }} as predecessor_id,
        change_kind
    from {{ ref('stg_organisation_link') }}
    where predecessor is not null
    qualify row_number() over (
        partition by county_code, name_standard
        order by since desc, predecessor asc
    ) = 1

),

publisher as (

    select
        organisation_id,
        name_standard,
        name_printed,
        county_code,
        county,
        fiscal_year,
        last_seen_at,
        true as is_publisher,
        -- the department's own name, not that of its head office (本级)
        scope = 'department' as is_department,
        cast(null as varchar) as parent_id
    from document

),

unit as (

    select
        {{ organisation_id_of('document.county_code', 'document.county', 'listed_unit.name_standard') }}
            as organisation_id,
        listed_unit.name_standard,
        listed_unit.unit_name as name_printed,
        document.county_code,
        document.county,
        document.fiscal_year,
        document.last_seen_at,
        false as is_publisher,
        false as is_department,
        document.organisation_id as parent_id
    from listed_unit
    inner join document on listed_unit.document_id = document.document_id
    where
        document.status != 'quarantined'
        and document.scope = 'department'

),

body as (

    select * from publisher
    union all
    select * from unit

),

grouped as (

    select
        organisation_id,
        arg_max(name_standard, (is_publisher, is_department, fiscal_year, last_seen_at, name_printed))
            as name_standard,
        arg_max(name_printed, (is_publisher, is_department, fiscal_year, last_seen_at, name_printed))
            as name_printed,
        list(distinct name_printed order by name_printed) as names_seen,
        any_value(county_code) as county_code,
        arg_max(county, last_seen_at) as county,
        bool_or(is_publisher) as is_publisher,
        arg_max(parent_id, (fiscal_year, parent_id)) filter (where parent_id != organisation_id)
            as parent_id,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year
    from body
    group by organisation_id

),

peer as (

    select
        grouped.organisation_id,
        arg_min(peer_group.peer_group, peer_group.position) as peer_group,
        arg_min(peer_group.institution_type, peer_group.position) as institution_type
    from grouped
    inner join peer_group
        on
            regexp_matches(grouped.name_standard, peer_group.name_pattern)
            and {{ holds_in_years('peer_group', 'grouped.first_year', 'grouped.last_year') }}
    group by grouped.organisation_id

),

county_change as (

    select
        now_valid.county_code,
        now_valid.county,
        before.county_code as earlier_code,
        before.county as earlier_county
    from {{ ref('seed_county') }} as before
    inner join {{ ref('seed_county') }} as now_valid
        on before.successor_code = now_valid.county_code

),

-- a county that changed its name renamed its bodies (撤县设区): 屯留县教育局 → 屯留区教育局
renamed_with_county as (

    select
        grouped.organisation_id,
        min(earlier.organisation_id) as predecessor_id
    from grouped
    inner join county_change on grouped.county_code = county_change.county_code
    inner join grouped as earlier
        on
            earlier.county_code in (county_change.county_code, county_change.earlier_code)
            and earlier.name_standard
            = replace(grouped.name_standard, county_change.county, county_change.earlier_county)
    where contains(grouped.name_standard, county_change.county)
    group by grouped.organisation_id
    having count(distinct earlier.organisation_id) = 1

),

final as (

    select
        grouped.organisation_id,
        grouped.parent_id,
        grouped.name_printed,
        grouped.name_standard,
        grouped.names_seen,
        grouped.county_code,
        grouped.county,
        budget_code.budget_code,
        case when grouped.parent_id is null then 'department' else 'unit' end as level,
        peer.institution_type,
        peer.peer_group,
        grouped.is_publisher,
        grouped.first_year,
        grouped.last_year,
        coalesce(predecessor.predecessor_id, renamed_with_county.predecessor_id) as predecessor_id,
        coalesce(
            predecessor.change_kind,
            case when renamed_with_county.predecessor_id is not null then 'renamed' end
        ) as change_kind
    from grouped
    left join peer on grouped.organisation_id = peer.organisation_id
    left join budget_code on grouped.organisation_id = budget_code.organisation_id
    left join predecessor on grouped.organisation_id = predecessor.organisation_id
    left join renamed_with_county
        on grouped.organisation_id = renamed_with_county.organisation_id

)

select * from final
