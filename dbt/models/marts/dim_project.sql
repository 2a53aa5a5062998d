{#- Projects over the years. Two years' projects are one where body, unit and name without the year
    agree; nothing is linked on resemblance. -#}
with project as (

    select
        *,
        {{ standard_project('project_name') }} as name_standard
    from {{ ref('fct_project') }}

),

restricted as (

    select string_agg(name_pattern, '|') as name_pattern
    from {{ ref('seed_topic') }}
    where is_restricted

),

grouped as (

    select
        project_id,
        any_value(organisation_id) as organisation_id,
        any_value(county_code) as county_code,
        arg_max(unit_name, (fiscal_year, unit_name)) as unit_name,
        arg_max(project_name, (fiscal_year, project_name)) as name_printed,
        min(name_standard) as name_standard,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year,
        count(distinct fiscal_year) as year_count,
        bool_or(is_carry_over) as has_carry_over
    from project
    group by project_id

)

select
    grouped.project_id,
    grouped.organisation_id,
    grouped.county_code,
    grouped.unit_name,
    grouped.name_printed,
    grouped.name_standard,
    grouped.first_year,
    grouped.last_year,
    grouped.year_count,
    grouped.has_carry_over,
    coalesce(regexp_matches(grouped.name_standard, restricted.name_pattern), false)
        as is_restricted,
    case when grouped.year_count > 1 then 'name' else 'none' end as link_method,
    case when grouped.year_count > 1 then cast(1 as decimal(3, 2)) end as link_confidence
from grouped
cross join restricted
