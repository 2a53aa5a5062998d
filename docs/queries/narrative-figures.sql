-- 预算情况说明（第三部分）的数字，逐项由公开表的事实表重新算出，与文字并列。
-- Every figure of the narrative (part 3), computed again from the facts of the forms, beside the text.
-- The computed side never reads fct_narrative_figure. A blank cell of a form reads as 0 in the text.
-- outcome: 一致 equal up to the rounding of what is added · 不符 differs · 上年未公开 a change against a
-- year whose document is not published · 表内无 stated in the text only, no published form holds it
with document as (
    select * from marts.dim_document
    where is_current
),
measure as (
    select
        document_id,
        max(amount_wan) filter (where measure = 'basic_expenditure') as basic,
        max(amount_wan) filter (where measure = 'project_expenditure') as project,
        max(amount_wan) filter (where measure = 'general_public_expenditure') as general_public,
        max(amount_wan) filter (where measure = 'general_public_basic_expenditure') as general_public_basic,
        max(amount_wan) filter (where measure = 'personnel_expense') as personnel,
        max(amount_wan) filter (where measure = 'non_personnel_expense') as non_personnel,
        max(amount_wan) filter (where measure = 'agency_operating_expense') as agency,
        max(amount_wan) filter (where measure = 'three_public_total') as three_public
    from marts.fct_year_comparison
    group by document_id
),
-- 支出总计 of T04 by budget, and what T01 spends in the year from money of the year
printed as (
    select
        document_id,
        max(amount_wan) filter (
            where form = 'T04' and row_label = '支出总计' and column_role = 'general_public_budget'
        ) as fiscal_general_public,
        max(amount_wan) filter (
            where form = 'T04' and row_label = '支出总计' and column_role = 'government_managed_funds'
        ) as fiscal_managed_funds,
        max(amount_wan) filter (
            where form = 'T04' and row_label = '支出总计' and column_role = 'state_capital_operations'
        ) as fiscal_state_capital,
        max(amount_wan) filter (
            where form = 'T01' and row_label = '本年支出合计' and column_role = 'current_year'
        ) as spent_this_year
    from marts.fct_amount
    where is_current and form in ('T01', 'T04') and side = 'expenditure' and row_kind = 'total'
    group by document_id
),
three_public as (
    select
        document_id,
        sum(amount_wan) filter (where expense_item = 'overseas') as overseas,
        sum(amount_wan) filter (where expense_item = 'hospitality') as hospitality,
        sum(amount_wan) filter (where expense_item = 'vehicle_purchase') as vehicle_purchase,
        sum(amount_wan) filter (where expense_item = 'vehicle_running') as vehicle_running,
        sum(amount_wan) filter (where starts_with(expense_item, 'vehicle')) as vehicles
    from marts.fct_three_public
    group by document_id
),
agency_unit as (
    select
        document_id,
        unit_name,
        sum(amount_wan) as amount_wan,
        row_number() over (partition by document_id order by min(row_index)) - 1 as unit_index
    from marts.fct_agency_operating_expense
    group by document_id, unit_name
),
agency as (
    select document_id, count(*) filter (where amount_wan > 0) as bodies
    from agency_unit
    group by document_id
),
project as (
    select
        document_id,
        count(distinct project_id) as projects,
        sum(amount_wan) as amount_wan,
        count(distinct unit_name) as units
    from marts.fct_project
    where not is_carry_over and row_kind = 'project'
    group by document_id
),
target as (
    select
        document_id,
        count(*) as published,
        sum(year_amount_wan) as amount_wan
    from marts.fct_performance_target
    where kind = 'project'
    group by document_id
),
base as (
    select
        document.document_id,
        document.organisation_id,
        document.fiscal_year,
        document.phase,
        document.scope,
        summary.* exclude (document_id, organisation_id, county_code, fiscal_year, phase, scope, is_additive, unit_printed),
        measure.* exclude (document_id),
        printed.* exclude (document_id),
        three_public.* exclude (document_id),
        agency.bodies,
        project.projects,
        project.amount_wan as projects_wan,
        project.units,
        target.published,
        target.amount_wan as published_wan
    from document
    left join marts.fct_budget_summary as summary on document.document_id = summary.document_id
    left join measure on document.document_id = measure.document_id
    left join printed on document.document_id = printed.document_id
    left join three_public on document.document_id = three_public.document_id
    left join agency on document.document_id = agency.document_id
    left join project on document.document_id = project.document_id
    left join target on document.document_id = target.document_id
),
paired as (
    select
        base.*,
        previous.document_id is not null as has_prior,
        base.income_total_wan - previous.income_total_wan as income_delta,
        previous.income_total_wan as income_prior,
        base.expenditure_total_wan - previous.expenditure_total_wan as expense_delta,
        previous.expenditure_total_wan as expense_prior,
        base.general_public - previous.general_public as general_public_delta,
        previous.general_public as general_public_prior,
        base.agency - previous.agency as agency_delta,
        previous.agency as agency_prior,
        base.three_public - previous.three_public as three_public_delta,
        base.hospitality - previous.hospitality as hospitality_delta,
        base.vehicles - previous.vehicles as vehicles_delta,
        base.vehicle_running - previous.vehicle_running as vehicle_running_delta
    from base
    left join base as previous
        on
            base.organisation_id = previous.organisation_id
            and base.phase = previous.phase
            and base.scope = previous.scope
            and base.fiscal_year = previous.fiscal_year + 1
),
said (document_id, figure_path, computed, is_change, has_prior) as (
    select
        paired.document_id,
        entry.figure_path,
        entry.computed,
        entry.is_change,
        paired.has_prior
    from paired,
        lateral (
            values
            ('income_total', income_total_wan, false),
            ('income_section_total', income_total_wan, false),
            ('income_this_year', current_year_income_wan, false),
            ('carryover', carry_over_wan, false),
            ('income_general_public_budget/amount', general_public_budget_income_wan, false),
            ('income_government_managed_funds/amount', government_managed_funds_income_wan, false),
            ('income_state_capital_operations/amount', state_capital_operations_income_wan, false),
            ('income_special_fiscal_accounts/amount', special_fiscal_accounts_income_wan, false),
            ('income_own_funds/amount', own_funds_income_wan, false),
            ('income_carryover/amount', carry_over_wan, false),
            ('income_general_public_budget/pct', 100 * general_public_budget_income_wan / income_total_wan, false),
            ('income_government_managed_funds/pct', 100 * government_managed_funds_income_wan / income_total_wan, false),
            ('income_state_capital_operations/pct', 100 * state_capital_operations_income_wan / income_total_wan, false),
            ('income_special_fiscal_accounts/pct', 100 * special_fiscal_accounts_income_wan / income_total_wan, false),
            ('income_own_funds/pct', 100 * own_funds_income_wan / income_total_wan, false),
            ('income_carryover/pct', 100 * carry_over_wan / income_total_wan, false),
            ('expense_total', expenditure_total_wan, false),
            ('expense_section_total', current_year_expenditure_wan, false),
            ('expense_this_year', expenditure_from_current_year_wan, false),
            ('expense_carryover', expenditure_from_carry_over_wan, false),
            ('expense_basic/amount', basic, false),
            ('expense_basic/pct', 100 * basic / (basic + project), false),
            ('expense_project/amount', project, false),
            ('expense_project/pct', 100 * project / (basic + project), false),
            ('fiscal_total', fiscal_income_total_wan, false),
            ('fiscal_this_year', fiscal_current_year_income_wan, false),
            ('fiscal_carryover', fiscal_carry_over_wan, false),
            ('fiscal_year_end_carryover', fiscal_year_end_carry_over_wan, false),
            ('fiscal_general_public', fiscal_general_public, false),
            ('fiscal_government_managed_funds', fiscal_managed_funds, false),
            ('fiscal_state_capital_operations', fiscal_state_capital, false),
            ('general_public_this_year', general_public, false),
            ('general_public_basic', general_public_basic, false),
            ('basic_personnel', personnel, false),
            ('basic_non_personnel', non_personnel, false),
            ('agency_operating_expense', agency, false),
            ('agency_operating_bodies', bodies, false),
            ('three_public_total', three_public, false),
            ('three_public_overseas', overseas, false),
            ('three_public_reception', hospitality, false),
            ('three_public_vehicles', vehicles, false),
            ('three_public_vehicle_purchase', vehicle_purchase, false),
            ('three_public_vehicle_operation', vehicle_running, false),
            ('perf_projects', projects, false),
            ('perf_amount', projects_wan, false),
            ('perf_published', published, false),
            ('perf_published_amount', published_wan, false),
            ('perf_published_pct', 100 * published_wan / projects_wan, false),
            ('perf_units', units, false),
            ('perf_units_reporting', units, false),
            ('perf_units_amount', spent_this_year, false),
            ('perf_whole_amount', spent_this_year, false),
            ('perf_whole_basic', spent_this_year - projects_wan, false),
            ('perf_whole_project', projects_wan, false),
            ('income_yoy_delta', abs(income_delta), true),
            ('income_yoy_pct', 100 * abs(income_delta) / income_prior, true),
            ('expense_yoy_delta', abs(expense_delta), true),
            ('expense_yoy_pct', 100 * abs(expense_delta) / expense_prior, true),
            ('general_public_yoy_delta', abs(general_public_delta), true),
            ('general_public_yoy_pct', 100 * abs(general_public_delta) / general_public_prior, true),
            ('agency_operating_yoy_delta', abs(agency_delta), true),
            ('agency_operating_yoy_pct', 100 * abs(agency_delta) / agency_prior, true),
            ('agency_operating_prior', agency_prior, true),
            ('three_public_yoy_delta', abs(three_public_delta), true),
            ('three_public_reception_yoy_delta', abs(hospitality_delta), true),
            ('three_public_vehicles_yoy_delta', abs(vehicles_delta), true),
            ('three_public_vehicle_operation_yoy_delta', abs(vehicle_running_delta), true)
        ) as entry (figure_path, computed, is_change)

    union all

    select
        amount.document_id,
        'fiscal_by_function/' || regexp_replace(amount.row_label, '^[一二三四五六七八九十]+、', '') as figure_path,
        amount.amount_wan as computed,
        false as is_change,
        false as has_prior
    from marts.fct_amount as amount
    where
        amount.is_current
        and amount.form = 'T04'
        and amount.side = 'expenditure'
        and amount.column_role = 'total'
        and amount.function_code is not null

    union all

    select
        general.document_id,
        'general_public_by_function/' || dim_function.function_name || part.suffix as figure_path,
        case part.suffix
            when '/amount' then sum(general.amount_wan)
            else 100 * sum(general.amount_wan) / any_value(measure.general_public)
        end as computed,
        false as is_change,
        false as has_prior
    from marts.fct_general_public_expenditure as general
    inner join marts.dim_function as dim_function on general.class_code = dim_function.function_code
    inner join measure on general.document_id = measure.document_id
    cross join (values ('/amount'), ('/pct')) as part (suffix)
    group by general.document_id, dim_function.function_name, part.suffix

    union all

    select
        document_id,
        'agency_operating_units/' || unit_index || '/amount' as figure_path,
        amount_wan as computed,
        false as is_change,
        false as has_prior
    from agency_unit

    union all

    select
        unit.document_id,
        'agency_operating_units/' || unit.unit_index || part.suffix as figure_path,
        case part.suffix
            when '/prior' then before.amount_wan
            when '/delta' then abs(unit.amount_wan - before.amount_wan)
            else 100 * abs(unit.amount_wan - before.amount_wan) / before.amount_wan
        end as computed,
        true as is_change,
        before.document_id is not null as has_prior
    from agency_unit as unit
    inner join base on unit.document_id = base.document_id
    left join base as previous
        on
            base.organisation_id = previous.organisation_id
            and base.phase = previous.phase
            and base.scope = previous.scope
            and base.fiscal_year = previous.fiscal_year + 1
    left join agency_unit as before
        on previous.document_id = before.document_id and unit.unit_name = before.unit_name
    cross join (values ('/prior'), ('/delta'), ('/pct')) as part (suffix)

    union all

    select
        document_id,
        'procurement_' || entry.category as figure_path,
        entry.amount_wan as computed,
        false as is_change,
        false as has_prior
    from (
        select document_id, category, amount_wan from marts.fct_procurement
        union all
        select document_id, 'total' as category, sum(amount_wan) as amount_wan
        from marts.fct_procurement
        group by document_id
    ) as entry

    union all

    select
        document_id,
        measure as figure_path,
        value as computed,
        false as is_change,
        false as has_prior
    from marts.fct_asset
    where value is not null
)
select
    document.county,
    document.department,
    document.fiscal_year,
    figure.figure_path,
    figure.figure_text,
    figure.figure_value,
    figure.unit_printed,
    cast(said.computed as decimal(20, 6)) as computed,
    case
        when said.figure_path is null then '表内无'
        when said.is_change and not said.has_prior then '上年未公开'
        -- rounded parts add up to a tail of 0.01 each; shares are rounded once more
        when abs(abs(coalesce(figure.figure_value, 0)) - coalesce(said.computed, 0)) <= 0.0201 then '一致'
        else '不符'
    end as outcome,
    document.document_id,
    document.source_url,
    figure.page
from marts.fct_narrative_figure as figure
inner join document on figure.document_id = document.document_id
left join said on figure.document_id = said.document_id and figure.figure_path = said.figure_path
where figure.figure_value is not null
order by document.county, document.department, document.fiscal_year, figure.position
