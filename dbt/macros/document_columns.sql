{#- What every fact says about its document. -#}
{% macro document_columns(alias) -%}
    {{ alias }}.document_id,
    {{ alias }}.organisation_id,
    {{ alias }}.county_code,
    {{ alias }}.fiscal_year,
    {{ alias }}.phase,
    {{ alias }}.scope,
    {{ alias }}.is_additive
{%- endmacro %}

{#- A printed number as DECIMAL; NULL where the text is none (the text is kept beside it). -#}
{% macro printed_number(text) -%}
    try_cast(regexp_replace({{ text }}, '[\s　,，]', '', 'g') as decimal(20, 6))
{%- endmacro %}
