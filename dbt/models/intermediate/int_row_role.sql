{#- What a summary row is (行含义), told by its printed label: first rule of the form and side that
    matches, where given only above or below another row (T04 prints the three budgets twice). -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with form_row as (

    select * from {{ ref('int_row') }}
    where {{ is_touched('', ref('int_reading_change')) }}

),

rule as (

    select * from {{ ref('seed_row_role') }}

),

side_row as (

    select
        document_id,
        form,
        row_index,
        'expenditure' as side,
        {{ tidy_label('row_label') }} as label
    from form_row
    where coalesce(row_label, '') != ''

    union all

    select
        document_id,
        form,
        row_index,
        'income' as side,
        {{ tidy_label('income_label') }} as label
    from form_row
    where coalesce(income_label, '') != ''

),

matched as (

    select
        side_row.document_id,
        side_row.form,
        side_row.row_index,
        side_row.side,
        rule.position,
        rule.row_role,
        rule.after_role,
        rule.before_role
    from side_row
    inner join rule
        on
            side_row.form = rule.form
            and side_row.side = rule.side
            and regexp_matches(side_row.label, rule.label_pattern)

),

anchor as (

    select
        document_id,
        form,
        side,
        row_role,
        min(row_index) as row_index
    from matched
    where after_role is null and before_role is null
    group by document_id, form, side, row_role

),

placed as (

    select matched.*
    from matched
    left join anchor as after_row
        on
            matched.document_id = after_row.document_id
            and matched.form = after_row.form
            and matched.side = after_row.side
            and matched.after_role = after_row.row_role
    left join anchor as before_row
        on
            matched.document_id = before_row.document_id
            and matched.form = before_row.form
            and matched.side = before_row.side
            and matched.before_role = before_row.row_role
    where
        (matched.after_role is null or matched.row_index > after_row.row_index)
        and (
            matched.before_role is null
            or matched.row_index < coalesce(before_row.row_index, 2147483647)
        )

),

first_rule as (

    select
        document_id,
        form,
        row_index,
        side,
        arg_min(row_role, position) as row_role
    from placed
    group by document_id, form, row_index, side

),

final as (

    select
        *,
        -- a role stands once in a form: further rows with the same label have none
        row_number() over (
            partition by document_id, form, side, row_role
            order by row_index
        ) as role_rank
    from first_rule

)

select
    document_id,
    form,
    row_index,
    side,
    row_role
from final
where role_rank = 1
