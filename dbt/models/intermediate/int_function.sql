{#- Function codes (支出功能分类科目): the declared ones, and the ones printed in accepted
    documents under the name that most of them give. -#}
with declared as (

    select * from {{ ref('seed_function') }}

),

printed_code as (

    select * from {{ ref('int_document_function') }}

),

document as (

    select * from {{ ref('int_document') }}
    where status != 'quarantined'

),

named as (

    select
        printed_code.function_code,
        printed_code.function_name,
        count(*) as document_count,
        min(document.fiscal_year) as first_year,
        max(document.fiscal_year) as last_year
    from printed_code
    inner join document on printed_code.document_id = document.document_id
    where regexp_full_match(printed_code.function_code, '\d{3}|\d{5}|\d{7}')
    group by all

),

printed as (

    select
        function_code,
        arg_max(function_name, (document_count, function_name)) as function_name,
        sum(document_count) as document_count,
        min(first_year) as first_year,
        max(last_year) as last_year
    from named
    group by function_code

),

final as (

    select
        coalesce(declared.function_code, printed.function_code) as function_code,
        coalesce(declared.function_name, printed.function_name) as function_name,
        printed.function_name as function_name_printed,
        declared.function_code is not null as is_declared,
        coalesce(declared.basis, 'printed') as basis,
        declared.valid_from_year as declared_from_year,
        declared.valid_to_year as declared_to_year,
        declared.source,
        printed.document_count,
        printed.first_year,
        printed.last_year
    from declared
    full outer join printed on declared.function_code = printed.function_code

)

select * from final
