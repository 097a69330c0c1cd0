"""Who may read what: the one rule, asked by pages, lists, search, feeds, calendars and the doors of files.

The rule: who may read an item follows from its audience, the class of a product, the time for which it is approved and
a right that it may take (`Access`). `may_read` says it of one item; `condition` says the same to PostgreSQL, of rows of
``live``. Whatever shows content asks one of the two. Validity is asked at every read: an item past its end is gone to
the second and does not wait for a job.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NoReturn

from msgspec import Struct

from content.parts import Audience
from server.core.db import connection
from server.core.errors import Anonymous, Forbidden, Gone, Missing
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


_CIRCLES: Final = {
    Role.PATIENT: frozenset({Audience.PATIENT}),
    Role.DOCTOR: frozenset({Audience.DOCTOR}),
    Role.PROFESSIONAL: frozenset({Audience.DOCTOR, Audience.PROFESSIONAL}),
}


class ProfessionalNeeded(Forbidden):
    """The content is for professionals whose licence was verified."""

    code = "professional_needed"
    title = "通过专业身份认证后可查看"


class EntitlementNeeded(Forbidden):
    """The content takes a right that the reader has not got, such as a membership; the facts name it."""

    code = "entitlement_needed"
    title = "您还没有查看这项内容的权益"


class Access(Struct, frozen=True):
    """What of an item decides who may read it."""

    item_id: int
    audience: Audience
    valid_from: datetime
    valid_until: datetime | None = None
    product_class: str = ""
    entitlement: str = ""


# What a door that shows one item may answer instead.
REFUSALS: Final = (ItemMissing, Withdrawn, Expired, SignInNeeded, ProfessionalNeeded, EntitlementNeeded)
# The columns of ``live`` that `access_of` reads, of the row with the alias ``l``.
ACCESS_COLUMNS: Final = "l.audience, l.valid_from, l.valid_until, l.product_class, l.entitlement"
# The law lets prescription medicines be shown to professionals alone, whatever else an item says.
FOR_PROFESSIONALS: Final = "prescription"


def access_of(item_id: int, row: Mapping[str, Any]) -> Access:
    """Read what decides about an item from a row with `ACCESS_COLUMNS`."""
    return Access(
        item_id,
        Audience(row["audience"]),
        row["valid_from"],
        row["valid_until"],
        row["product_class"],
        row["entitlement"],
    )


def audiences_of(reader: Reader) -> frozenset[Audience]:
    """Name the audiences that a reader belongs to."""
    circles: frozenset[Audience] = frozenset({Audience.EVERYONE})
    return circles.union(*(_CIRCLES.get(role, frozenset()) for role in reader.roles))


def circle_of(reader: Reader) -> frozenset[str]:
    """Name everything that decides what a reader may read: the audiences, and the rights as ``entitled:…``."""
    if not reader.entitlements:
        return frozenset(audiences_of(reader))
    return frozenset(audiences_of(reader)) | {f"entitled:{name}" for name in reader.entitlements}


def may_read(access: Access, reader: Reader, *, at: datetime) -> bool:
    """Tell whether a reader may read an item at a time."""
    if access.valid_from > at or (access.valid_until is not None and access.valid_until <= at):
        return False
    audiences = audiences_of(reader)
    if access.product_class == FOR_PROFESSIONALS and Audience.PROFESSIONAL not in audiences:
        return False
    if access.entitlement and access.entitlement not in reader.entitlements:
        return False
    return access.audience in audiences


def check(access: Access, reader: Reader, *, at: datetime) -> None:
    """Let a reader read an item, or say why not.

    :raises Expired: if its time is over.
    :raises SignInNeeded: if it may be for this reader once they have signed in.
    :raises ProfessionalNeeded: if it is for doctors whose licence was verified, and this doctor's was not.
    :raises EntitlementNeeded: if it takes a right that the reader has not got.
    :raises ItemMissing: if it is for others, or its time has not come.
    """
    if may_read(access, reader, at=at):
        return
    if access.valid_from > at:
        raise ItemMissing()
    if access.valid_until is not None and access.valid_until <= at:
        raise Expired()
    if not reader.known:
        raise SignInNeeded()
    audiences = audiences_of(reader)
    professionals = access.audience == Audience.PROFESSIONAL or access.product_class == FOR_PROFESSIONALS
    if professionals and Audience.DOCTOR in audiences and Audience.PROFESSIONAL not in audiences:
        raise ProfessionalNeeded()
    if access.audience in audiences and access.entitlement and access.entitlement not in reader.entitlements:
        raise EntitlementNeeded(entitlement=access.entitlement)
    raise ItemMissing()


def condition(*, row: str, audiences: str, at: str) -> str:
    """Write the rule as SQL: of the row with this alias, with the two values at these places (``$1``).

    The values are ``audience_values(reader)`` and the time.
    """
    return (
        f"({row}.audience = ANY({audiences}::text[]) AND {row}.valid_from <= {at}::timestamptz "
        f"AND ({row}.valid_until IS NULL OR {row}.valid_until > {at}::timestamptz) "
        f"AND ({row}.product_class <> '{FOR_PROFESSIONALS}' OR '{Audience.PROFESSIONAL}' = ANY({audiences}::text[])) "
        f"AND ({row}.entitlement = '' OR 'entitled:' || {row}.entitlement = ANY({audiences}::text[])))"
    )


def audience_values(reader: Reader) -> list[str]:
    """Give what `condition` wants for its audiences: `circle_of` a reader."""
    return sorted(circle_of(reader))


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
    :raises ProfessionalNeeded: if it is for doctors whose licence was verified; also `EntitlementNeeded`.
    :raises ItemMissing: if there is none, or it is for others.
    """
    row = await connection().row(
        f"SELECT {ACCESS_COLUMNS} FROM live l WHERE l.item_id = $1",  # noqa: S608  constants
        item_id,
    )
    if row is None:
        await refuse_absent(item_id)
    access = access_of(item_id, row)
    check(access, reader, at=at)
    return access
