{#- Every reviewed predecessor of a body: a merged body has several, dim_organisation names one. -#}
with link as (

    select * from {{ ref('stg_organisation_link') }}
    where predecessor is not null

)

select distinct
    {{ organisation_id('county_code', 'county_code', 'name_printed') }} as organisation_id,
    {{ organisation_id('county_code', 'county_code', 'predecessor') }} as predecessor_id,
    county_code,
    name_printed,
    predecessor as predecessor_name,
    change_kind,
    since as since_year
from link
