with publication as (

    select * from {{ ref('int_publication') }}

),

document as (

    select * from {{ ref('int_document') }}

)

select
    document.document_id,
    document.organisation_id,
    coalesce(publication.county_code, document.county_code) as county_code,
    publication.file_sha256,
    publication.url,
    publication.parent_sha256,
    publication.member_path,
    publication.article_url,
    publication.article_title,
    publication.link_text,
    publication.file_name,
    publication.published_on,
    publication.first_seen_at,
    publication.last_seen_at,
    publication.replaced_at,
    publication.withdrawn_at,
    publication.online_status
from publication
left join document on publication.file_sha256 = document.file_sha256
