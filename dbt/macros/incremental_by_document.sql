{#- Work by difference (按差异加工). A night costs what is new: models whose rows belong to one document
    take only the documents that changed since they last took any.

    int_reading_change and int_document_change keep, for every document, the number of the change it
    was last seen to change in; meta.progress keeps, for every model, the number it has taken. Both
    move in the transaction of the model, so that a build killed anywhere goes on where it was.
    A model says in its config `meta: {changes: int_reading_change | int_document_change}`. -#}

{#- The number of a change found now: higher than anything that any model has taken. -#}
{% macro next_change() -%}
    (select coalesce(max(taken_until), 0) + 1 from meta.progress)
{%- endmacro %}

{% macro taken_until(model) -%}
    (select coalesce(max(taken_until), 0) from meta.progress where model = '{{ model }}')
{%- endmacro %}

{#- Whether the document is to be taken by this model (`alias` of the relation, or ''); true for all while the model is built anew. -#}
{% macro is_touched(alias, changes) -%}
    {%- if is_incremental() -%}
        {{ alias ~ '.' if alias }}document_id in (
            select change.document_id
            from {{ changes }} as change
            where change.changed_in > {{ taken_until(this.identifier) }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- Incremental strategy by_document: what is held of the touched documents goes, what was found of
    them comes; documents without rows, or that are gone, only go. -#}
{% macro get_incremental_by_document_sql(arg_dict) %}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set columns = get_quoted_csv(arg_dict['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }}
    where document_id in (
        select change.document_id
        from {{ ref(model.config.meta['changes']) }} as change
        where
            change.changed_in > {{ taken_until(target.identifier) }}
            and change.first_in <= {{ taken_until(target.identifier) }}
    );
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ arg_dict['temp_relation'] }};
{% endmacro %}

{#- After a model: what it has taken now. Views of documents note it too: publishing reads from the
    ledger which tables follow the documents. -#}
{% macro remember_taken() -%}
    {%- if execute and model.config.meta.get('changes') -%}
        delete from meta.progress where model = '{{ this.identifier }}';
        insert into meta.progress
        select
            '{{ this.identifier }}',
            coalesce(max(change.changed_in), 0)
        from {{ ref(model.config.meta['changes']) }} as change;
    {%- endif -%}
{%- endmacro %}

{#- Before a build: the ledger of the above. -#}
{% macro prepare_progress() -%}
    create schema if not exists meta;
    create table if not exists meta.progress (model varchar, taken_until bigint);
{%- endmacro %}

{#- Which documents a state is new for: the rows of a table of changes. `state` is one text a
    document that says everything that rows made from it depend on; NULL once the document is gone. -#}
{% macro changes_of(relation, state) -%}
{%- if is_incremental() -%}
select
    coalesce(now_held.document_id, before.document_id) as document_id,
    now_held.document_state,
    {{ next_change() }} as changed_in,
    coalesce(before.first_in, {{ next_change() }}) as first_in
from (
    select
        document_id,
        {{ state }} as document_state
    from {{ relation }}
) as now_held
full outer join {{ this }} as before on now_held.document_id = before.document_id
where now_held.document_state is distinct from before.document_state
{%- else -%}
select
    document_id,
    {{ state }} as document_state,
    {{ next_change() }} as changed_in,
    cast(0 as bigint) as first_in
from {{ relation }}
{%- endif -%}
{%- endmacro %}

{#- Tests look at what no complete build has checked yet; after a build from nothing, at everything.
    Overrides dbt's own macro: every generic test takes its rows from here. -#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [] -%}
    {%- if config.get('where') -%}
        {%- do conditions.append(config.get('where')) -%}
    {%- endif -%}
    {%- if execute -%}
        {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == relation.identifier -%}
            {%- set changes = node.config.meta.get('changes') -%}
            {%- if changes -%}
                {%- do conditions.append('document_id in ' ~ unchecked(api.Relation.create(
                    database=relation.database, schema='intermediate', identifier=changes
                ))) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
    {%- if conditions -%}
        {%- do return('(select * from ' ~ relation ~ ' where ' ~ conditions | join(' and ') ~ ') dbt_subquery') -%}
    {%- else -%}
        {%- do return(relation) -%}
    {%- endif -%}
{%- endmacro %}

{% macro unchecked(changes) -%}
    (
        select change.document_id
        from {{ changes }} as change
        where change.changed_in > {{ taken_until(':checked') }}
    )
{%- endmacro %}
