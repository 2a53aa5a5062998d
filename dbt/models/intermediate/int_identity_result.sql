{#- The second adder (复算): every bound identity added up again, from the figures as they stand in
    the warehouse. Terms of the forms take their value from int_amount, narrated figures in money
    from their landed row; what no table holds keeps the landed value. Rules that are no sum
    (shares, sets, texts, the joint test) keep the landed outcome and say so. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_reading_change'}
) }}

with reading as (

    select * from {{ ref('int_reading') }} as document
    where {{ is_touched('document', ref('int_reading_change')) }}

),

instance as (

    select instance.*
    from {{ ref('stg_identity_instance') }} as instance
    inner join reading
        on
            instance.document_id = reading.document_id
            and instance.batch_id = reading.batch_id
            and instance.reading_id = reading.reading_id

),

term as (

    select term.*
    from {{ ref('stg_identity_term') }} as term
    inner join reading
        on
            term.document_id = reading.document_id
            and term.batch_id = reading.batch_id
            and term.reading_id = reading.reading_id

),

amount as (

    select amount.*
    from {{ ref('int_amount') }} as amount
    inner join reading
        on
            amount.document_id = reading.document_id
            and amount.reading_id = reading.reading_id

),

figure as (

    select
        figure.document_id,
        figure.reading_id,
        figure.figure_path,
        count(*) as figure_count,
        min(figure.figure_value * case figure.unit_printed when '万元' then 10000 else 1 end)
            as value_yuan
    from {{ ref('stg_narrative_figure') }} as figure
    inner join reading
        on
            figure.document_id = reading.document_id
            and figure.batch_id = reading.batch_id
            and figure.reading_id = reading.reading_id
    where figure.unit_printed in ('万元', '元')
    group by figure.document_id, figure.reading_id, figure.figure_path

),

rule as (

    select * from {{ ref('seed_identity') }}

),

valued as (

    select
        term.document_id,
        term.reading_id,
        term.identity,
        term.instance,
        term.side,
        term.sign,
        term.value_yuan as landed_yuan,
        case
            when term.form like 'T__' and term.row_index is not null then 'form'
            when figure.figure_count = 1 then 'narrative'
            else 'landed'
        end as value_from,
        case
            when term.form like 'T__' and term.row_index is not null
                then amount.amount_printed * amount.factor
            when figure.figure_count = 1 then figure.value_yuan
            else term.value_yuan
        end as value_yuan
    from term
    left join amount
        on
            term.document_id = amount.document_id
            and term.form = amount.form
            and term.row_index = amount.row_index
            and term.column_index = amount.column_index
    left join figure
        on
            term.form = 'N'
            and term.document_id = figure.document_id
            and term.figure_key = figure.figure_path

),

side_sum as (

    select
        document_id,
        reading_id,
        identity,
        instance,
        count(*) as term_count,
        count(value_yuan) as value_count,
        count(*) filter (where value_yuan is distinct from landed_yuan) as differing_term_count,
        count(*) filter (where value_from = 'form') as form_term_count,
        coalesce(sum(sign * value_yuan) filter (where side = 'L'), 0) as left_yuan,
        coalesce(sum(sign * value_yuan) filter (where side = 'R'), 0) as right_yuan
    from valued
    group by document_id, reading_id, identity, instance

),

added as (

    select
        instance.*,
        side_sum.term_count,
        side_sum.value_count,
        side_sum.differing_term_count,
        side_sum.form_term_count,
        side_sum.left_yuan as recomputed_left_yuan,
        side_sum.right_yuan as recomputed_right_yuan,
        side_sum.left_yuan - side_sum.right_yuan as recomputed_difference_yuan,
        coalesce(rule.is_sum, true)
        and side_sum.term_count is not null
        and instance.outcome != 'not_applicable' as is_recomputed
    from instance
    left join side_sum
        on
            instance.document_id = side_sum.document_id
            and instance.identity = side_sum.identity
            and instance.instance = side_sum.instance
    left join rule on instance.identity = rule.identity

),

judged as (

    select
        *,
        {{ identity_outcome(
            'relation', 'recomputed_difference_yuan', 'coalesce(tolerance_yuan, 0)'
        ) }} as recomputed_outcome
    from added

),

final as (

    select
        document_id,
        reading_id,
        catalogue_version,
        identity,
        instance,
        severity,
        relation,
        outcome as landed_outcome,
        case when is_recomputed then recomputed_outcome else outcome end as outcome,
        is_recomputed,
        coalesce(differing_term_count, 0) as differing_term_count,
        coalesce(form_term_count, 0) as form_term_count,
        case when is_recomputed then recomputed_left_yuan else left_yuan end as left_yuan,
        case when is_recomputed then recomputed_right_yuan else right_yuan end as right_yuan,
        case when is_recomputed then recomputed_difference_yuan else difference_yuan end
            as difference_yuan,
        left_yuan as landed_left_yuan,
        right_yuan as landed_right_yuan,
        tolerance_yuan,
        addends,
        pages,
        unit,
        statement_1,
        statement_2,
        statement_1_en,
        statement_2_en
    from judged

)

select * from final
