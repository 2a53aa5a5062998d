{#- What the warehouse itself finds wrong with a reading (入库检查): each reason quarantines the
    document, because a plain SUM over it could be wrong without anybody noticing. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with reading as (

    select * from {{ ref('int_reading') }} as reading
    where {{ is_touched('reading', ref('int_reading_change')) }}

),

document as (

    select document.*
    from {{ ref('stg_document') }} as document
    inner join reading
        on
            document.document_id = reading.document_id
            and document.batch_id = reading.batch_id
            and document.reading_id = reading.reading_id

),

amount as (

    select * from {{ ref('int_amount') }}
    where {{ is_touched('', ref('int_reading_change')) }}

),

form_column as (

    select * from {{ ref('int_form_column') }}

),

form_table as (

    select form_table.*
    from {{ ref('stg_table') }} as form_table
    inner join reading
        on
            form_table.document_id = reading.document_id
            and form_table.batch_id = reading.batch_id
            and form_table.reading_id = reading.reading_id

),

not_judged as (

    select
        document_id,
        'not_judged' as reason_code,
        'the reading carries no verdict' as reason
    from document
    where verdict_status is null

),

no_body as (

    select
        document_id,
        'no_body' as reason_code,
        'the document names no body (部门名称) on its cover' as reason
    from document
    where coalesce(department, '') = ''

),

no_year as (

    select
        document_id,
        'no_year' as reason_code,
        'the document names no fiscal year (预算年度)' as reason
    from document
    where fiscal_year is null

),

no_form as (

    select
        document.document_id,
        'no_form' as reason_code,
        'no official form was read' as reason
    from document
    where document.document_id not in (select form_table.document_id from form_table)

),

unknown_column as (

    select
        amount.document_id,
        'unknown_column' as reason_code,
        'figures stand in a column without a declared meaning: '
        || string_agg(distinct amount.form || ' ' || amount.column_path, '; ') as reason
    from amount
    inner join form_column
        on
            amount.form = form_column.form
            and amount.column_path = form_column.column_path
    where
        amount.amount_printed is not null
        and (form_column.column_role is null or not form_column.is_amount)
    group by amount.document_id

),

repeated_role as (

    select
        document_id,
        form,
        row_index,
        side,
        column_role
    from amount
    where column_role is not null
    group by document_id, form, row_index, side, column_role
    having count(*) > 1

),

role_twice as (

    select
        document_id,
        'role_twice' as reason_code,
        'two columns of one form have the same meaning: ' || string_agg(distinct form, ', ')
            as reason
    from repeated_role
    group by document_id

),

unclear_amount as (

    select
        document_id,
        'unclear_amount' as reason_code,
        'text in an amount column was not read as a number: '
        || string_agg(distinct form || ' row ' || row_index || ' ' || amount_text, '; ') as reason
    from amount
    where
        amount_printed is null
        and not regexp_full_match(amount_text, '[\s　—–―－/-]*')
    group by document_id

),

violated as (

    select
        document_id,
        identity
    from {{ ref('int_identity_result') }}
    where
        outcome = 'violated'
        and document_id in (select reading.document_id from reading)

),

added as (

    select
        document_id,
        form,
        column_path,
        max(step) as step,
        count(*) filter (where is_leaf) as leaf_count,
        coalesce(sum(amount_printed) filter (where is_leaf), 0) as leaf_sum,
        max(amount_printed) filter (where row_kind in ('total', 'organisation')) as total
    from amount
    where
        form in ('T02', 'T03', 'T05', 'T06', 'T07', 'T08', 'T11', 'T12', 'T13')
        and amount_printed is not null
    group by document_id, form, column_path

),

-- where an identity of the form is violated, the publisher's own figures contradict each other
leaves_differ as (

    select
        added.document_id,
        'leaves_differ' as reason_code,
        'the rows that a sum counts do not add up to the printed total, and no identity says why: '
        || string_agg(distinct added.form || ' ' || added.column_path, '; ') as reason
    from added
    where
        abs(added.leaf_sum - added.total) > added.step * (added.leaf_count // 2)
        and not exists (
            select 1
            from violated
            where
                violated.document_id = added.document_id
                and contains(violated.identity, added.form)
        )
    group by added.document_id

),

final as (

    select * from not_judged
    union all
    select * from no_body
    union all
    select * from no_year
    union all
    select * from no_form
    union all
    select * from unknown_column
    union all
    select * from role_twice
    union all
    select * from unclear_amount
    union all
    select * from leaves_differ

)

select * from final
