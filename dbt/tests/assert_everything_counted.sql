{#- The whole warehouse, every night (总量核对): as many cells and numbers, and the same sum of them, as
    were counted document by document, and as were declared while landing. What lies there for
    years is not read again cell by cell; that none of it went or changed, this says. Nothing at all
    sums up to nothing: the first night may find an empty landing. -#}
with declared as (

    select
        coalesce(sum(form_table.declared_amount_count), 0) as amount_count,
        coalesce(sum(form_table.declared_amount_sum), 0) as amount_sum
    from {{ ref('stg_table') }} as form_table
    inner join {{ ref('int_reading') }} as reading
        on
            form_table.document_id = reading.document_id
            and form_table.batch_id = reading.batch_id
            and form_table.reading_id = reading.reading_id

),

counted as (

    select
        coalesce(sum(cell_count), 0) as cell_count,
        coalesce(sum(amount_count), 0) as amount_count,
        coalesce(sum(amount_sum), 0) as amount_sum
    from {{ ref('int_document_count') }}

),

held as (

    select
        count(*) as cell_count,
        count(amount_printed) as amount_count,
        coalesce(sum(amount_printed), 0) as amount_sum
    from {{ ref('int_amount') }}

)

select
    declared.amount_count as declared_count,
    counted.amount_count as counted_count,
    held.amount_count as held_count,
    declared.amount_sum as declared_sum,
    counted.amount_sum as counted_sum,
    held.amount_sum as held_sum
from declared
cross join counted
cross join held
where
    held.cell_count is distinct from counted.cell_count
    or held.amount_count is distinct from counted.amount_count
    or held.amount_sum is distinct from counted.amount_sum
    or held.amount_count is distinct from declared.amount_count
    or held.amount_sum is distinct from declared.amount_sum
