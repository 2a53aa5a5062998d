{#- The tolerance rule (尾差规则): left and right may differ by what rounding each printed figure
    can leave, which the catalogue gives as a number of 元; not a fen more. -#}
{% macro identity_outcome(relation, difference, tolerance) -%}
    case
        when {{ relation }} = '=' and {{ difference }} = 0 then 'exact'
        when {{ relation }} = '<=' and {{ difference }} <= 0 then 'exact'
        when {{ relation }} = '>=' and {{ difference }} >= 0 then 'exact'
        when {{ relation }} = '=' and abs({{ difference }}) <= {{ tolerance }} then 'rounding'
        when {{ relation }} = '<=' and {{ difference }} <= {{ tolerance }} then 'rounding'
        when {{ relation }} = '>=' and -({{ difference }}) <= {{ tolerance }} then 'rounding'
        else 'violated'
    end
{%- endmacro %}

{#- A value of an identity in the unit it is told in: money in 万元, counts and shares as they are. -#}
{% macro in_unit(value, unit) -%}
    cast(case when coalesce({{ unit }}, '元') = '元' then {{ value }} * 0.0001 else {{ value }} end as decimal(20, 6))
{%- endmacro %}

{#- What rounding alone can leave (尾差) between printed figures whose steps (in 万元) are the list: a
    multiple of the finest step below half their sum. Three figures of one step may differ by one
    step, two not at all. Where no step is known nothing is allowed. -#}
{% macro rounding_bound(steps) -%}
    cast(coalesce(
        (
            (
                cast(list_sum({{ steps }}) * 1000000 as bigint)
                + 2 * cast(list_min({{ steps }}) * 1000000 as bigint) - 1
            )
            // nullif(2 * cast(list_min({{ steps }}) * 1000000 as bigint), 0)
            - 1
        ) * list_min({{ steps }}), 0
    ) as decimal(20, 6))
{%- endmacro %}
