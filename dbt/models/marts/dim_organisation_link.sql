{#- Every known predecessor of a body: a merged body has several, dim_organisation names one. Reviewed
    decisions, and bodies that were renamed because their county was (撤县设区); nothing else is
    told from names. -#}
with reviewed as (

    select distinct
        {{ organisation_id('county_code', 'county_code', 'name_printed') }} as organisation_id,
        {{ organisation_id('county_code', 'county_code', 'predecessor') }} as predecessor_id,
        county_code,
        name_printed,
        predecessor as predecessor_name,
        change_kind,
        since as since_year
    from {{ ref('stg_organisation_link') }}
    where predecessor is not null

),

organisation as (

    select * from {{ ref('int_organisation') }}

),

renamed_with_county as (

    select
        organisation.organisation_id,
        organisation.predecessor_id,
        organisation.county_code,
        organisation.name_printed,
        predecessor.name_printed as predecessor_name,
        organisation.change_kind
    from organisation
    inner join organisation as predecessor
        on organisation.predecessor_id = predecessor.organisation_id
    where organisation.organisation_id not in (select reviewed.organisation_id from reviewed)

),

final as (

    select
        *,
        'reviewed' as basis
    from reviewed

    union all by name

    select
        *,
        'county_renamed' as basis
    from renamed_with_county

)

select * from final
