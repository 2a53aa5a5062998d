{#- When the reading that counts of a document last changed (解析变动): see the macro is_touched. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='document_id',
    on_schema_change='fail'
) }}

{{ changes_of(ref('int_reading'), 'reading_id') }}
