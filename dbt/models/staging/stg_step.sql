with source as (

    select * from {{ source('raw', 'raw_step') }}

),

renamed as (

    select
        step_id,
        step,
        run_id,
        started_at,
        seconds,
        is_success,
        new_files,
        documents,
        findings_new
    from source

)

select * from renamed
