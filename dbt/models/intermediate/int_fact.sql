{#- The figures that facts are made of (现行金额): of current, accepted documents, with what every
    fact says about its document. The typed facts take their rows and columns from here. -#}
{{ config(materialized='view') }}

with amount as (

    select * from {{ ref('int_amount') }}

),

document as (

    select * from {{ ref('int_document') }}
    where is_current

),

final as (

    select
        document.organisation_id,
        document.county_code,
        document.fiscal_year,
        document.phase,
        document.scope,
        document.is_additive,
        amount.*
    from amount
    inner join document
        on
            amount.document_id = document.document_id
            and amount.reading_id = document.reading_id

)

select * from final
