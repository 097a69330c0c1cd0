"""Lists of hospitals, taken into the dictionary: the one that comes with the house, and bigger ones.

The rule: a list is taken in whole or not at all. Taking the same one in again changes nothing; it adds to the aliases
that staff have written and takes none away.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Final

import msgspec
from msgspec import Struct

from cdp.hospital_matching import Entry
from cdp.hospitals import SELECT, Fault, entry_in, faults_of, hold, write
from server.core import audit
from server.core.db import connection, transaction
from server.core.errors import Invalid

STANDARD: Final = Path(__file__).with_name("standard_hospitals.csv")
FIELDS: Final = ("key", "name", "province", "city", "level", "aliases")
# How aliases are parted from each other within one cell of a list.
PARTED: Final = re.compile(r"[|;；\n]")


class ListInvalid(Invalid):
    """The list has not the columns that are needed: 编码, 名称, 省份 and 城市, and perhaps 等级 and 别名."""

    code = "hospital_list_invalid"
    title = "医院列表的列不正确"


class TakenIn(Struct, frozen=True):
    """What became of a list, or would: nothing of it is taken in where there are faults.

    ``shared`` lists aliases that more than one hospital has, which therefore mean none by themselves.
    """

    added: int
    changed: int
    same: int
    faults: list[Fault]
    shared: list[str]
    done: bool


_HEADINGS: Final = {
    "key": ("编码", "key"),
    "name": ("名称", "医院名称", "name"),
    "province": ("省份", "省", "province"),
    "city": ("城市", "市", "city"),
    "level": ("等级", "级别", "level"),
    "aliases": ("别名", "简称", "aliases"),
}


async def take_in(
    *, rows: Sequence[tuple[int, Entry]], dry_run: bool, actor: str, at: datetime, request_id: str = ""
) -> TakenIn:
    """Take a list of hospitals in, or only say what would become of it.

    :param rows: the entries with the numbers of their rows, by which faults are told.
    """
    faults = [fault for number, entry in rows for fault in faults_of(number, entry)]
    async with transaction():
        await hold()
        known = {row["key"]: entry_in(row) for row in await connection().fetch(SELECT)}
        faults += _clashes(rows, known)
        merged = [_merged(entry, known.get(entry.key)) for _, entry in rows]
        added = sum(entry.key not in known for entry in merged)
        changed = [entry for entry in merged if known.get(entry.key) != entry]
        after = {**known, **{entry.key: entry for entry in merged}}
        done = not faults and not dry_run
        outcome = TakenIn(
            added, len(changed) - added, len(merged) - len(changed), faults, _shared(after.values()), done=done
        )
        if done and changed:
            await write(changed, at=at)
            await audit.note(
                actor=actor,
                deed="hospital.take_in",
                subject_kind="hospital",
                subject_id=f"{len(changed)} hospitals",
                after={"added": outcome.added, "changed": outcome.changed},
                at=at,
                request_id=request_id,
            )
    return outcome


def is_heading(text: str) -> bool:
    """Tell whether a text is the heading of a column of a list."""
    return _field_of(text) != ""


def read(lines: Sequence[tuple[int, Sequence[str]]]) -> list[tuple[int, Entry]]:
    """Read the rows of a sheet, the first of which has the headings, in Chinese or as the fields are named.

    :param lines: the rows that are not empty, with their numbers.
    :raises ListInvalid: if a column that is needed is missing, or one is there twice.
    """
    if not lines:
        raise ListInvalid("表格里没有数据。")
    fields = [_field_of(text) for text in lines[0][1]]
    if not {"key", "name", "province", "city"} <= set(fields):
        raise ListInvalid("表格须有编码、名称、省份、城市四列。")
    if any(fields.count(name) > 1 for name in FIELDS):
        raise ListInvalid("同一列出现了两次。")
    return [
        (number, entry_of({name: value for name, value in zip(fields, values, strict=False) if name}))
        for number, values in lines[1:]
    ]


def standard() -> list[tuple[int, Entry]]:
    """Read the list that comes with the house: well-known public hospitals."""
    lines = csv.DictReader(StringIO(STANDARD.read_text("utf-8")))
    return [(number, entry_of(line)) for number, line in enumerate(lines, 2)]


def entry_of(values: dict[str, str]) -> Entry:
    """Make an entry of the fields of a row, aliases parted as `PARTED` says."""
    plain = {name: " ".join((values.get(name) or "").split()) for name in FIELDS if name != "aliases"}
    aliases = dict.fromkeys(" ".join(one.split()) for one in PARTED.split(values.get("aliases") or ""))
    return Entry(**plain, aliases=tuple(one for one in aliases if one and one != plain["name"]))


def _field_of(text: str) -> str:
    plain = text.strip().lower()
    return next((name for name, headings in _HEADINGS.items() if plain in headings), "")


def _merged(entry: Entry, known: Entry | None) -> Entry:
    """Add the aliases that are known already, in their order, to those of a list."""
    if known is None:
        return entry
    aliases = dict.fromkeys((*known.aliases, *entry.aliases))
    aliases.pop(entry.name, None)
    return msgspec.structs.replace(entry, aliases=tuple(aliases))


def _clashes(rows: Sequence[tuple[int, Entry]], known: dict[str, Entry]) -> list[Fault]:
    """Find what two rows, or a row and the dictionary, claim both."""
    found = []
    keys = {entry.key for _, entry in rows}
    names = {entry.name: entry.key for entry in known.values() if entry.key not in keys}
    seen: set[str] = set()
    for number, entry in rows:
        if entry.key in seen:
            found.append(Fault(number, "key", "key_twice", entry.key))
        seen.add(entry.key)
        if names.setdefault(entry.name, entry.key) != entry.key:
            found.append(Fault(number, "name", "name_taken", entry.name))
    return found


def _shared(entries: Iterable[Entry]) -> list[str]:
    counts = Counter(alias for entry in entries for alias in {*entry.aliases, entry.name})
    return sorted(alias for alias, count in counts.items() if count > 1)
