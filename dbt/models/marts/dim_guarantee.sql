with guarantee as (

    select * from {{ ref('seed_guarantee') }}

)

select
    position,
    guarantee_code,
    guarantee,
    guarantee_en,
    form,
    expenditure_type,
    coalesce(code_prefix, '') as code_prefix,
    what
from guarantee
