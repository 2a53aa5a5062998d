with organisation as (

    select * from {{ ref('int_organisation') }}

)

select
    organisation_id,
    parent_id,
    name_printed,
    name_standard,
    names_seen,
    county_code,
    county,
    budget_code,
    level,
    institution_type,
    peer_group,
    first_year as valid_from_year,
    last_year as valid_to_year,
    predecessor_id,
    change_kind
from organisation
