with source as (

    select * from {{ source('raw', 'raw_identity_instance') }}

),

renamed as (

    select
        batch_id,
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
        unit,
        statement_1,
        statement_2,
        statement_1_en,
        statement_2_en
    from source

)

select * from renamed
