with source as (

    select * from {{ source('raw', 'raw_parse_outcome') }}

),

batch as (

    select * from {{ source('raw', 'raw_batch') }}

),

renamed as (

    select
        source.batch_id || ':' || source.record_key as reading_id,
        source.batch_id,
        source.record_key,
        source.file_sha256,
        source.parser_version,
        source.catalogue_version,
        source.decisions_version,
        source.outcome,
        source.problem_code,
        source.problem_what,
        source.problem_where,
        source.problem_remedy,
        source.document_count,
        source.parsed_at,
        source.seconds,
        batch.sequence as batch_sequence,
        batch.committed_at as landed_at
    from source
    inner join batch on source.batch_id = batch.batch_id

)

select * from renamed
