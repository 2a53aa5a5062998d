{#- Projects over the years. Two years' projects are one where body, unit and name without the year
    agree; nothing is linked on resemblance. -#}
with project as (

    select
        *,
        {{ standard_project('project_name') }} as name_standard
    from {{ ref('fct_project') }}

)

select
    project_id,
    any_value(organisation_id) as organisation_id,
    any_value(county_code) as county_code,
    arg_max(unit_name, (fiscal_year, unit_name)) as unit_name,
    arg_max(project_name, (fiscal_year, project_name)) as name_printed,
    any_value(name_standard) as name_standard,
    min(fiscal_year) as first_year,
    max(fiscal_year) as last_year,
    count(distinct fiscal_year) as year_count,
    bool_or(is_carry_over) as has_carry_over,
    'name' as link_method,
    cast(1 as decimal(3, 2)) as link_confidence
from project
group by project_id
