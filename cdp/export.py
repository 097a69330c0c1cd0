"""Export of the log as files: JSON lines by day of receipt in Asia/Shanghai, with a manifest that proves them.

The rule: a file appears under its name only when it is whole and on disk, and it counts only once the manifest names
it; whoever is killed in between writes the same file again. A day goes on after the highest number that was exported of
it, so that what came in later, or out of the quarantine, follows as a further part, and nothing comes twice.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
from asyncpg import Record
from msgspec import Raw, Struct

from cdp.catalogue import HOUSE
from cdp.envelope import CLOCK, CONFLICT, UNNAMED
from server.core.clock import day_of, start_of
from server.core.db import connection, transaction
from server.core.errors import Conflict, Invalid

MANIFEST: Final = "manifest.json"
LINES: Final = 100_000
# What was received less than this ago may not be committed yet.
SETTLED: Final = timedelta(minutes=1)
READ_TIMEOUT_S: Final = 900.0
FLAGS: Final = {CLOCK: "clock", CONFLICT: "conflict", UNNAMED: "unnamed"}


class FolderBusy(Conflict):
    """Another export is writing into this folder."""

    code = "export_folder_busy"
    title = "该目录正在被另一个导出任务使用"


class FolderForeign(Invalid):
    """The folder's manifest was not written by an export."""

    code = "export_folder_foreign"
    title = "该目录的清单文件无法识别"


class Part(Struct, frozen=True):
    """One file: how many lines, from which number to which, and the SHA-256 of its bytes."""

    file: str
    day: date
    count: int
    min_number: int
    max_number: int
    bytes: int
    sha256: str


class Manifest(Struct, frozen=True):
    """All files of a folder. ``settled_until`` is up to when the last export could know everything."""

    format: str
    settled_until: datetime
    parts: list[Part]

    @property
    def count(self) -> int:
        return sum(part.count for part in self.parts)


class Progress(Struct, frozen=True):
    """How far an export has come: which day, how many of all days are done, how many events were written just now."""

    day: date
    days_done: int
    days: int
    events: int


class Line(Struct, frozen=True, omit_defaults=True, kw_only=True):
    """An event as it leaves the log; what is not known of it is left out."""

    number: int
    event_id: str
    given_id: str | None = None
    name: str
    schema: str
    source: str
    audience: str | None = None
    account_id: int | None = None
    anonymous_id: str | None = None
    session: str | None = None
    sequence: int | None = None
    created_at: datetime
    sent_at: datetime | None = None
    received_at: datetime
    derived_at: datetime
    flags: tuple[str, ...] = ()
    bot_reasons: list[str] | None = None
    app: str | None = None
    channel: str | None = None
    page: str | None = None
    campaign: str | None = None
    share_id: str | None = None
    experiment: str | None = None
    recommendation_id: str | None = None
    consent_version: str | None = None
    purposes: list[str] | None = None
    body: Raw


FORMAT: Final = "xinglin-events/1"
_COLUMNS: Final = ", ".join(Line.__struct_fields__)
_SAME: Final = tuple(
    name for name in Line.__struct_fields__ if name not in {"event_id", "given_id", "source", "flags", "body"}
)
_encode: Final = msgspec.json.Encoder().encode


async def export(
    *, since: date, until: date, folder: Path, at: datetime, tell: Callable[[Progress], None] = lambda progress: None
) -> Manifest:
    """Write the events received on the days ``[since, until)`` in Asia/Shanghai, as far as they are not written yet.

    :param folder: made where it is missing; an earlier export in it is continued.
    :param tell: is told of every part, and at the end of every day.
    :raises FolderBusy: if another export is writing there.
    :raises FolderForeign: if there is a manifest of something else.
    """
    with _held(folder):
        settled = await _settled(at)
        last = min(until, day_of(settled) + timedelta(days=1))
        days = [since + timedelta(days=ahead) for ahead in range(max(0, (last - since).days))]
        manifest = _read(folder)
        events = 0

        def keep(part: Part) -> None:
            nonlocal manifest, events
            manifest = Manifest(FORMAT, settled, [*manifest.parts, part])
            _write(folder, manifest)
            events += part.count
            tell(Progress(part.day, days.index(part.day), len(days), events))

        for done, day in enumerate(days, 1):
            await _write_day(folder, manifest, day, min(start_of(day + timedelta(days=1)), settled), keep)
            tell(Progress(day, done, len(days), events))
        manifest = Manifest(FORMAT, settled, manifest.parts)
        _write(folder, manifest)
    return manifest


async def _settled(at: datetime) -> datetime:
    """Give the time before which everything received has been committed or never will be."""
    oldest = await connection().value(
        "SELECT min(xact_start) FROM pg_stat_activity "
        "WHERE datname = current_database() AND backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
    )
    return min(at, oldest or at) - SETTLED


async def _write_day(
    folder: Path, manifest: Manifest, day: date, before: datetime, keep: Callable[[Part], None]
) -> None:
    """Write the parts of a day that are missing, one after the other."""
    of_day = [part for part in manifest.parts if part.day == day]
    number = len(of_day)
    after = max((part.max_number for part in of_day), default=0)
    # One statement has one snapshot, and of the time before `settled` nothing is still on its way.
    async with transaction(), connection().held() as held:
        statement = (
            f"SELECT {_COLUMNS} FROM event "  # noqa: S608  names of columns
            "WHERE received_at >= $1 AND received_at < $2 AND number > $3 ORDER BY number"
        )
        writing: _Writing | None = None
        async for row in held.cursor(statement, start_of(day), before, after, prefetch=2000, timeout=READ_TIMEOUT_S):
            if writing is None:
                number += 1
                writing = _Writing(folder, day, number)
            writing.add(row)
            if writing.count == LINES:
                keep(writing.done())
                writing = None
        if writing is not None:
            keep(writing.done())


class _Writing:
    """One file on its way: written aside, put on disk, and only then given its name."""

    def __init__(self, folder: Path, day: date, number: int) -> None:
        self._folder, self._day = folder, day
        self._file = f"{day.isoformat()}/{number:05}.jsonl"
        self._path = folder / self._file
        self._path.parent.mkdir(exist_ok=True)
        self._aside = self._path.with_suffix(".aside")
        self._stream = self._aside.open("wb")
        self._hash = hashlib.sha256()
        self._bytes = self.count = self._min = self._max = 0

    def add(self, row: Record) -> None:
        line = _encode(_line(row)) + b"\n"
        self._stream.write(line)
        self._hash.update(line)
        self._bytes += len(line)
        self.count += 1
        self._min = self._min or row["number"]
        self._max = row["number"]

    def done(self) -> Part:
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._aside.replace(self._path)
        _sync(self._path.parent)
        _sync(self._folder)
        return Part(self._file, self._day, self.count, self._min, self._max, self._bytes, self._hash.hexdigest())


def _line(row: Record) -> Line:
    same: dict[str, Any] = {name: row[name] for name in _SAME}
    given = row["given_id"]
    return Line(
        event_id=_id_text(row["event_id"]),
        given_id=None if given is None else _id_text(given),
        source="server" if row["source"] == HOUSE else "client",
        flags=tuple(name for bit, name in FLAGS.items() if row["flags"] & bit),
        body=Raw(row["body"].encode()),
        **same,
    )


def _id_text(event_id: bytes) -> str:
    return str(UUID(bytes=event_id)) if len(event_id) == 16 else event_id.hex()


def _read(folder: Path) -> Manifest:
    path = folder / MANIFEST
    if not path.exists():
        return Manifest(FORMAT, datetime(1970, 1, 1, tzinfo=UTC), [])
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError:
        raise FolderForeign(f"{path} was not written by an export of events.", field="folder") from None
    if manifest.format != FORMAT:
        raise FolderForeign(f"{path} is of the format {manifest.format}.", field="folder")
    return manifest


def _write(folder: Path, manifest: Manifest) -> None:
    aside = folder / f"{MANIFEST}.aside"
    with aside.open("wb") as stream:
        stream.write(msgspec.json.format(_encode(manifest), indent=1) + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    aside.replace(folder / MANIFEST)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Put the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderBusy(f"Another export is writing into {folder}.", field="folder") from None
        yield
