{#- Whether a document may be used (状态): the verdict of the reading, or quarantine where the
    warehouse found a reason of its own. -#}
with place as (

    select * from {{ ref('int_document_place') }}

),

reason as (

    select
        document_id,
        list(reason_code order by reason_code) as reason_codes,
        list(reason order by reason_code) as reasons
    from {{ ref('int_document_reason') }}
    group by document_id

),

final as (

    select
        place.document_id,
        place.reading_id,
        case
            when reason.document_id is not null then 'quarantined'
            else place.verdict_status
        end as status,
        place.verdict_status,
        place.verdict_reasons,
        coalesce(reason.reason_codes, []) as warehouse_reason_codes,
        coalesce(reason.reasons, []) as warehouse_reasons
    from place
    left join reason on place.document_id = reason.document_id

)

select * from final
