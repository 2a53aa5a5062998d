{#- Incremental models hold one reading of each document. These two keep them so: a document is
    taken when its newest reading is not held yet, and leaves when it has no reading any more. -#}
{% macro is_new_reading(alias) -%}
    {%- if is_incremental() -%}
        not exists (
            select 1
            from {{ this }} as held
            where held.document_id = {{ alias }}.document_id
                and held.reading_id = {{ alias }}.reading_id
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{% macro forget_gone_documents() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where document_id not in (select document_id from {{ ref('int_reading') }})
    {%- endif -%}
{%- endmacro %}
