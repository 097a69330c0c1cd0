"""The states of an item: what follows from its draft, versions, approvals, publications and the time.

The rule: a state is computed, never stored. The one expression below is that computation, for one item as for a list of
ten thousand; a state therefore cannot differ between two pages.
"""

import enum
from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from content.access import ItemMissing
from content.review_rules import required_roles
from server.core.db import connection


class State(enum.StrEnum):
    """Where an item stands on its way to readers."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


STATE_NAMES: Final = {
    State.DRAFT: "草稿",
    State.IN_REVIEW: "审核中",
    State.APPROVED: "已批准",
    State.SCHEDULED: "待发布",
    State.PUBLISHED: "已发布",
    State.EXPIRED: "已过期",
    State.WITHDRAWN: "已下线",
}

CURRENT: Final = "{p}.began_at IS NOT NULL AND {p}.replaced_at IS NULL AND {p}.withdrawn_at IS NULL"
WAITING: Final = "{p}.began_at IS NULL AND {p}.replaced_at IS NULL AND {p}.withdrawn_at IS NULL"

# What an item has said, shown and been approved for, newest first; each is looked up for one item, or made for all.
_LAST: Final = """
    SELECT DISTINCT ON (p.item_id) p.item_id, p.withdrawn_at, v.content_hash, v.number
    FROM publication p JOIN version v ON v.id = p.version_id WHERE p.began_at IS NOT NULL{of_one}
    ORDER BY p.item_id, p.id DESC
"""
_NEWEST: Final = """
    SELECT DISTINCT ON (p.item_id) p.item_id, p.content_hash, p.number FROM version p WHERE true{of_one}
    ORDER BY p.item_id, p.number DESC
"""
_APPROVALS: Final = """
    SELECT item_id, content_hash, coalesce(array_agg(role ORDER BY role) FILTER (WHERE approved), '{{}}') AS roles
    FROM (
        SELECT DISTINCT ON (p.item_id, p.content_hash, p.role) p.item_id, p.content_hash, p.role::text,
            p.approved AND (p.valid_until IS NULL OR p.valid_until > $1) AS approved
        FROM approval p WHERE true{of_one} ORDER BY p.item_id, p.content_hash, p.role, p.id DESC
    ) verdict GROUP BY item_id, content_hash
"""


def _standing(*, lateral: str, of_one: str, of_text: str) -> str:
    last, newest, approvals = (
        part.format(of_one=own) for part, own in ((_LAST, of_one), (_NEWEST, of_one), (_APPROVALS, of_one + of_text))
    )
    return f"""
    item i
    JOIN draft d ON d.item_id = i.id
    LEFT JOIN publication c ON c.item_id = i.id AND {CURRENT.format(p="c")} AND c.expired_at IS NULL
        AND (c.ends_at IS NULL OR c.ends_at > $1::timestamptz)
    LEFT JOIN publication w ON w.item_id = i.id AND {WAITING.format(p="w")}
    LEFT JOIN {lateral} ({last}) last ON last.item_id = i.id
    LEFT JOIN {lateral} ({newest}) newest ON newest.item_id = i.id
    LEFT JOIN {lateral} ({approvals}) verdicts ON verdicts.item_id = i.id AND verdicts.content_hash = d.content_hash
    CROSS JOIN LATERAL (SELECT coalesce(verdicts.roles, '{{}}') AS roles) approvals
    LEFT JOIN (
        SELECT key AS kind, ARRAY(SELECT jsonb_array_elements_text(value)) AS roles FROM jsonb_each($2::jsonb)
    ) asked ON asked.kind = i.kind
    CROSS JOIN LATERAL (SELECT coalesce(asked.roles, '{{}}') AS roles) required
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN c.id IS NOT NULL THEN 'published'
            WHEN w.id IS NOT NULL THEN 'scheduled'
            WHEN last.content_hash = d.content_hash AND last.withdrawn_at IS NOT NULL THEN 'withdrawn'
            WHEN last.content_hash = d.content_hash THEN 'expired'
            WHEN required.roles = '{{}}' OR newest.content_hash IS DISTINCT FROM d.content_hash THEN 'draft'
            WHEN required.roles <@ approvals.roles THEN 'approved'
            ELSE 'in_review'
        END AS state
    ) standing
"""  # noqa: S608  the parts are constants of this module


# $1 is the time, $2 the roles that each kind requires, as JSON. The same computation twice: for the few items of a
# page, and for choosing among all of them by their state.
STANDING: Final = _standing(
    lateral="LATERAL", of_one=" AND p.item_id = i.id", of_text=" AND p.content_hash = d.content_hash"
)
STANDING_OF_ALL: Final = _standing(lateral="", of_one="", of_text="")


class Standing(Struct, frozen=True):
    """Where an item stands.

    ``changed``: the draft says something else than what is shown. ``visible``: readers can see it now, which takes
    everything above it too. ``next_at``: when another version takes its turn.
    """

    state: State
    changed: bool
    visible: bool
    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None
    next_at: datetime | None = None
    approved_by: tuple[str, ...] = ()
    required: tuple[str, ...] = ()


STANDING_COLUMNS: Final = """
    standing.state AS state,
    c.id IS NOT NULL AND last.content_hash <> d.content_hash AS changed,
    EXISTS (SELECT 1 FROM live l WHERE l.item_id = i.id AND l.valid_from <= $1::timestamptz
            AND (l.valid_until IS NULL OR l.valid_until > $1::timestamptz)) AS visible,
    CASE WHEN c.id IS NOT NULL THEN last.number END AS number, c.began_at AS since, c.ends_at AS until,
    w.starts_at AS next_at, approvals.roles AS approved_by, required.roles AS required
"""


async def standing(*, item_id: int, at: datetime) -> Standing:
    """Tell where an item stands at a time.

    :raises ItemMissing: if there is no such item.
    """
    row = await connection().row(
        f"SELECT {STANDING_COLUMNS} FROM {STANDING} WHERE i.id = $3",  # noqa: S608  constants
        at,
        await required_roles(),
        item_id,
    )
    if row is None:
        raise ItemMissing()
    return msgspec.convert(dict(row), Standing)
