with topic as (

    select * from {{ ref('seed_topic') }}

)

select
    topic_code,
    topic,
    topic_en,
    topic_group,
    name_pattern,
    is_restricted,
    valid_from_year,
    valid_to_year,
    source
from topic
