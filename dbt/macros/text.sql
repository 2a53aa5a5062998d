{#- A name as it is compared (标准名): no blanks, full-width brackets, the party's name shortened
    as the counties themselves shorten it (中国共产党某县委员会 → 中共某县委). -#}
{% macro standard_name(name) -%}
    regexp_replace(
        regexp_replace(
            regexp_replace(
                translate(
                    regexp_replace(nfc_normalize({{ name }}), '[\s　]', '', 'g'), '()', '（）'
                ),
                '（(本级|机关|本部)）$', ''
            ),
            '^中国共产党', '中共'
        ),
        '^(中共.*?[省市县区旗])委员会', '\1委'
    )
{%- endmacro %}

{#- The printed column path without blanks and years, which differ every year:
    支出/2026年合计 → 支出/合计. The patterns of seed_form_column are written for this form. -#}
{% macro column_pattern_text(path) -%}
    trim(
        regexp_replace(
            translate(regexp_replace({{ path }}, '[\s　]', '', 'g'), '（），：／', '(),:/'),
            '20\d\d年?度?', '', 'g'
        ),
        '/'
    )
{%- endmacro %}

{#- 一、一般公共服务支出 → 一般公共服务支出; ①公务用车购置费 → 公务用车购置费. -#}
{% macro tidy_label(label) -%}
    regexp_replace(
        translate(regexp_replace({{ label }}, '[\s　①-⑳]', '', 'g'), '（），：', '(),:'),
        '^(\(?[一二三四五六七八九十]+[)、.．]|\d{1,2}、|其中:)+', ''
    )
{%- endmacro %}

{% macro short_hash(text, length=16) -%}
    substr(sha256({{ text }}), 1, {{ length }})
{%- endmacro %}

{% macro quoted_list(values) -%}
    ({% for value in values %}'{{ value }}'{% if not loop.last %}, {% endif %}{% endfor %})
{%- endmacro %}

{#- Stable names: an organisation by its county and standard name, a project by its body and its
    name without the year. -#}
{% macro organisation_id(county_code, county, name) -%}
    {{ organisation_id_of(county_code, county, standard_name(name)) }}
{%- endmacro %}

{% macro organisation_id_of(county_code, county, name_standard) -%}
    'o' || {{ short_hash("coalesce(" ~ county_code ~ ", " ~ county ~ ", '?') || '|' || " ~ name_standard, 15) }}
{%- endmacro %}

{% macro standard_project(name) -%}
    regexp_replace({{ standard_name(name) }}, '^20\d\d年度?', '')
{%- endmacro %}

{% macro project_id(organisation_id, unit, name) -%}
    'p' || {{ short_hash(
        organisation_id ~ " || '|' || coalesce(" ~ standard_name(unit) ~ ", '') || '|' || "
        ~ standard_project(name), 15
    ) }}
{%- endmacro %}

{#- How what stands on a page was read: ocr where the page was read from its image, or where the
    page is not known and any page of the file was. -#}
{% macro source_of(page, recognised_pages) -%}
    case
        when coalesce(len({{ recognised_pages }}), 0) = 0 then 'text'
        when {{ page }} is null or list_contains({{ recognised_pages }}, {{ page }}) then 'ocr'
        else 'text'
    end
{%- endmacro %}

{#- How the figures of a group were read: the least certain way. -#}
{% macro least_certain(source) -%}
    case
        when bool_or({{ source }} = 'repaired') then 'repaired'
        when bool_or({{ source }} = 'ocr') then 'ocr'
        else 'text'
    end
{%- endmacro %}

{#- Whether an entry of a reference list (valid_from_year, valid_to_year; NULL = not limited) holds
    for any of the years in which something was seen. -#}
{% macro holds_in_years(entry, first_year, last_year) -%}
    coalesce({{ last_year }} >= {{ entry }}.valid_from_year, true)
    and coalesce({{ first_year }} <= {{ entry }}.valid_to_year, true)
{%- endmacro %}
