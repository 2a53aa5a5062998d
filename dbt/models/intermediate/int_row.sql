{#- Body rows of the readings that count, with what may be added up: adding up leaves (末级) counts
    nothing twice and leaves nothing out. Where rows have codes, a leaf is a code that no longer
    code of the same form starts with; where they have none (T06, T11–T13), a row that no row of a
    deeper kind follows. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with reading as (

    select * from {{ ref('int_reading') }}

),

form_row as (

    select * from {{ ref('stg_row') }}

),

new_row as (

    select form_row.*
    from form_row
    inner join reading
        on
            form_row.document_id = reading.document_id
            and form_row.batch_id = reading.batch_id
            and form_row.reading_id = reading.reading_id
    where {{ is_touched('reading', ref('int_reading_change')) }}

),

parent_code as (

    select distinct
        new_row.document_id,
        new_row.form,
        new_row.row_code[1:digits.prefix_length] as row_code
    from new_row
    cross join (values (3), (5), (7)) as digits (prefix_length)
    where
        regexp_full_match(new_row.row_code, '\d{3}(\d\d)+')
        and digits.prefix_length < length(new_row.row_code)

),

depth as (

    select
        *,
        lead(depth) over (
            partition by document_id, form
            order by row_index
        ) as next_depth
    from (
        select
            new_row.document_id,
            new_row.form,
            new_row.row_index,
            case new_row.row_kind
                when 'total' then 0
                when 'organisation' then 0
                when 'class' then 1
                when 'unit' then 1
                when 'item' then 2
                when 'project' then 2
            end as depth
        from new_row
        where new_row.form in ('T06', 'T11', 'T12', 'T13')
    ) as row_depth

),

final as (

    select
        new_row.document_id,
        new_row.reading_id,
        new_row.form,
        new_row.row_index,
        new_row.row_kind,
        new_row.row_label,
        new_row.row_code,
        new_row.income_kind,
        new_row.income_label,
        new_row.parent_index,
        new_row.unit_name,
        case
            when depth.depth is not null then depth.depth >= coalesce(depth.next_depth, 0)
            else
                new_row.row_code is not null
                and new_row.row_kind in ('class', 'section', 'item')
                and parent_code.row_code is null
        end as is_leaf
    from new_row
    left join depth
        on
            new_row.document_id = depth.document_id
            and new_row.form = depth.form
            and new_row.row_index = depth.row_index
    left join parent_code
        on
            new_row.document_id = parent_code.document_id
            and new_row.form = parent_code.form
            and new_row.row_code = parent_code.row_code

)

select * from final
