{#- No fact of a document that does not count (现行版本), and no current document whose summary is
    missing: over all documents, whatever was taken tonight. -#}
{%- set facts = [
    'fct_agency_operating_expense',
    'fct_asset',
    'fct_basic_expenditure',
    'fct_budget_summary',
    'fct_change_reason',
    'fct_expenditure',
    'fct_general_public_expenditure',
    'fct_government_managed_fund',
    'fct_narrative_figure',
    'fct_performance_funding',
    'fct_performance_indicator',
    'fct_performance_target',
    'fct_procurement',
    'fct_project',
    'fct_revenue',
    'fct_staff',
    'fct_state_capital_operation',
    'fct_three_public',
] %}
with document as (

    select * from {{ ref('int_document') }}
    where is_current

),

held as (

    {% for fact in facts %}
        select distinct
            document_id,
            '{{ fact }}' as fact
        from {{ ref(fact) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}

),

not_current as (

    select
        held.document_id,
        held.fact
    from held
    left join document on held.document_id = document.document_id
    where document.document_id is null

),

not_summed as (

    select
        document.document_id,
        'fct_budget_summary' as fact
    from document
    inner join {{ ref('int_document_count') }} as form_count
        on document.document_id = form_count.document_id
    left join {{ ref('fct_budget_summary') }} as summary
        on document.document_id = summary.document_id
    where
        form_count.form in ('T01', 'T04')
        and summary.document_id is null

)

select * from not_current
union all
select * from not_summed
