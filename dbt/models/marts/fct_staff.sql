with attribute as (

    select * from {{ ref('int_attribute') }}
    where kind = 'staff'

)

select
    {{ document_columns('attribute') }},
    attribute.measure,
    attribute.term_zh,
    attribute.part_of,
    attribute.unit,
    attribute.value_text,
    attribute.value,
    attribute.printed_text,
    attribute.page
from attribute
