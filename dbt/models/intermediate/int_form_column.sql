{#- What each printed column is (栏目含义): by form and by its path without the year; the
    first pattern that matches gives the role. A column that no pattern claims stays without a role; a document with figures in one is quarantined. -#}
with form_table as (

    select
        form,
        unnest(column_paths) as column_path
    from {{ ref('stg_table') }}

),

pattern as (

    select * from {{ ref('seed_form_column') }}

),

printed as (

    select distinct
        form,
        column_path,
        {{ column_pattern_text('column_path') }} as column_text
    from form_table

),

matched as (

    select
        printed.form,
        printed.column_path,
        arg_min(pattern.column_role, pattern.position) as column_role,
        arg_min(pattern.is_amount, pattern.position) as is_amount,
        arg_min(pattern.side, pattern.position) as side,
        arg_min(pattern.funding_source_code, pattern.position) as funding_source_code,
        -- T01, T04 and T09 print income on the left and expenditure on the right of one row
        printed.form in ('T01', 'T04', 'T09')
        and arg_min(pattern.side, pattern.position) = 'income' as is_left_half
    from printed
    left join pattern
        on
            printed.form = pattern.form
            and regexp_matches(printed.column_text, pattern.column_pattern)
    group by printed.form, printed.column_path

)

select * from matched
