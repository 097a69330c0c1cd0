"""Who may read what: the one rule, asked by pages, lists, search, feeds, calendars and the doors of files.

The rule: `may_read` says it of one item; `condition` says the same to PostgreSQL, of rows of ``live``. Whatever shows
content asks one of the two. Validity is asked at every read: an item past its end is gone to the second and does
not wait for a job.
"""

from datetime import datetime
from typing import Final, NoReturn

from msgspec import Struct

from content.parts import Audience
from server.core.db import connection
from server.core.errors import Anonymous, Gone, Missing
from server.core.roles import Reader, Role


class ItemMissing(Missing):
    """There is no such content, or it is not for this reader."""

    code = "item_missing"
    title = "没有找到这个内容"


class Withdrawn(Gone):
    """The content was taken back by its editors."""

    code = "withdrawn"
    title = "内容已下线"


class Expired(Gone):
    """The time for which the content was approved is over."""

    code = "expired"
    title = "内容已过有效期"


class SignInNeeded(Anonymous):
    """The content is for readers who have signed in."""

    code = "sign_in_needed"
    title = "登录后可查看"


# What a door that shows one item may answer instead.
REFUSALS: Final = (ItemMissing, Withdrawn, Expired, SignInNeeded)

_CIRCLES: Final = {
    Role.PATIENT: frozenset({Audience.PATIENT}),
    Role.DOCTOR: frozenset({Audience.DOCTOR}),
    Role.PROFESSIONAL: frozenset({Audience.DOCTOR, Audience.PROFESSIONAL}),
}


class Access(Struct, frozen=True):
    """What of an item decides who may read it."""

    item_id: int
    audience: Audience
    valid_from: datetime
    valid_until: datetime | None = None


def audiences_of(reader: Reader) -> frozenset[Audience]:
    """Name the audiences that a reader belongs to."""
    circles: frozenset[Audience] = frozenset({Audience.EVERYONE})
    return circles.union(*(_CIRCLES.get(role, frozenset()) for role in reader.roles))


def may_read(access: Access, reader: Reader, *, at: datetime) -> bool:
    """Tell whether a reader may read an item at a time."""
    if access.valid_from > at or (access.valid_until is not None and access.valid_until <= at):
        return False
    return access.audience == Audience.EVERYONE or access.audience in audiences_of(reader)


def check(access: Access, reader: Reader, *, at: datetime) -> None:
    """Let a reader read an item, or say why not.

    :raises Expired: if its time is over.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises ItemMissing: if it is for others, or its time has not come.
    """
    if may_read(access, reader, at=at):
        return
    if access.valid_from <= at and access.valid_until is not None and access.valid_until <= at:
        raise Expired()
    if not reader.known and access.valid_from <= at:
        raise SignInNeeded()
    raise ItemMissing()


def condition(*, row: str, audiences: str, at: str) -> str:
    """Write the rule as SQL: of the row with this alias, with the two values at these places (``$1``).

    The values are ``audience_values(reader)`` and the time.
    """
    return (
        f"({row}.audience = ANY({audiences}::text[]) AND {row}.valid_from <= {at}::timestamptz "
        f"AND ({row}.valid_until IS NULL OR {row}.valid_until > {at}::timestamptz))"
    )


def audience_values(reader: Reader) -> list[str]:
    """Give what `condition` wants for its audiences."""
    return sorted(audiences_of(reader))


async def refuse_absent(item_id: int, *, kind: str = "") -> NoReturn:
    """Say what became of an item, perhaps of a kind, that readers cannot see.

    :raises Withdrawn: if it was taken back.
    :raises Expired: if its time is over.
    :raises ItemMissing: if readers never saw it.
    """
    why = await connection().value(
        "SELECT t.why FROM tombstone t JOIN item i ON i.id = t.item_id WHERE t.item_id = $1 AND $2 IN ('', i.kind)",
        item_id,
        kind,
    )
    if why == "withdrawn":
        raise Withdrawn()
    if why == "expired":
        raise Expired()
    raise ItemMissing()


async def readable(*, item_id: int, reader: Reader, at: datetime) -> Access:
    """Give what decides about an item that this reader may read.

    :raises Withdrawn: if it was taken back.
    :raises Expired: if its time is over.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises ItemMissing: if there is none, or it is for others.
    """
    row = await connection().row("SELECT audience, valid_from, valid_until FROM live WHERE item_id = $1", item_id)
    if row is None:
        await refuse_absent(item_id)
    access = Access(item_id, Audience(row["audience"]), row["valid_from"], row["valid_until"])
    check(access, reader, at=at)
    return access
