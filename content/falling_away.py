"""Episodes and activities that readers saw announced and that are taken back, or expire, before they take place.

The rule: with such an episode falls its airing, with such an activity its plan, in the same transaction: calendars,
followers and who has registered hear of a cancellation (RFC 5545, section 3.8.1.11) and not of nothing. What is told of
it is the version that readers saw last, under the name that it had; of what rested on a filmed patient's consent that
was withdrawn, not even that.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from cdp import log
from cdp.activity_events import ActivityRescheduled
from cdp.events import ContentRescheduled
from content import trail
from server.core.db import connection

NAMELESS: Final = "节目已取消"
"""What an episode is called whose own title nobody may be told any more."""


async def cancel_airings(item_ids: Sequence[int], *, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Cancel the coming airings of items that have just gone, as part of the deed that took them away."""
    rows = await connection().fetch(
        "UPDATE airing a SET cancelled_at = $2, changed_at = $2, sequence = sequence + 1 FROM tombstone t "
        "WHERE a.episode_id = ANY($1::bigint[]) AND t.item_id = a.episode_id AND a.airs_at > $2 "
        "AND a.cancelled_at IS NULL RETURNING a.episode_id, t.root_id, a.airs_at, a.sequence",
        list(item_ids),
        at,
    )
    for row in sorted(rows, key=lambda row: (row["airs_at"], row["episode_id"])):
        known = {"airs_at": row["airs_at"], "sequence": row["sequence"]}
        await trail.note(
            "cancelled",
            "airing",
            row["episode_id"],
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={**known, "sequence": row["sequence"] - 1, "cancelled_at": None},
            after={**known, "cancelled_at": at},
        )
        await log.record(
            ContentRescheduled(
                at=at,
                episode_id=row["episode_id"],
                root_id=row["root_id"],
                change="cancelled",
                airs_at=row["airs_at"],
                previous_airs_at=None,
                sequence=row["sequence"],
            )
        )


async def cancel_activities(item_ids: Sequence[int], *, staff_id: int, at: datetime, request_id: str = "") -> None:
    """Cancel the activities that are not over among items that have just gone, as part of the deed that took them."""
    rows = await connection().fetch(
        "UPDATE activity_plan p SET cancelled_at = $2, changed_at = $2, cancel_reason = '', sequence = sequence + 1 "
        "FROM tombstone t WHERE p.activity_id = ANY($1::bigint[]) AND t.item_id = p.activity_id AND p.ends_at > $2 "
        "AND p.cancelled_at IS NULL RETURNING p.activity_id, p.starts_at, p.sequence",
        list(item_ids),
        at,
    )
    for row in sorted(rows, key=lambda row: (row["starts_at"], row["activity_id"])):
        known = {"starts_at": row["starts_at"], "sequence": row["sequence"]}
        await trail.note(
            "cancelled",
            "activity",
            row["activity_id"],
            staff_id=staff_id,
            at=at,
            request_id=request_id,
            before={**known, "sequence": row["sequence"] - 1, "cancelled_at": None},
            after={**known, "cancelled_at": at},
        )
        await log.record(
            ActivityRescheduled(
                at=at,
                item_id=row["activity_id"],
                change="cancelled",
                starts_at=row["starts_at"],
                previous_starts_at=None,
                sequence=row["sequence"],
            )
        )


# What may still be told of items that are gone, as a table: their series and audience when they went, and their title,
# or that it is hidden. A consent lies on an item or on any file of it, as when it is withdrawn (`content.filming`).
GONE: Final = f"""(
    SELECT t.item_id, t.root_id, t.audience, t.gone_at, secret.hidden,
        CASE WHEN secret.hidden THEN '{NAMELESS}' ELSE v.shape ->> 'title' END AS title,
        coalesce(s.title, sv.shape ->> 'title', '') AS series, (v.shape ->> 'duration_s')::numeric::int AS seconds
    FROM tombstone t JOIN version v ON v.id = t.version_id
    LEFT JOIN live s ON s.item_id = t.root_id
    LEFT JOIN tombstone st ON st.item_id = t.root_id LEFT JOIN version sv ON sv.id = st.version_id
    CROSS JOIN LATERAL (SELECT EXISTS (
        SELECT FROM filmed_consent f WHERE f.withdrawn_at IS NOT NULL AND (
            v.shape -> 'consent_id' = to_jsonb(f.id) OR EXISTS (
                SELECT FROM jsonb_path_query(v.shape, '$.**.asset') AS used JOIN asset a ON to_jsonb(a.id) = used
                WHERE a.consent_id = f.id))
    ) AS hidden) AS secret
)"""  # noqa: S608  the parts are constants
