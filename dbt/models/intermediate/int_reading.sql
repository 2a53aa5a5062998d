{#- The reading that counts (采用的解析) of each file: the one landed last. A reading that failed
    for reasons of ours (time, memory, a defect) says nothing about the file and never displaces
    one that says something. -#}
with parse_outcome as (

    select * from {{ ref('stg_parse_outcome') }}

),

document as (

    select * from {{ ref('stg_document') }}

),

ranked as (

    select
        *,
        row_number() over (
            partition by file_sha256
            order by
                outcome in {{ quoted_list(var('transient_outcomes')) }},
                batch_sequence desc,
                batch_id desc
        ) as reading_rank
    from parse_outcome

),

reading as (

    select
        document.document_id,
        document.file_sha256,
        ranked.batch_id,
        ranked.reading_id,
        ranked.parser_version,
        ranked.catalogue_version,
        ranked.decisions_version,
        ranked.landed_at
    from ranked
    inner join document
        on
            ranked.batch_id = document.batch_id
            and ranked.reading_id = document.reading_id
            and ranked.file_sha256 = document.file_sha256
    where
        ranked.reading_rank = 1
        and ranked.outcome = 'parsed'

)

select * from reading
