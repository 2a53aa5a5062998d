with declared as (

    select
        classification,
        item_name,
        case when count(distinct item_code) = 1 then min(item_code) end as item_code,
        min(level) as level,
        min(valid_from_year) as valid_from_year,
        max(valid_to_year) as valid_to_year,
        min(source) as source
    from {{ ref('seed_economic_item') }}
    group by classification, item_name

),

basic as (

    select * from {{ ref('fct_basic_expenditure') }}

),

printed as (

    select
        'department' as classification,
        economic_item as item_name,
        count(distinct document_id) as document_count,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year
    from basic
    where economic_item is not null
    group by economic_item

    union all

    select
        'government' as classification,
        government_item as item_name,
        count(distinct document_id) as document_count,
        min(fiscal_year) as first_year,
        max(fiscal_year) as last_year
    from basic
    where government_item is not null
    group by government_item

)

select
    coalesce(declared.classification, printed.classification) || ':'
    || coalesce(declared.item_name, printed.item_name) as economic_item_id,
    coalesce(declared.classification, printed.classification) as classification,
    coalesce(declared.item_name, printed.item_name) as item_name,
    declared.item_code,
    declared.level,
    declared.item_name is not null as is_declared,
    printed.document_count,
    printed.first_year as valid_from_year,
    printed.last_year as valid_to_year,
    declared.valid_from_year as declared_from_year,
    declared.valid_to_year as declared_to_year,
    declared.source
from declared
full outer join printed
    on
        declared.classification = printed.classification
        and declared.item_name = printed.item_name
