{#- Codes and names as printed, held against the reference lists (代码核对): a code that no list knows, a
    name that differs from every name the code ever had, a code or county printed outside the years
    it was valid. Nothing is changed: marts keep what is printed. -#}
with document as (

    select * from {{ ref('int_document') }}
    where status != 'quarantined'

),

printed as (

    select * from {{ ref('int_document_function') }}

),

declared as (

    select * from {{ ref('seed_function') }}

),

known_name as (

    select
        function_code,
        {{ tidy_label('function_name') }} as function_name,
        valid_from_year,
        valid_to_year
    from declared

    union all

    select
        function_code,
        {{ tidy_label('function_name') }} as function_name,
        valid_from_year,
        valid_to_year
    from {{ ref('seed_function_name') }}

    union all

    select
        function_code,
        {{ tidy_label('class_name') }} as function_name,
        cast(null as integer) as valid_from_year,
        cast(null as integer) as valid_to_year
    from {{ ref('seed_class_name') }}

),

known as (

    select
        function_code,
        list(distinct function_name) as function_names
    from known_name
    group by function_code

),

function_code as (

    select
        printed.document_id,
        case
            when known.function_code is null then 'unknown_code'
            when not list_contains(known.function_names, {{ tidy_label('printed.function_name') }})
                then 'other_name'
            when
                document.fiscal_year < declared.valid_from_year
                or document.fiscal_year > declared.valid_to_year
                then 'not_valid_in_year'
        end as kind,
        'function' as classification,
        printed.function_code as code,
        printed.function_name as name_printed,
        declared.function_name as name_declared,
        printed.forms
    from printed
    inner join document on printed.document_id = document.document_id
    left join declared on printed.function_code = declared.function_code
    left join known on printed.function_code = known.function_code

),

revenue as (

    select distinct
        document_id,
        item_code,
        {{ tidy_label('item_name') }} as item_name,
        'T07' as form
    from {{ ref('fct_government_managed_fund') }}
    where
        flow = 'income'
        and item_code is not null

    union all

    select distinct
        document_id,
        item_code,
        {{ tidy_label('item_name') }} as item_name,
        'T09' as form
    from {{ ref('fct_state_capital_operation') }}
    where flow = 'income'

),

declared_income as (

    select
        income_code,
        income_name,
        {{ tidy_label('income_name') }} as name_compared
    from {{ ref('seed_income') }}

),

income_code as (

    select
        revenue.document_id,
        case
            when declared_income.income_code is null then 'unknown_code'
            when declared_income.name_compared != coalesce(revenue.item_name, '') then 'other_name'
        end as kind,
        'revenue' as classification,
        revenue.item_code as code,
        revenue.item_name as name_printed,
        declared_income.income_name as name_declared,
        string_agg(revenue.form, ', ' order by revenue.form) as forms
    from revenue
    left join declared_income on revenue.item_code = declared_income.income_code
    group by all

),

economic as (

    select distinct
        document_id,
        economic_item as item_name,
        'department' as classification
    from {{ ref('fct_basic_expenditure') }}
    where economic_item is not null

    union all

    select distinct
        document_id,
        government_item as item_name,
        'government' as classification
    from {{ ref('fct_basic_expenditure') }}
    where government_item is not null

),

known_item as (

    select
        classification,
        item_name,
        -- a name that stands under several codes is valid while any of them is
        case when count(*) = count(valid_from_year) then min(valid_from_year) end as valid_from_year,
        case when count(*) = count(valid_to_year) then max(valid_to_year) end as valid_to_year
    from {{ ref('seed_economic_item') }}
    group by classification, item_name

),

economic_item as (

    select
        economic.document_id,
        case
            when known_item.item_name is null then 'unknown_name'
            when
                not (
                    {{ holds_in_years('known_item', 'document.fiscal_year', 'document.fiscal_year') }}
                )
                then 'not_valid_in_year'
        end as kind,
        economic.classification,
        cast(null as varchar) as code,
        economic.item_name as name_printed,
        known_item.item_name as name_declared,
        'T06' as forms
    from economic
    inner join document on economic.document_id = document.document_id
    left join known_item
        on
            economic.classification = known_item.classification
            and economic.item_name = known_item.item_name

),

county as (

    select
        place.document_id,
        case
            when declared.county_code is null then 'unknown_name'
            when
                make_date(place.fiscal_year, 12, 31) < declared.valid_from
                or make_date(place.fiscal_year, 1, 1) > declared.valid_to
                then 'not_valid_in_year'
        end as kind,
        'county' as classification,
        declared.county_code as code,
        place.county_printed as name_printed,
        declared.county as name_declared,
        cast(null as varchar) as forms
    from {{ ref('int_document_place') }} as place
    left join {{ ref('seed_county') }} as declared on place.county_printed = declared.county
    where
        place.county_printed is not null
        and place.fiscal_year is not null

),

combined as (

    select * from function_code
    union all
    select * from income_code
    union all
    select * from economic_item
    union all
    select * from county

)

select
    combined.document_id,
    document.organisation_id,
    document.county_code,
    document.fiscal_year,
    document.phase,
    document.scope,
    document.is_current,
    combined.classification,
    combined.kind,
    combined.code,
    combined.name_printed,
    combined.name_declared,
    combined.forms
from combined
inner join document on combined.document_id = document.document_id
where combined.kind is not null
