{#- When what facts say of a document last changed (文本变动): its reading, its body, whether it is
    current, or the version it corrects. See the macro is_touched. -#}
{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key='document_id',
    on_schema_change='fail'
) }}

{{ changes_of(
    ref('int_document'),
    "cast({
        'reading_id': reading_id, 'organisation_id': organisation_id, 'county_code': county_code,
        'county': county, 'fiscal_year': fiscal_year, 'phase': phase, 'scope': scope,
        'is_current': is_current, 'is_additive': is_additive, 'status': status
    } as varchar)"
) }}
