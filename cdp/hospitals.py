"""The dictionary of hospitals: its entries, and the copy of it that a process compares names with.

The rule: a hospital is known by its key for ever. Each change raises a revision, under a lock on the table, so that a
copy in memory knows at every use whether it still is the dictionary.
"""

import asyncio
import re
from datetime import datetime
from typing import Final

import msgspec
from asyncpg import Record
from msgspec import Struct

from cdp.hospital_matching import Dictionary, Entry, is_generic
from cdp.professional_events import Match
from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid, Missing

KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
MOST_ALIASES: Final = 30
_LONGEST: Final = {"name": 100, "province": 20, "city": 20, "level": 12}


class HospitalMissing(Missing):
    """There is no such hospital in the dictionary."""

    code = "hospital_missing"
    title = "没有这家医院"


class HospitalInvalid(Invalid):
    """The entry is not what it has to be; ``field`` names the part, ``facts`` the fault."""

    code = "hospital_invalid"
    title = "医院信息有误"


class HospitalTaken(Conflict):
    """Another hospital has the key or the name."""

    code = "hospital_taken"
    title = "已有同名或同编码的医院"


class HospitalUsed(Conflict):
    """Applications name the hospital, so that it has to stay."""

    code = "hospital_used"
    title = "已有认证使用这家医院，不能删除"


class Fault(Struct, frozen=True):
    """What is wrong with a row: the row's number, the field, what it is, and the value."""

    row: int
    field: str
    code: str
    value: str


class Listing(Struct, frozen=True):
    """A page of the dictionary, and how many there are in all."""

    rows: list[Entry]
    total: int


SELECT: Final = "SELECT key, name, province, city, level, aliases FROM hospital"


class Lookup:
    """The dictionary as a process keeps it: read again when it has changed, and never used when it has."""

    def __init__(self) -> None:
        self._mark: tuple[int, int] | None = None
        self._dictionary = Dictionary(())
        self._reading = asyncio.Lock()

    async def dictionary(self) -> Dictionary:
        """Give the dictionary as it is now."""
        if await _mark() == self._mark:
            return self._dictionary
        async with self._reading:
            mark = await _mark()
            if mark != self._mark:
                entries = [entry_in(row) for row in await connection().fetch(SELECT)]
                # A national list takes seconds, in which others are to be answered.
                self._dictionary = await asyncio.to_thread(Dictionary, entries, before=self._dictionary)
                self._mark = mark
            return self._dictionary


def placed(dictionary: Dictionary, *, typed: str, picked: str) -> tuple[str, Match]:
    """Give the key of the hospital that a doctor wrote or picked, empty where none is certain, and how it was found."""
    found = dictionary.match(typed)
    if picked in dictionary.entries:
        return picked, found.kind if found.best and found.best.hospital.key == picked else "alias"
    if found.best is not None and found.kind in {"exact", "alias"}:
        return found.best.hospital.key, found.kind
    return "", found.kind


async def save(*, entry: Entry, new: bool, actor: str, at: datetime, request_id: str = "") -> None:
    """Write one entry of the dictionary.

    :param new: whether it must not be there yet, or must.
    :raises HospitalInvalid: if a part of it is none.
    :raises HospitalTaken: if it is there though it must not be, or another has its name.
    :raises HospitalMissing: if it must be there and is not.
    """
    faults = faults_of(0, entry)
    if faults:
        raise HospitalInvalid(_SENTENCES[faults[0].code], field=faults[0].field, value=faults[0].value)
    async with transaction():
        await hold()
        before = await connection().row(SELECT + " WHERE key = $1", entry.key)
        if new and before is not None:
            raise HospitalTaken(field="key")
        if not new and before is None:
            raise HospitalMissing()
        if await connection().value("SELECT true FROM hospital WHERE name = $1 AND key <> $2", entry.name, entry.key):
            raise HospitalTaken(field="name")
        if before is not None and entry_in(before) == entry:
            return
        await write([entry], at=at)
        await audit.note(
            actor=actor,
            deed="hospital.save",
            subject_kind="hospital",
            subject_id=entry.key,
            before=None if before is None else entry_in(before),
            after=entry,
            at=at,
            request_id=request_id,
        )


async def add_alias(*, key: str, alias: str, actor: str, at: datetime, request_id: str = "") -> None:
    """Add a name under which a hospital is written too; one that it has changes nothing.

    :raises HospitalMissing: if there is no such hospital.
    :raises HospitalInvalid: if it could be any hospital's name, or there are too many.
    """
    async with transaction():
        # Held before it is read, so that of two who add to it neither takes the other's away.
        await hold()
        entry = await hospital(key=key)
        if alias.strip() not in (entry.name, *entry.aliases):
            longer = msgspec.structs.replace(entry, aliases=(*entry.aliases, alias.strip()))
            await save(entry=longer, new=False, actor=actor, at=at, request_id=request_id)


async def remove(*, key: str, actor: str, at: datetime, request_id: str = "") -> None:
    """Take a hospital out of the dictionary that no application names.

    :raises HospitalMissing: if there is none.
    :raises HospitalUsed: if one does.
    """
    async with transaction():
        await hold()
        before = await hospital(key=key)
        if await connection().value("SELECT true FROM professional_application WHERE hospital_key = $1 LIMIT 1", key):
            raise HospitalUsed()
        await connection().execute("DELETE FROM hospital WHERE key = $1", key)
        await audit.note(
            actor=actor,
            deed="hospital.remove",
            subject_kind="hospital",
            subject_id=key,
            before=before,
            at=at,
            request_id=request_id,
        )


async def hospital(*, key: str) -> Entry:
    """Give one hospital.

    :raises HospitalMissing: if there is none.
    """
    row = await connection().row(SELECT + " WHERE key = $1", key)
    if row is None:
        raise HospitalMissing()
    return entry_in(row)


async def listing(*, province: str = "", page: int = 1, size: int = 50) -> Listing:
    """List the dictionary by province, city and name.

    :param page: from 1.
    """
    rows = await connection().fetch(
        SELECT + " WHERE $1 IN ('', province) ORDER BY province, city, name LIMIT $2 OFFSET $3",
        province,
        size,
        (max(page, 1) - 1) * size,
    )
    total = await connection().value("SELECT count(*) FROM hospital WHERE $1 IN ('', province)", province)
    return Listing([entry_in(row) for row in rows], total)


async def provinces() -> list[str]:
    """List the provinces that hospitals of the dictionary are in."""
    return [row["province"] for row in await connection().fetch("SELECT DISTINCT province FROM hospital ORDER BY 1")]


_SENTENCES: Final = {
    "key_bad": "编码只含小写字母、数字和连字符。",
    "missing": "此项必填。",
    "too_long": "内容太长。",
    "too_many": "别名最多 30 个。",
    "alias_generic": "这个名称许多医院都有，不能作别名。",
    "alias_short": "别名至少两个字。",
}


async def _mark() -> tuple[int, int]:
    row = await connection().row("SELECT count(*) AS count, coalesce(max(revision), 0) AS revision FROM hospital")
    assert row is not None
    return row["count"], row["revision"]


async def hold() -> None:
    """Hold the dictionary against other changes, so that revisions are committed in their order."""
    await connection().execute("LOCK TABLE hospital IN SHARE ROW EXCLUSIVE MODE")


async def write(entries: list[Entry], *, at: datetime) -> None:
    """Write entries with new revisions, in the transaction that holds the dictionary."""
    await connection().execute(
        "INSERT INTO hospital AS known (key, name, province, city, level, aliases, revision, created_at, updated_at) "
        "SELECT key, name, province, city, level, ARRAY(SELECT jsonb_array_elements_text(aliases)), "
        "nextval('hospital_revision'), $2, $2 FROM jsonb_to_recordset($1::jsonb) "
        "AS given (key text, name text, province text, city text, level text, aliases jsonb) "
        "ON CONFLICT (key) DO UPDATE SET name = excluded.name, province = excluded.province, city = excluded.city, "
        "level = excluded.level, aliases = excluded.aliases, revision = excluded.revision, updated_at = $2",
        msgspec.json.encode(entries).decode(),
        at,
    )


def entry_in(row: Record) -> Entry:
    """Read an entry from its row."""
    return Entry(row["key"], row["name"], row["province"], row["city"], row["level"], tuple(row["aliases"]))


def faults_of(number: int, entry: Entry) -> list[Fault]:
    """List what is wrong with an entry by itself; ``number`` is that of its row in a list."""
    found = [] if KEY.fullmatch(entry.key) else [Fault(number, "key", "key_bad", entry.key[:100])]
    for name, most in _LONGEST.items():
        value = getattr(entry, name)
        if not value and name != "level":
            found.append(Fault(number, name, "missing", ""))
        elif len(value) > most:
            found.append(Fault(number, name, "too_long", value[:100]))
    if len(entry.aliases) > MOST_ALIASES:
        found.append(Fault(number, "aliases", "too_many", str(len(entry.aliases))))
    for alias in entry.aliases:
        code = "alias_short" if len(alias) < 2 else "too_long" if len(alias) > 100 else ""
        code = code or ("alias_generic" if is_generic(alias) else "")
        if code:
            found.append(Fault(number, "aliases", code, alias[:100]))
    return found
