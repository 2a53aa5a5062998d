{#- Printed amount × factor (元 for one printed unit), exactly: DECIMAL all the way. -#}
{% macro to_yuan(amount, factor) -%}
    cast({{ amount }} * {{ factor }} as decimal(20, 2))
{%- endmacro %}

{% macro to_wan(amount, factor) -%}
    cast({{ amount }} * {{ factor }} * 0.0001 as decimal(20, 6))
{%- endmacro %}
