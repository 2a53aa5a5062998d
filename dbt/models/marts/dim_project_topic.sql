{#- Which projects are about what, told by their names alone (推算): a project may have several
    topics, so amounts joined to this table are added up within one topic only. -#}
with project as (

    select * from {{ ref('dim_project') }}

),

topic as (

    select * from {{ ref('seed_topic') }}

)

select
    project.project_id,
    topic.topic_code,
    topic.topic_group,
    regexp_extract(project.name_standard, topic.name_pattern) as matched_text
from project
inner join topic
    on
        regexp_matches(project.name_standard, topic.name_pattern)
        and {{ holds_in_years('topic', 'project.first_year', 'project.last_year') }}
