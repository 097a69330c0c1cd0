"""What waits for reviewers: texts that were handed in and that not all have approved, and what was said of them.

The rule: only reading. A text waits from when it was handed in as the version that it still is.
"""

from datetime import datetime

import msgspec
from msgspec import Struct

from content.review_rules import required_roles
from content.workflow import STANDING
from server.core.db import connection
from server.core.roles import Role

MOST = 500


class Waiting(Struct, frozen=True):
    """A text that waits.

    ``missing`` are the roles that have not approved it, ``refused`` those of them that have refused it;
    ``open_notes`` counts what was said at its fields and is not settled.
    """

    item_id: int
    kind: str
    title: str
    number: int
    author_id: int
    handed_in_at: datetime
    missing: tuple[Role, ...]
    refused: tuple[Role, ...]
    open_notes: int


class Verdict(Struct, frozen=True):
    """What a reviewer decided; ``current`` tells whether the draft is still that text."""

    role: Role
    approved: bool
    note: str
    reviewer_id: int
    at: datetime
    valid_until: datetime | None
    current: bool


async def waiting(*, at: datetime, role: Role | None = None) -> list[Waiting]:
    """List what waits, perhaps for one role, that which waits longest first.

    A text that a role has refused waits for its author and not for the role any more.
    """
    rows = await connection().fetch(
        f"""
        SELECT i.id AS item_id, i.kind, coalesce(d.shape ->> 'title', '') AS title, v.number, v.author_id,
            v.created_at AS handed_in_at, said.refused,
            ARRAY(SELECT unnest(required.roles) EXCEPT SELECT unnest(approvals.roles) ORDER BY 1) AS missing,
            (SELECT count(*) FROM review_note n WHERE n.item_id = i.id AND n.settled_at IS NULL) AS open_notes
        FROM {STANDING}
        JOIN version v ON v.item_id = i.id AND v.number = newest.number
        CROSS JOIN LATERAL (
            SELECT coalesce(array_agg(role ORDER BY role) FILTER (WHERE NOT approved), '{{}}') AS refused FROM (
                SELECT DISTINCT ON (role) role::text, approved FROM approval
                WHERE item_id = i.id AND content_hash = d.content_hash ORDER BY role, id DESC
            ) latest
        ) said
        WHERE standing.state = 'in_review' AND ($3::text IS NULL OR ($3 = ANY(required.roles)
            AND NOT $3 = ANY(approvals.roles) AND NOT $3 = ANY(said.refused)))
        ORDER BY v.created_at, i.id LIMIT $4
        """,  # noqa: S608  the parts are constants
        at,
        await required_roles(),
        role,
        MOST,
    )
    return [msgspec.convert(dict(row), Waiting) for row in rows]


async def verdicts(*, item_id: int) -> list[Verdict]:
    """List what reviewers have decided on the texts of an item, the newest first."""
    rows = await connection().fetch(
        "SELECT a.role, a.approved, a.note, a.reviewer_id, a.at, a.valid_until, a.content_hash = d.content_hash "
        "AS current FROM approval a JOIN draft d ON d.item_id = a.item_id WHERE a.item_id = $1 ORDER BY a.id DESC",
        item_id,
    )
    return [msgspec.convert(dict(row), Verdict) for row in rows]


async def shown_before(*, item_id: int) -> int | None:
    """Give the number of the version that readers saw last, to compare a text with; None where they saw none."""
    number: int | None = await connection().value(
        "SELECT v.number FROM publication p JOIN version v ON v.id = p.version_id "
        "WHERE p.item_id = $1 AND p.began_at IS NOT NULL ORDER BY p.id DESC LIMIT 1",
        item_id,
    )
    return number
