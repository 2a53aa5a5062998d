{#- A total beside last year's: as this year's text states it, and as last year's document printed
    it. Comparable only where the second is known and the first does not contradict it. Where last
    year's grand total is stated otherwise than it was printed (口径调整: a merger, other units), so is
    what it was made of: parts of which the text says nothing are not comparable either. -#}
with measure as (

    select * from {{ ref('int_measure') }}

),

declared as (

    select * from {{ ref('seed_year_measure') }}

),

document as (

    select * from {{ ref('int_document') }}
    where is_current

),

figure as (

    select
        document_id,
        figure_path,
        case when count(distinct amount_wan) = 1 then min(amount_wan) end as amount_wan,
        -- the step as printed, in 万元; in 元 a figure is exact to what is printed as well
        max(cast(
            case unit_printed when '元' then 0.0001 else 1 end
            * pow(10, -length(regexp_extract(figure_text, '\.(\d+)', 1)))
            as decimal(20, 6)
        )) as step_wan
    from {{ ref('fct_narrative_figure') }}
    where
        (unit_printed in ('万元', '元') or unit_printed is null)
        and figure_path in (
            select declared.delta_path from declared
            union all
            select declared.prior_path from declared
        )
    group by document_id, figure_path

),

stated as (

    select
        {{ document_columns('document') }},
        measure.measure,
        declared.term_zh,
        measure.amount_wan,
        measure.step_wan,
        measure.page,
        measure.source,
        cast(
            coalesce(prior_figure.amount_wan, measure.amount_wan - delta.amount_wan)
            as decimal(20, 6)
        ) as prior_as_stated_wan,
        -- running text drops the zeros at the end, so a change has the step of its form at most
        case
            when prior_figure.amount_wan is not null then [prior_figure.step_wan]
            else [measure.step_wan, least(delta.step_wan, measure.step_wan)]
        end as stated_steps
    from measure
    inner join document on measure.document_id = document.document_id
    inner join declared on measure.measure = declared.measure
    left join figure as delta
        on
            measure.document_id = delta.document_id
            and declared.delta_path = delta.figure_path
    left join figure as prior_figure
        on
            measure.document_id = prior_figure.document_id
            and declared.prior_path = prior_figure.figure_path

),

paired as (

    select
        stated.*,
        previous.document_id as prior_document_id,
        previous.amount_wan as prior_as_published_wan,
        {{ rounding_bound('list_append(stated.stated_steps, previous.step_wan)') }}
            as prior_tolerance_wan,
        prior_document.document_id is not null as is_prior_published
    from stated
    left join stated as previous
        on
            stated.organisation_id = previous.organisation_id
            and stated.phase = previous.phase
            and stated.scope = previous.scope
            and stated.measure = previous.measure
            and stated.fiscal_year = previous.fiscal_year + 1
    left join document as prior_document
        on
            stated.organisation_id = prior_document.organisation_id
            and stated.phase = prior_document.phase
            and stated.scope = prior_document.scope
            and stated.fiscal_year = prior_document.fiscal_year + 1

),

held as (

    select
        *,
        coalesce(
            abs(prior_as_stated_wan - prior_as_published_wan) > prior_tolerance_wan, false
        ) as is_restated
    from paired

),

judged as (

    select
        *,
        case
            when not is_prior_published then 'prior_not_published'
            when prior_as_published_wan is null then 'prior_blank'
            when is_restated then 'prior_restated'
            when
                prior_as_stated_wan is null
                and bool_or(
                    is_restated
                    and measure in ('income_total', 'expenditure_total', 'general_public_expenditure')
                ) over (partition by document_id)
                then 'total_restated'
        end as break_reason
    from held

)

select
    {{ document_columns('judged') }},
    judged.measure,
    judged.term_zh,
    judged.amount_wan,
    judged.prior_as_stated_wan,
    judged.prior_as_published_wan,
    case
        when judged.prior_as_stated_wan is not null and judged.prior_as_published_wan is not null
            then judged.prior_tolerance_wan
    end as prior_tolerance_wan,
    judged.prior_document_id,
    judged.break_reason is null as is_comparable,
    judged.break_reason,
    case
        when judged.break_reason is null then cast(judged.amount_wan - judged.prior_as_published_wan as decimal(20, 6))
    end as change_wan,
    judged.page,
    judged.source
from judged
