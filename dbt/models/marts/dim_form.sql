with form as (

    select * from {{ ref('seed_form') }}

)

select
    form,
    form_name,
    form_name_en
from form
