"""The consents of patients who were filmed or pictured (PIPL articles 28–30): by a code, never by a name.

The rule: withdrawing a consent takes away, in its own transaction, everything that rests on it; the file itself stays
closed at its door from then on.
"""

import re
from datetime import date, datetime, timedelta

import msgspec
from msgspec import Struct

from content import trail
from content.parts import Audience
from content.publishing import take_back
from content.resting import CONSENTS
from content.tables.items import FilmedConsent
from content.tree import by_tree, hold
from content.workflow import CURRENT, WAITING
from server.core import clock
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing

CODE = re.compile(r"^[A-Z0-9][A-Z0-9-]{2,39}$(?!\n)")
OLDEST = timedelta(days=30 * 366)


class ConsentBad(Invalid):
    """The code or the day of signing is not what it has to be."""

    code = "filmed_consent_bad"
    title = "知情同意登记有误"


class ConsentCodeTaken(Conflict):
    """Another consent has the code."""

    code = "filmed_consent_taken"
    title = "这个编号已登记"


class ConsentMissing(Missing):
    """There is no such consent."""

    code = "filmed_consent_missing"
    title = "没有这份知情同意"


class ConsentWithdrawn(Conflict):
    """The file is bound to a consent that was withdrawn, and cannot be freed of it."""

    code = "filmed_consent_withdrawn"
    title = "患者已撤回同意，这个文件不能再改绑"


class ConsentRow(Struct, frozen=True):
    """The consent of a patient who was filmed or pictured.

    ``uses`` counts the items that rest on it now, ``files`` those of the library that are bound to it.
    """

    id: int
    code: str
    scope: Audience
    de_identified: bool
    signed_on: date
    created_at: datetime
    withdrawn_at: datetime | None
    uses: int
    files: int


LISTED = """
    SELECT f.id, f.code, f.scope, f.de_identified, f.signed_on, f.created_at, f.withdrawn_at,
        (SELECT count(*) FROM live l WHERE l.consent_id = f.id OR EXISTS (
            SELECT 1 FROM asset_use u JOIN asset a ON a.id = u.asset_id
            WHERE u.item_id = l.item_id AND u.place = 'live' AND a.consent_id = f.id)) AS uses,
        (SELECT count(*) FROM asset a WHERE a.consent_id = f.id) AS files
    FROM filmed_consent f
"""


async def listing() -> list[ConsentRow]:
    """List all consents on file, the newest first."""
    rows = await connection().fetch(f"{LISTED} ORDER BY f.id DESC")
    return [msgspec.convert(dict(row), ConsentRow) for row in rows]


async def consent_of(*, consent_id: int) -> ConsentRow:
    """Give one consent.

    :raises ConsentMissing: if there is none.
    """
    row = await connection().row(f"{LISTED} WHERE f.id = $1", consent_id)
    if row is None:
        raise ConsentMissing()
    return msgspec.convert(dict(row), ConsentRow)


async def register(
    *,
    code: str,
    scope: Audience,
    de_identified: bool,
    signed_on: date,
    staff_id: int,
    at: datetime,
    request_id: str = "",
) -> ConsentRow:
    """Put a patient's consent on file.

    :param scope: the widest audience that the patient agreed to.
    :raises ConsentBad: if the code is none, or the day is in the future or long ago.
    :raises ConsentCodeTaken: if the code is on file already.
    """
    if not CODE.match(code):
        raise ConsentBad("Use 3 to 40 capitals, digits and hyphens, and no name.", field="code")
    today = clock.day_of(at)
    if not today - OLDEST <= signed_on <= today:
        raise ConsentBad(field="signed_on")
    async with transaction():
        consent_id = await connection().value(
            "INSERT INTO filmed_consent (code, scope, de_identified, signed_on, created_at, created_by) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (code) DO NOTHING RETURNING id",
            code,
            scope.value,
            de_identified,
            signed_on,
            at,
            staff_id,
        )
        if consent_id is None:
            raise ConsentCodeTaken(field="code")
        row = await consent_of(consent_id=consent_id)
        await trail.note(
            "register", "filmed_consent", consent_id, staff_id=staff_id, at=at, request_id=request_id, after=row
        )
    return row


async def withdraw(*, consent_id: int, staff_id: int, at: datetime, request_id: str = "") -> ConsentRow:
    """Note that a patient has withdrawn, and take away everything that rests on the consent. Again changes nothing.

    :raises ConsentMissing: if there is no such consent.
    """
    while True:
        resting = await _resting_on(consent_id)
        topics: set[str] | None = None
        async with transaction():
            # Trees before consents, as publishing takes them. Whatever came to rest on it meanwhile begins this anew.
            for item_id in resting:
                await hold(item_id)
            consent = await FilmedConsent.filter(id=consent_id).select_for_update().first()
            if consent is None:
                raise ConsentMissing()
            if await _resting_on(consent_id) == resting:
                if consent.withdrawn_at is None:
                    await FilmedConsent.filter(id=consent_id).update(withdrawn_at=at, withdrawn_by=staff_id)
                    await trail.note(
                        "withdraw", "filmed_consent", consent_id, staff_id=staff_id, at=at, request_id=request_id
                    )
                topics = {"media:*"}
                for item_id in resting:
                    topics |= await take_back(
                        item_id, reason="consent_withdrawn", staff_id=staff_id, at=at, request_id=request_id
                    )
                row = await consent_of(consent_id=consent_id)
        if topics is not None:
            await trail.tell(*topics)
            return row


async def _resting_on(consent_id: int) -> list[int]:
    """List the items that are shown or wait and rest on a consent, themselves or by a file, tree by tree."""
    rows = await connection().fetch(
        f"""
        SELECT DISTINCT p.item_id FROM publication p JOIN version v ON v.id = p.version_id
        WHERE (({CURRENT.format(p="p")} AND p.expired_at IS NULL) OR ({WAITING.format(p="p")}))
            AND $1 IN (SELECT c.id FROM ({CONSENTS.format(shape="v.shape")}) AS c)
        """,  # noqa: S608  the parts are constants
        consent_id,
    )
    return await by_tree(row["item_id"] for row in rows)
