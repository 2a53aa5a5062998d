with function_code as (

    select * from {{ ref('int_function') }}

),

leveled as (

    select
        *,
        case length(function_code)
            when 3 then 'class'
            when 5 then 'section'
            else 'item'
        end as level,
        function_code[1:3] as class_code,
        case when length(function_code) >= 5 then function_code[1:5] end as section_code
    from function_code

),

final as (

    select
        leveled.function_code,
        leveled.function_name,
        leveled.level,
        case leveled.level
            when 'section' then leveled.class_code
            when 'item' then leveled.section_code
        end as parent_code,
        leveled.class_code,
        class_name.function_name as class_name,
        leveled.section_code,
        section_name.function_name as section_name,
        leveled.is_declared,
        cofog.cofog_code,
        cofog.cofog_name,
        leveled.declared_from_year,
        leveled.declared_to_year,
        leveled.source,
        leveled.function_name_printed,
        leveled.document_count,
        leveled.first_year as valid_from_year,
        leveled.last_year as valid_to_year
    from leveled
    left join function_code as class_name on leveled.class_code = class_name.function_code
    left join function_code as section_name on leveled.section_code = section_name.function_code
    left join {{ ref('seed_cofog') }} as cofog
        on
            leveled.class_code = cofog.class_code
            and {{ holds_in_years('cofog', 'leveled.first_year', 'leveled.last_year') }}

)

select * from final
