with publication as (

    select * from {{ ref('int_publication') }}

),

document as (

    select * from {{ ref('int_document') }}

),

-- a name that says nothing of year, phase or body contradicts nothing
named as (

    select
        publication.*,
        document.document_id,
        document.organisation_id,
        document.fiscal_year,
        document.phase,
        document.name_standard,
        coalesce(publication.county_code, document.county_code) as place_code,
        coalesce(publication.link_text, publication.file_name, '') as name_given,
        try_cast(
            nullif(regexp_extract(coalesce(publication.link_text, publication.file_name, ''), '20[0-9]{2}'), '')
            as integer
        ) as year_given,
        case
            when contains(coalesce(publication.link_text, publication.file_name, ''), '决算')
                then 'final_account'
            when contains(coalesce(publication.link_text, publication.file_name, ''), '预算')
                then 'budget'
        end as phase_given,
        -- a bureau is named in full after its county; other bodies have too many short names
        nullif(
            regexp_extract(
                coalesce(publication.link_text, publication.file_name, ''),
                document.county || '([一-龥]{2,10}局)', 1
            ),
            ''
        ) as bureau_given
    from publication
    left join document on publication.file_sha256 = document.file_sha256

)

select
    document_id,
    organisation_id,
    place_code as county_code,
    file_sha256,
    url,
    parent_sha256,
    member_path,
    article_url,
    article_title,
    link_text,
    file_name,
    nullif(
        concat_ws(
            ', ',
            case when year_given <> fiscal_year then 'year' end,
            case when phase_given <> phase then 'phase' end,
            case when not contains(name_standard, bureau_given) then 'body' end
        ),
        ''
    ) as name_differs,
    published_on,
    first_seen_at,
    last_seen_at,
    replaced_at,
    withdrawn_at,
    online_status
from named
