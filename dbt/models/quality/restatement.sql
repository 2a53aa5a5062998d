{#- What a corrected republication (更正后重新公开) changed: figure by figure, of the forms and of the
    text (说明). Rows are matched by what they are called and how often, columns by what they mean,
    or where no declaration knows them by what is printed. -#}
with document as (

    select * from {{ ref('int_document') }}
    where
        version_kind = 'corrected_republication'
        and previous_document_id is not null

),

table_amount as (

    select
        document_id,
        form,
        row_label,
        column_path,
        column_role,
        amount_text,
        amount_wan,
        page,
        row_index as place,
        coalesce(row_code, row_label, '') as row_name,
        coalesce(side, '') as side_name,
        coalesce(unit_name, '') as unit,
        coalesce(column_role, {{ column_pattern_text('column_path') }}) as column_key
    from {{ ref('int_amount') }}
    where
        document_id in (
            select document.document_id from document
            union all
            select document.previous_document_id from document
        )
        -- numbers without decimals in a column that nobody declared count rows
        and (column_role is not null or regexp_matches(amount_text, '\.\d'))

),

narrative_amount as (

    select
        figure.document_id,
        'narrative' as form,
        figure.figure_path as row_label,
        figure.unit_printed as column_path,
        cast(null as varchar) as column_role,
        figure.figure_text as amount_text,
        case figure.unit_printed
            when '万元' then figure.figure_value
            when '元' then cast(figure.figure_value * 0.0001 as decimal(20, 6))
        end as amount_wan,
        figure.page,
        figure.position as place,
        figure.figure_path as row_name,
        '' as side_name,
        '' as unit,
        coalesce(figure.unit_printed, '') as column_key
    from {{ ref('stg_narrative_figure') }} as figure
    inner join {{ ref('int_reading') }} as reading
        on
            figure.document_id = reading.document_id
            and figure.batch_id = reading.batch_id
            and figure.reading_id = reading.reading_id
    where
        figure.unit_printed in ('万元', '元')
        and figure.document_id in (
            select document.document_id from document
            union all
            select document.previous_document_id from document
        )

),

figure as (

    select * from table_amount
    union all by name
    select * from narrative_amount

),

amount as (

    select
        *,
        row_number() over (
            partition by document_id, form, side_name, column_key, row_name, unit
            order by place
        ) as occurrence
    from figure

),

new_figure as (

    select
        document.document_id as new_document_id,
        document.previous_document_id,
        amount.*
    from document
    inner join amount on document.document_id = amount.document_id

),

old_figure as (

    select
        document.document_id as new_document_id,
        document.previous_document_id,
        amount.*
    from document
    inner join amount on document.previous_document_id = amount.document_id

),

compared as (

    select
        coalesce(new_figure.new_document_id, old_figure.new_document_id) as document_id,
        coalesce(new_figure.previous_document_id, old_figure.previous_document_id)
            as previous_document_id,
        coalesce(new_figure.form, old_figure.form) as form,
        coalesce(new_figure.row_label, old_figure.row_label) as row_label,
        coalesce(new_figure.column_path, old_figure.column_path) as column_path,
        coalesce(new_figure.column_role, old_figure.column_role) as column_role,
        old_figure.amount_text as previous_text,
        new_figure.amount_text,
        old_figure.amount_wan as previous_wan,
        new_figure.amount_wan,
        old_figure.page as previous_page,
        new_figure.page
    from new_figure
    full outer join old_figure
        on
            new_figure.new_document_id = old_figure.new_document_id
            and new_figure.form = old_figure.form
            and new_figure.side_name = old_figure.side_name
            and new_figure.column_key = old_figure.column_key
            and new_figure.row_name = old_figure.row_name
            and new_figure.unit = old_figure.unit
            and new_figure.occurrence = old_figure.occurrence

)

select
    compared.document_id,
    compared.previous_document_id,
    document.organisation_id,
    document.county_code,
    document.fiscal_year,
    document.phase,
    document.scope,
    compared.form,
    compared.row_label,
    compared.column_path,
    compared.column_role,
    compared.previous_text,
    compared.amount_text,
    compared.previous_wan,
    compared.amount_wan,
    cast(
        coalesce(compared.amount_wan, 0) - coalesce(compared.previous_wan, 0) as decimal(20, 6)
    ) as difference_wan,
    compared.previous_page,
    compared.page
from compared
inner join document on compared.document_id = document.document_id
where compared.amount_wan is distinct from compared.previous_wan
