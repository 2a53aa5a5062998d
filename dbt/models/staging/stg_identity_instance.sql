with source as (

    select * from {{ source('raw', 'raw_identity_instance') }}

),

renamed as (

    select
        batch_id || ':' || record_key as reading_id,
        document_id,
        catalogue_version,
        identity,
        instance,
        severity,
        relation,
        outcome,
        left_yuan,
        right_yuan,
        difference_yuan,
        tolerance_yuan,
        addends,
        pages,
        statement_1,
        statement_2
    from source

)

select * from renamed
