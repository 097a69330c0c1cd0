"""Verified professionals, as staff see them: what waits, and what is sealed, opened to who decides.

The rule: whoever looks at what is sealed leaves an entry in the audit, each time; the entry says which application and
nothing of what was seen.
"""

from datetime import datetime
from typing import Final

import msgspec
from msgspec import Struct

from cdp import accounts, professionals
from cdp.professionals import ApplicationMissing
from server.core import audit
from server.core.db import connection
from server.core.errors import Missing
from server.core.keys import Sealer


class PhotoGone(Missing):
    """The photo has been deleted, as it is some time after the decision."""

    code = "professional_photo_gone"
    title = "照片已按规定删除"


class Sight(Struct, frozen=True):
    """An application with what was sealed in it, opened for who decides; empty where it has been forgotten.

    ``elsewhere`` lists the applications of other people with the same licence number.
    """

    id: int
    account_id: int
    person_id: int
    state: str
    submitted_at: datetime
    name: str
    licence: str
    hospital: str
    hospital_key: str
    matched: str
    department: str
    title: str
    has_photo: bool
    elsewhere: list[int]
    verdict: str
    decided_at: datetime | None
    decided_by: str
    reason: str
    note: str
    valid_until: datetime | None
    ended_at: datetime | None
    end_reason: str
    ended_by: str
    end_note: str
    cleared_at: datetime | None

    def __repr__(self) -> str:
        return f"Sight(id={self.id})"


class Waiting(Struct, frozen=True):
    """An application in the queue, with nothing of what is sealed in it.

    ``elsewhere`` tells that another person has shown the same licence number, ``earlier`` how many applications this
    account has made before.
    """

    id: int
    account_id: int
    submitted_at: datetime
    hospital: str
    hospital_name: str | None
    matched: str
    department: str
    title: str
    state: str
    elsewhere: bool
    earlier: int
    decided_at: datetime | None
    decided_by: str
    valid_until: datetime | None


class Backlog(Struct, frozen=True):
    """How many applications wait, and since when the oldest."""

    count: int
    since: datetime | None


class Photo(Struct, frozen=True):
    """The photo of a licence, opened."""

    data: bytes
    media_type: str

    def __repr__(self) -> str:
        return "Photo(…)"


# Who else has shown the same number: by an application that is kept, or by the key of a verified one.
ELSEWHERE: Final = """
    SELECT DISTINCT other.id FROM professional_application AS other
    JOIN person_map AS theirs ON theirs.account_id = other.account_id AND theirs.until_at IS NULL
    JOIN person_map AS mine ON mine.account_id = p.account_id AND mine.until_at IS NULL
    WHERE theirs.person_id <> mine.person_id AND (other.licence_hash = p.licence_hash OR other.verdict = 'approved'
        AND EXISTS (SELECT FROM identity_key AS key WHERE key.account_id = other.account_id
            AND key.kind = 'professional' AND key.hash = p.licence_hash))
"""


async def queue(
    *,
    at: datetime,
    state: str = "submitted",
    matched: str = "",
    elsewhere: bool = False,
    account_id: int | None = None,
    after: int = 0,
    most: int = 50,
) -> list[Waiting]:
    """List applications: those that wait the oldest first, others the newest first; what is empty does not narrow.

    :param elsewhere: only those whose licence number another person has shown.
    :param after: the id of the last one seen; 0 to begin.
    """
    oldest_first = state == "submitted"
    rows = await connection().fetch(
        f"""
        SELECT * FROM (
            SELECT p.id, p.account_id, p.submitted_at, p.hospital, h.name AS hospital_name, p.matched, p.department,
                p.title, p.decided_at, p.decided_by, p.valid_until, {professionals.STATE.format(at="$1")} AS state,
                EXISTS ({ELSEWHERE}) AS elsewhere,
                (SELECT count(*) FROM professional_application AS e WHERE e.account_id = p.account_id AND e.id < p.id)
                    AS earlier
            FROM professional_application AS p LEFT JOIN hospital AS h ON h.key = p.hospital_key
            WHERE ($2 <> 'submitted' OR (p.verdict = '' AND p.ended_at IS NULL)) AND $3 IN ('', p.matched)
                AND ($5::bigint IS NULL OR p.account_id = $5)
                AND ($6::bigint = 0 OR CASE WHEN $7 THEN p.id > $6 ELSE p.id < $6 END)
        ) AS found
        WHERE $2 IN ('', state) AND (elsewhere OR NOT $4)
        ORDER BY CASE WHEN $7 THEN id ELSE -id END LIMIT $8
        """,  # noqa: S608  constants
        at,
        state,
        matched,
        elsewhere,
        account_id,
        after,
        oldest_first,
        most,
    )
    return [msgspec.convert(dict(row), Waiting) for row in rows]


async def backlog() -> Backlog:
    """Tell how much waits for a decision."""
    row = await connection().row(
        "SELECT count(*) AS count, min(submitted_at) AS since FROM professional_application "
        "WHERE verdict = '' AND ended_at IS NULL"
    )
    assert row is not None
    return Backlog(row["count"], row["since"])


async def look(*, sealer: Sealer, application_id: int, actor: str, at: datetime, request_id: str = "") -> Sight:
    """Open an application to who decides on it; that is entered in the audit.

    :raises ApplicationMissing: if there is none.
    """
    row = await connection().row(
        f"SELECT p.*, {professionals.STATE.format(at='$2')} AS state, "  # noqa: S608  constants
        f"ARRAY({ELSEWHERE} ORDER BY 1) AS elsewhere, "
        "m.person_id, EXISTS (SELECT FROM professional_photo AS f WHERE f.application_id = p.id) AS has_photo "
        "FROM professional_application AS p JOIN person_map AS m ON m.account_id = p.account_id AND m.until_at IS NULL "
        "WHERE p.id = $1",
        application_id,
        at,
    )
    if row is None:
        raise ApplicationMissing()
    opened = {name: await professionals.opened(sealer, row, name) for name in ("name", "licence")}
    await entered("look", application_id, actor, at, request_id)
    told = {name: row[name] for name in Sight.__struct_fields__ if name not in opened}
    return msgspec.convert({**told, **opened}, Sight)


async def look_at_photo(
    *, sealer: Sealer, application_id: int, actor: str, at: datetime, request_id: str = ""
) -> Photo:
    """Open the photo of an application to who decides on it; that is entered in the audit.

    :raises ApplicationMissing: if there is no such application.
    :raises PhotoGone: if the photo has been deleted.
    """
    row = await connection().row(
        "SELECT p.account_id, f.sealed, f.media_type FROM professional_application AS p "
        "LEFT JOIN professional_photo AS f ON f.application_id = p.id WHERE p.id = $1",
        application_id,
    )
    if row is None:
        raise ApplicationMissing()
    if row["sealed"] is None:
        raise PhotoGone()
    data = await sealer.open_bytes(
        owner=accounts.owner(row["account_id"]),
        field=professionals.field(application_id, "photo"),
        sealed=row["sealed"],
    )
    await entered("look_at_photo", application_id, actor, at, request_id)
    return Photo(data, row["media_type"])


async def entered(deed: str, application_id: int, actor: str, at: datetime, request_id: str, **after: object) -> None:
    """Enter in the audit what staff did with an application, in the transaction that is open if one is."""
    await audit.note(
        actor=actor,
        deed=f"professional.{deed}",
        subject_kind="professional_application",
        subject_id=application_id,
        after=after or None,
        at=at,
        request_id=request_id,
    )
