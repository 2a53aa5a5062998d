{#- Identities between documents (跨文本核对), which no single reading can judge.

    Y-PRIOR 上年数: last year's figure as this year's text implies it, and as last year's document
    printed it, but for what rounding each printed figure can leave.
    U-SUM 部门与单位: the units' own documents of one department do not exceed it, but for what
    rounding can leave. Less than the department is no contradiction: a unit may have no document.
    E-ONEOFF 一次性项目: a project that the targets of three years in a row call 一次性 (once and
    no more). Twice may be two projects of one name. -#}
with document as (

    select * from {{ ref('int_document') }}
    where is_current

),

measure as (

    select * from {{ ref('int_measure') }}

),

declared as (

    select * from {{ ref('seed_year_measure') }}

),

comparison as (

    select * from {{ ref('fct_year_comparison') }}
    where
        prior_as_stated_wan is not null
        and prior_as_published_wan is not null

),

listed_unit as (

    select distinct
        held.document_id,
        {{ organisation_id_of('document.county_code', 'document.county', 'held.name_standard') }}
            as unit_id
    from {{ ref('int_document_unit') }} as held
    inner join document on held.document_id = document.document_id
    where document.scope = 'department'

),

unit_sum as (

    select
        department.document_id,
        measure.measure,
        count(*) as unit_count,
        sum(measure.amount_wan) as units_wan,
        list(measure.step_wan) as unit_steps,
        list(unit.document_id order by unit.document_id) as unit_document_ids
    from listed_unit
    inner join document as department on listed_unit.document_id = department.document_id
    inner join document as unit
        on
            listed_unit.unit_id = unit.organisation_id
            and department.fiscal_year = unit.fiscal_year
            and department.phase = unit.phase
            and unit.scope in ('unit_own', 'unit')
    inner join measure on unit.document_id = measure.document_id
    group by department.document_id, measure.measure

),

prior_year as (

    select
        comparison.document_id,
        'Y-PRIOR' as identity,
        comparison.measure,
        '=' as relation,
        comparison.prior_as_stated_wan as left_value,
        comparison.prior_as_published_wan as right_value,
        comparison.prior_tolerance_wan as tolerance,
        [comparison.prior_document_id] as other_document_ids,
        '本年文本推算的上年' || declared.term_zh || cast(comparison.prior_as_stated_wan as decimal(20, 2)) || '万元'
            as statement_1,
        '上年文本公布的' || declared.term_zh || cast(comparison.prior_as_published_wan as decimal(20, 2)) || '万元'
            as statement_2,
        'this year''s text implies last year''s ' || declared.term_en || ' as '
        || cast(comparison.prior_as_stated_wan as decimal(20, 2)) || ' 万元' as statement_1_en,
        'last year''s text published ' || declared.term_en || ' as '
        || cast(comparison.prior_as_published_wan as decimal(20, 2)) || ' 万元' as statement_2_en,
        cast(null as varchar) as told_as
    from comparison
    inner join declared on comparison.measure = declared.measure

),

department_and_units as (

    select
        unit_sum.document_id,
        'U-SUM' as identity,
        unit_sum.measure,
        '<=' as relation,
        cast(unit_sum.units_wan as decimal(20, 6)) as left_value,
        measure.amount_wan as right_value,
        {{ rounding_bound('list_append(unit_sum.unit_steps, measure.step_wan)') }} as tolerance,
        unit_sum.unit_document_ids as other_document_ids,
        unit_sum.unit_count || '个所属单位文本的' || declared.term_zh || '之和'
        || cast(unit_sum.units_wan as decimal(20, 2)) || '万元' as statement_1,
        '部门文本的' || declared.term_zh || cast(measure.amount_wan as decimal(20, 2)) || '万元'
            as statement_2,
        declared.term_en || ' of ' || unit_sum.unit_count || ' units'' own documents: '
        || cast(unit_sum.units_wan as decimal(20, 2)) || ' 万元' as statement_1_en,
        declared.term_en || ' of the department''s document: '
        || cast(measure.amount_wan as decimal(20, 2)) || ' 万元' as statement_2_en,
        cast(null as varchar) as told_as
    from unit_sum
    inner join measure
        on
            unit_sum.document_id = measure.document_id
            and unit_sum.measure = measure.measure
    inner join declared on unit_sum.measure = declared.measure

),

once_only as (

    select
        target.document_id,
        target.project_id,
        document.organisation_id,
        document.fiscal_year,
        document.phase,
        document.scope,
        min(target.project_name) as project_name,
        sum(target.year_printed * target.factor * 0.0001) as amount_wan
    from {{ ref('int_target') }} as target
    inner join document on target.document_id = document.document_id
    where
        target.project_id is not null
        and target.project_attribute like '%一次性%'
    group by all

),

once_again as (

    select
        this_year.document_id,
        'E-ONEOFF' as identity,
        this_year.project_id as measure,
        '=' as relation,
        cast(this_year.amount_wan as decimal(20, 6)) as left_value,
        cast(last_year.amount_wan as decimal(20, 6)) as right_value,
        cast(0 as decimal(20, 6)) as tolerance,
        [last_year.document_id, year_before.document_id] as other_document_ids,
        '绩效目标表称「' || this_year.project_name || '」为一次性项目，本年'
        || cast(this_year.amount_wan as decimal(20, 2)) || '万元' as statement_1,
        '此前连续两年的同名项目亦称一次性，' || last_year.fiscal_year || '年'
        || cast(last_year.amount_wan as decimal(20, 2)) || '万元' as statement_2,
        'the target calls “' || this_year.project_name || '” a project of one time, this year '
        || cast(this_year.amount_wan as decimal(20, 2)) || ' 万元' as statement_1_en,
        'so did both years before of a project of the same name, ' || last_year.fiscal_year || ': '
        || cast(last_year.amount_wan as decimal(20, 2)) || ' 万元' as statement_2_en,
        'violated' as told_as
    from once_only as this_year
    inner join once_only as last_year
        on
            this_year.organisation_id = last_year.organisation_id
            and this_year.project_id = last_year.project_id
            and this_year.phase = last_year.phase
            and this_year.scope = last_year.scope
            and this_year.fiscal_year = last_year.fiscal_year + 1
    inner join once_only as year_before
        on
            last_year.organisation_id = year_before.organisation_id
            and last_year.project_id = year_before.project_id
            and last_year.phase = year_before.phase
            and last_year.scope = year_before.scope
            and last_year.fiscal_year = year_before.fiscal_year + 1

),

combined as (

    select * from prior_year
    union all
    select * from department_and_units
    union all
    select * from once_again

),

judged as (

    select
        *,
        cast(left_value - right_value as decimal(20, 6)) as difference
    from combined

)

select
    document.document_id,
    document.organisation_id,
    document.county_code,
    document.fiscal_year,
    document.phase,
    document.scope,
    judged.identity,
    judged.measure as instance,
    'soft' as severity,
    judged.relation,
    coalesce(
        judged.told_as,
        {{ identity_outcome('judged.relation', 'judged.difference', 'judged.tolerance') }}
    ) as outcome,
    judged.left_value,
    judged.right_value,
    judged.difference,
    judged.tolerance,
    judged.other_document_ids,
    judged.statement_1,
    judged.statement_2,
    judged.statement_1_en,
    judged.statement_2_en
from judged
inner join document on judged.document_id = document.document_id
