with funding_source as (

    select * from {{ ref('seed_funding_source') }}

)

select
    funding_source_code,
    funding_source,
    funding_source_en,
    is_fiscal_appropriation,
    is_carry_over,
    position,
    valid_from_year,
    valid_to_year,
    source
from funding_source
