{#- No figure counts twice and none is left out (末级合计): the rows that facts add up give the
    form's printed total, up to what rounding can leave (⌊n/2⌋ printed steps). Where they do not,
    an identity of that form must be violated: then the publisher's figures contradict each
    other. -#}
with fact as (

    select * from {{ ref('int_fact') }}
    where
        document_id in {{ unchecked(ref('int_document_change')) }}
        and form in ('T02', 'T03', 'T05', 'T06', 'T07', 'T08', 'T11', 'T12', 'T13')
        and amount_printed is not null

),

violated as (

    select
        document_id,
        identity
    from {{ ref('int_identity_result') }}
    where outcome = 'violated'

),

added as (

    select
        document_id,
        form,
        column_path,
        max(step) as step,
        count(*) filter (where is_leaf) as leaf_count,
        coalesce(sum(amount_printed) filter (where is_leaf), 0) as leaf_sum,
        max(amount_printed) filter (where row_kind in ('total', 'organisation')) as total
    from fact
    group by document_id, form, column_path

)

select added.*
from added
where
    abs(added.leaf_sum - added.total) > added.step * (added.leaf_count // 2)
    and not exists (
        select 1
        from violated
        where
            violated.document_id = added.document_id
            and contains(violated.identity, added.form)
    )
