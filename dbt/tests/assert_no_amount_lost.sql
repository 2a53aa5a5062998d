{#- Nothing may be lost on the way (逐表核对): for every document and form, the numbers counted and
    added up while landing, the landed cells and fct_amount agree, to the last digit. -#}
with reading as (

    select * from {{ ref('int_reading') }}
    where document_id in {{ unchecked(ref('int_document_change')) }}

),

declared as (

    select
        form_table.document_id,
        form_table.form,
        form_table.declared_amount_count as amount_count,
        form_table.declared_amount_sum as amount_sum
    from {{ ref('stg_table') }} as form_table
    inner join reading
        on
            form_table.document_id = reading.document_id
            and form_table.batch_id = reading.batch_id
            and form_table.reading_id = reading.reading_id

),

landed as (

    select
        cell.document_id,
        cell.form,
        count(cell.amount_printed) as amount_count,
        coalesce(sum(cell.amount_printed), 0) as amount_sum
    from {{ ref('stg_cell') }} as cell
    inner join reading
        on
            cell.document_id = reading.document_id
            and cell.batch_id = reading.batch_id
            and cell.reading_id = reading.reading_id
    group by cell.document_id, cell.form

),

fact as (

    select
        document_id,
        form,
        count(amount_printed) as amount_count,
        coalesce(sum(amount_printed), 0) as amount_sum
    from {{ ref('fct_amount') }}
    where document_id in {{ unchecked(ref('int_document_change')) }}
    group by document_id, form

),

compared as (

    select
        coalesce(declared.document_id, landed.document_id, fact.document_id) as document_id,
        coalesce(declared.form, landed.form, fact.form) as form,
        coalesce(declared.amount_count, 0) as declared_count,
        coalesce(landed.amount_count, 0) as landed_count,
        coalesce(fact.amount_count, 0) as fact_count,
        coalesce(declared.amount_sum, 0) as declared_sum,
        coalesce(landed.amount_sum, 0) as landed_sum,
        coalesce(fact.amount_sum, 0) as fact_sum
    from declared
    full outer join landed
        on
            declared.document_id = landed.document_id
            and declared.form = landed.form
    full outer join fact
        on
            coalesce(declared.document_id, landed.document_id) = fact.document_id
            and coalesce(declared.form, landed.form) = fact.form

)

select * from compared
where
    declared_count != landed_count
    or landed_count != fact_count
    or declared_sum != landed_sum
    or landed_sum != fact_sum
