{#- The two adders must agree (复算一致): an outcome, a side or a term that differs from what was
    landed means that a figure was lost or changed between reading and warehouse. -#}
select
    document_id,
    identity,
    instance,
    landed_outcome,
    outcome,
    landed_left_yuan,
    left_yuan,
    landed_right_yuan,
    right_yuan,
    differing_term_count
from {{ ref('int_identity_result') }}
where
    document_id in {{ unchecked(ref('int_reading_change')) }}
    and (
        outcome != landed_outcome
        or differing_term_count > 0
        or (
            is_recomputed
            and (
                left_yuan is distinct from coalesce(landed_left_yuan, 0)
                or right_yuan is distinct from coalesce(landed_right_yuan, 0)
            )
        )
    )
