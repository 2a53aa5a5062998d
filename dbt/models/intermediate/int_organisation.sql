{#- Bodies (部门、单位): those that published, and the budget units (预算单位) their documents list.
    A unit that also published on its own is one body. -#}
with document as (

    select * from {{ ref('int_document') }}
    where organisation_id is not null

),

form_row as (

    select * from {{ ref('int_row') }}
    where
        form in ('T11', 'T12', 'T13')
        and row_kind = 'unit'
        and coalesce(row_label, '') != ''

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
        {{ organisation_id('document.county_code', 'document.county', 'form_row.row_label') }}
            as organisation_id,
        {{ standard_name('form_row.row_label') }} as name_standard,
        form_row.row_label as name_printed,
        document.county_code,
        document.county,
        document.fiscal_year,
        document.last_seen_at,
        false as is_publisher,
        false as is_department,
        document.organisation_id as parent_id
    from form_row
    inner join document on form_row.document_id = document.document_id
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
        on regexp_matches(grouped.name_standard, peer_group.name_pattern)
    group by grouped.organisation_id

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
        predecessor.predecessor_id,
        predecessor.change_kind
    from grouped
    left join peer on grouped.organisation_id = peer.organisation_id
    left join budget_code on grouped.organisation_id = budget_code.organisation_id
    left join predecessor on grouped.organisation_id = predecessor.organisation_id

)

select * from final
