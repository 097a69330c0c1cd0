"""Consent: versioned texts, words given and taken back, and what may be done now.

The rule: the last word of a purpose counts, and only while no later material text has replaced what was agreed to.
Without consent to `SERVICE` there is no other, and nothing but the sign-in itself is stored. Taking a word back is one
call, needs no version, and works at once; what was done before stays lawful.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from typing import Final, Literal

from asyncpg import Record, UniqueViolationError
from msgspec import Struct

from cdp import log, people
from cdp.events import ConsentGranted, ConsentWithdrawn
from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Conflict, Forbidden, Invalid, Missing
from server.core.roles import Audience

Purpose = Literal["service", "analytics", "marketing", "health", "verification"]
Channel = Literal["mini_program", "wechat", "steward"]

SERVICE: Final = "service"
VERIFICATION: Final = "verification"
PURPOSES: Final[tuple[Purpose, ...]] = ("service", "analytics", "marketing", "health", "verification")
# Agreed to where it is needed, by itself, and not asked of everybody who signs in (PIPL, article 29).
SEPARATE: Final = frozenset({"verification"})
LANGUAGE: Final = "zh-CN"
LONGEST_BODY = 40_000


class ConsentNeeded(Forbidden):
    """This is stored or done only for those who have agreed to the text of its purpose."""

    code = "consent_needed"
    title = "请先阅读并同意《个人信息处理规则》"


class PurposeMissing(Missing):
    """There is no text for this purpose here."""

    code = "purpose_missing"
    title = "没有该授权项"


class TextOutdated(Conflict):
    """Another version of the text is the present one; it has to be read before it is agreed to."""

    code = "consent_text_outdated"
    title = "授权文本已更新，请重新阅读"


class TextPublished(Conflict):
    """A text of this version or a later one is published, and what is published is final."""

    code = "consent_text_published"
    title = "该版本或更新的版本已发布"


class TextInvalid(Invalid):
    """The text cannot be published like this."""

    code = "consent_text_invalid"
    title = "授权文本有误"


class Text(Struct, frozen=True):
    """What is agreed to. A ``material`` one is not covered by what was agreed to before it."""

    purpose: Purpose
    version: str
    language: str
    title: str
    body: str
    material: bool
    published_at: datetime


class PublishedText(Struct, frozen=True):
    """A text as it was published; a present one is the newest of its purpose, audience and language.

    ``agreed`` counts the accounts whose last word is to this version, and which have not taken it back.
    """

    audience: Audience
    text: Text
    present: bool
    agreed: int


class Word(Struct, frozen=True):
    """Where an account stands with a purpose: its last word, and whether that still counts."""

    text: Text
    granted: bool
    version: str = ""
    at: datetime | None = None

    @property
    def outdated(self) -> bool:
        """Whether the account had agreed, and has to be asked again because the text has changed."""
        return self.version != "" and not self.granted


class GivenWord(Struct, frozen=True):
    """A word as it stands in the record."""

    purpose: str
    version: str
    granted: bool
    channel: str
    at: datetime


_LAST = """
SELECT last.purpose, last.version, last.granted, last.at, last.granted AND NOT EXISTS (
    SELECT FROM consent_text AS text
    WHERE text.audience = account.audience AND text.purpose = last.purpose AND text.material
        AND text.version COLLATE "C" > last.version COLLATE "C"
) AS counts
FROM account
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (purpose) purpose, version, granted, at FROM consent
    WHERE consent.account_id = account.id ORDER BY purpose, id DESC
) AS last
WHERE account.id = $1 AND account.erased_at IS NULL
"""


async def purposes_of(*, account_id: int) -> tuple[str, frozenset[str]]:
    """Give the version of the privacy text that an account has agreed to, empty for none, and the purposes granted."""
    rows = await connection().fetch(_LAST, account_id)
    granted = {row["purpose"]: row["version"] for row in rows if row["counts"]}
    if SERVICE not in granted:
        return "", frozenset()
    return granted[SERVICE], frozenset(granted)


async def require(*, account_id: int, purpose: Purpose = "service") -> None:
    """Let nothing pass without consent.

    :raises ConsentNeeded: if the account has not agreed to the purpose as it is now.
    """
    if purpose not in (await purposes_of(account_id=account_id))[1]:
        raise ConsentNeeded(purpose=purpose)


async def is_withdrawn(*, account_id: int) -> bool:
    """Tell whether an account has taken back its consent to `SERVICE`, or is gone; one that never spoke has not."""
    return bool(
        await connection().value(
            "SELECT erased_at IS NOT NULL OR NOT coalesce((SELECT granted FROM consent WHERE account_id = account.id "
            "AND purpose = 'service' ORDER BY consent.id DESC LIMIT 1), true) FROM account WHERE id = $1",
            account_id,
        )
    )


async def texts(*, audience: Audience, language: str = LANGUAGE) -> list[Text]:
    """List the present text of each purpose, in the language where there is one, in the order of `PURPOSES`."""
    rows = await connection().fetch(
        "SELECT DISTINCT ON (purpose) purpose, version, language, title, body, material, published_at "
        'FROM consent_text WHERE audience = $1 ORDER BY purpose, version COLLATE "C" DESC, language <> $2, '
        "language <> 'zh-CN', language",
        audience,
        language,
    )
    found = {row["purpose"]: Text(**row) for row in rows}
    return [found[purpose] for purpose in PURPOSES if purpose in found]


async def published() -> list[PublishedText]:
    """List every text that was ever published, by audience and purpose, the newest first."""
    rows = await connection().fetch(
        "WITH last AS (SELECT DISTINCT ON (account_id, purpose) account_id, purpose, version, granted FROM consent "
        "ORDER BY account_id, purpose, id DESC), agreed AS (SELECT account.audience, last.purpose, last.version, "
        "count(*) AS count FROM last JOIN account ON account.id = last.account_id "
        "WHERE last.granted AND account.erased_at IS NULL GROUP BY 1, 2, 3) "
        "SELECT t.audience, t.purpose, t.version, t.language, t.title, t.body, t.material, t.published_at, "
        "coalesce(agreed.count, 0) AS agreed, row_number() OVER (PARTITION BY t.audience, t.purpose, t.language "
        'ORDER BY t.version COLLATE "C" DESC) = 1 AS present '
        "FROM consent_text AS t LEFT JOIN agreed USING (audience, purpose, version) "
        'ORDER BY t.audience, t.purpose, t.version COLLATE "C" DESC, t.language'
    )
    return [
        PublishedText(
            Audience(row["audience"]),
            Text(**{name: row[name] for name in Text.__struct_fields__}),
            row["present"],
            row["agreed"],
        )
        for row in rows
    ]


async def words(*, account_id: int, audience: Audience, language: str = LANGUAGE) -> list[Word]:
    """Tell where an account stands with each purpose that has a text; 0 for a guest, who has said nothing."""
    rows = {row["purpose"]: row for row in await connection().fetch(_LAST, account_id)}
    served = SERVICE in rows and rows[SERVICE]["counts"]
    return [_word(text, rows, served=served) for text in await texts(audience=audience, language=language)]


async def grant(
    *, account_id: int, purpose: Purpose, version: str, at: datetime, channel: Channel = "mini_program"
) -> None:
    """Agree to the present text of a purpose; saying so again changes nothing.

    :raises PurposeMissing: if there is no text for it.
    :raises TextOutdated: if another version is the present one; ``facts`` name it.
    :raises ConsentNeeded: if the purpose is not `SERVICE` and that has not been agreed to.
    """
    async with transaction():
        audience = await _hold(account_id)
        present = next((text for text in await texts(audience=audience) if text.purpose == purpose), None)
        if present is None:
            raise PurposeMissing(field="purpose")
        if present.version != version:
            raise TextOutdated(field="version", version=present.version)
        if purpose != SERVICE:
            await require(account_id=account_id)
        last = await _last(account_id, purpose)
        if last is None or not last["granted"] or last["version"] != version:
            await _say(account_id, purpose, version, granted=True, channel=channel, at=at)
            await log.record(
                ConsentGranted(at=at, account_id=account_id, purpose=purpose, version=version, channel=channel)
            )


async def withdraw(*, account_id: int, purpose: Purpose, at: datetime, channel: Channel = "mini_program") -> None:
    """Take consent to a purpose back; what was never given is no failure.

    With `SERVICE` go all the others, and the phone number that was bound under it.
    """
    async with transaction():
        await _hold(account_id)
        taken = PURPOSES if purpose == SERVICE else (purpose,)
        # The ground of the others goes last, so that the record of their end still knows whose it was.
        for one in reversed(taken):
            last = await _last(account_id, one)
            if last is None or not last["granted"]:
                continue
            # While the word still counts, the event may bear the person; a moment later it may not.
            await log.record(
                ConsentWithdrawn(at=at, account_id=account_id, purpose=one, version=last["version"], channel=channel)
            )
            await _say(account_id, one, last["version"], granted=False, channel=channel, at=at)
        if purpose == SERVICE:
            await people.drop_phone(account_id=account_id, at=at)


async def given(*, account_ids: list[int]) -> list[GivenWord]:
    """Tell every word that some accounts have given or taken back, the first first."""
    rows = await connection().fetch(
        "SELECT purpose, version, granted, channel, at FROM consent WHERE account_id = ANY($1) ORDER BY id", account_ids
    )
    return [GivenWord(**row) for row in rows]


async def publish_text(
    *,
    audience: Audience,
    purpose: Purpose,
    version: str,
    title: str,
    body: str,
    material: bool,
    actor: str,
    at: datetime,
    language: str = LANGUAGE,
    request_id: str = "",
) -> None:
    """Publish a text for good; a translation of the present version may follow it.

    :param version: a date, ``2026-11-22``, with ``.1`` to ``.9`` for more on one day.
    :raises TextInvalid: if the title or the text is empty or too long, or the version is no date.
    :raises TextPublished: if this version is published in this language, or a later one is.
    """
    if not 0 < len(title) <= 120 or not 0 < len(body) <= LONGEST_BODY:
        raise TextInvalid("标题不超过 120 字，正文不超过 40000 字，均不能为空。", field="body")
    if not _is_version(version):
        raise TextInvalid("版本为日期，如 2026-11-22；同一天再次发布写作 2026-11-22.1。", field="version")
    async with transaction():
        await connection().execute("LOCK TABLE consent_text IN SHARE ROW EXCLUSIVE MODE")
        latest = await connection().value(
            'SELECT max(version COLLATE "C") FROM consent_text WHERE audience = $1 AND purpose = $2', audience, purpose
        )
        if latest is not None and latest > version:
            raise TextPublished(field="version", version=latest)
        try:
            await connection().execute(
                "INSERT INTO consent_text (audience, purpose, version, language, title, body, material, published_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                audience,
                purpose,
                version,
                language,
                title,
                body,
                material,
                at,
            )
        except UniqueViolationError:
            raise TextPublished(field="version", version=version) from None
        await audit.note(
            actor=actor,
            deed="consent.publish_text",
            subject_kind="consent_text",
            subject_id=f"{audience}/{purpose}/{version}/{language}",
            after={"title": title, "material": material},
            at=at,
            request_id=request_id,
        )


def _is_version(text: str) -> bool:
    day, dot, number = text.partition(".")
    try:
        return date.fromisoformat(day).isoformat() == day and (not dot or re.fullmatch("[1-9]", number) is not None)
    except ValueError:
        return False


async def _hold(account_id: int) -> Audience:
    """Hold an account, so that its words follow one another."""
    audience = await connection().value(
        "SELECT audience FROM account WHERE id = $1 AND erased_at IS NULL FOR NO KEY UPDATE", account_id
    )
    if audience is None:
        raise ConsentNeeded("The account is gone.")
    return Audience(audience)


async def _last(account_id: int, purpose: str) -> Record | None:
    return await connection().row(
        "SELECT version, granted FROM consent WHERE account_id = $1 AND purpose = $2 ORDER BY id DESC LIMIT 1",
        account_id,
        purpose,
    )


async def _say(account_id: int, purpose: str, version: str, *, granted: bool, channel: str, at: datetime) -> None:
    await connection().execute(
        "INSERT INTO consent (account_id, purpose, version, granted, channel, at) VALUES ($1, $2, $3, $4, $5, $6)",
        account_id,
        purpose,
        version,
        granted,
        channel,
        at,
    )


def _word(text: Text, rows: Mapping[str, Record], *, served: bool) -> Word:
    row = rows.get(text.purpose)
    if row is None:
        return Word(text, granted=False)
    return Word(text, granted=row["counts"] and served, version=row["version"] if row["granted"] else "", at=row["at"])
