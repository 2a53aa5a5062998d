{#- One row a document, so that any column may be summed. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='by_document',
    on_schema_change='fail',
    meta={'changes': 'int_document_change'}
) }}

{% set lines = [
    ('T01', 'income', 'income', 'grand_total', 'income_total_wan'),
    ('T01', 'income', 'income', 'income_total', 'current_year_income_wan'),
    ('T01', 'income', 'income', 'carry_over', 'carry_over_wan'),
    ('T01', 'income', 'income', 'general_public_budget', 'general_public_budget_income_wan'),
    ('T01', 'income', 'income', 'government_managed_funds', 'government_managed_funds_income_wan'),
    ('T01', 'income', 'income', 'state_capital_operations', 'state_capital_operations_income_wan'),
    ('T01', 'income', 'income', 'special_fiscal_accounts', 'special_fiscal_accounts_income_wan'),
    ('T01', 'income', 'income', 'own_funds', 'own_funds_income_wan'),
    ('T01', 'expenditure', 'total', 'grand_total', 'expenditure_total_wan'),
    ('T01', 'expenditure', 'current_year', 'grand_total', 'expenditure_from_current_year_wan'),
    ('T01', 'expenditure', 'carry_over', 'grand_total', 'expenditure_from_carry_over_wan'),
    ('T01', 'expenditure', 'total', 'expenditure_total', 'current_year_expenditure_wan'),
    ('T01', 'expenditure', 'total', 'year_end', 'year_end_carry_over_wan'),
    ('T04', 'income', 'income', 'grand_total', 'fiscal_income_total_wan'),
    ('T04', 'income', 'income', 'income_total', 'fiscal_current_year_income_wan'),
    ('T04', 'income', 'income', 'carry_over', 'fiscal_carry_over_wan'),
    ('T04', 'expenditure', 'total', 'grand_total', 'fiscal_expenditure_total_wan'),
    ('T04', 'expenditure', 'total', 'expenditure_total', 'fiscal_current_year_expenditure_wan'),
    ('T04', 'expenditure', 'total', 'year_end', 'fiscal_year_end_carry_over_wan'),
] -%}
with fact as (

    select * from {{ ref('int_fact') }}
    where
        {{ is_touched('', ref('int_document_change')) }}
        and form in ('T01', 'T04')

),

row_role as (

    select * from {{ ref('int_row_role') }}

),

line as (

    select
        fact.*,
        row_role.row_role
    from fact
    left join row_role
        on
            fact.document_id = row_role.document_id
            and fact.form = row_role.form
            and fact.row_index = row_role.row_index
            and fact.side = row_role.side

),

final as (

    select
        document_id,
        any_value(organisation_id) as organisation_id,
        any_value(county_code) as county_code,
        any_value(fiscal_year) as fiscal_year,
        any_value(phase) as phase,
        any_value(scope) as scope,
        any_value(is_additive) as is_additive,
        {% for form, side, column_role, row_role, name in lines %}
            max(
                case
                    when
                        form = '{{ form }}'
                        and side = '{{ side }}'
                        and column_role = '{{ column_role }}'
                        and row_role = '{{ row_role }}'
                        then amount_wan
                end
            ) as {{ name }},
        {% endfor %}
        any_value(unit_printed) as unit_printed,
        {{ least_certain('source') }} as source,
        min(case when form = 'T01' then page end) as page,
        min(case when form = 'T04' then page end) as fiscal_page
    from line
    group by document_id

)

select * from final
