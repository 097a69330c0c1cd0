"""Export: every event once, whole files only, and whoever is killed goes on where they were."""

import asyncio
import fcntl
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import jsonschema
import pytest
from log_samples import event, judged

from cdp import export as exporting
from cdp import log
from cdp.event_schema import document
from cdp.events import EpisodeFinished
from cdp.export import FolderBusy, FolderForeign, Progress, export
from cdp.intake import Intake
from server.core.db import connection, transaction

pytestmark = pytest.mark.usefixtures("database")
# 23:00 in Shanghai, so that an hour later is another day.
AT = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
SINCE, UNTIL = date(2026, 11, 22), date(2026, 11, 24)
LATER = AT + timedelta(days=5)


@pytest.fixture
async def intake(database: None) -> AsyncIterator[Intake]:
    intake = Intake()
    intake.start()
    yield intake
    await intake.stop()


def lines(folder: Path) -> list[dict[str, Any]]:
    """Read an export as its reader would: by its manifest, and believing nothing."""
    manifest = json.loads((folder / "manifest.json").read_bytes())
    read = []
    for part in manifest["parts"]:
        data = (folder / part["file"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (part["bytes"], part["sha256"])
        of_part = [json.loads(line) for line in data.splitlines()]
        numbers = [line["number"] for line in of_part]
        assert numbers == sorted(set(numbers))
        assert (len(numbers), numbers[0], numbers[-1]) == (part["count"], part["min_number"], part["max_number"])
        read += of_part
    return read


async def in_log() -> list[int]:
    return [row["number"] for row in await connection().fetch("SELECT number FROM event ORDER BY number")]


async def test_events_lie_by_the_day_they_came_in_shanghai(intake: Intake, tmp_path: Path) -> None:
    await intake.take(judged(event(), at=AT))
    await intake.take(judged(event(), event(), at=AT + timedelta(hours=1)))
    told: list[Progress] = []
    manifest = await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER, tell=told.append)
    assert [(part.file, part.count) for part in manifest.parts] == [
        ("2026-11-22/00001.jsonl", 1), ("2026-11-23/00001.jsonl", 2),
    ]  # fmt: skip
    assert [line["number"] for line in lines(tmp_path)] == await in_log()
    assert (told[-1].days_done, told[-1].days, told[-1].events) == (2, 2, 3)


async def test_a_line_says_all_that_the_log_knows_and_fits_the_catalogue(intake: Intake, tmp_path: Path) -> None:
    sent = event(page="pages/home")
    await intake.take(judged(sent, {**sent, "sequence": 2}, at=AT))
    async with transaction():
        await log.record(EpisodeFinished(at=AT, item_id=7, covered_s=9, duration_s=10))
    await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)
    first, second, third = lines(tmp_path)
    schema = jsonschema.Draft202012Validator(document())
    for line in (first, second, third):
        schema.validate(line)
    assert (first["event_id"], first["source"], first["page"]) == (sent["event_id"], "client", "pages/home")
    assert (first["account_id"], first["purposes"], first["received_at"]) == (
        7,
        ["analytics", "service"],
        "2026-11-22T15:00:00Z",
    )
    assert (second["given_id"], second["flags"]) == (sent["event_id"], ["conflict"])
    assert third["source"] == "server"
    assert third["body"] == {"item_id": 7, "series_id": None, "covered_s": 9, "duration_s": 10}
    assert "account_id" not in third


async def test_a_second_run_adds_only_what_is_new(intake: Intake, tmp_path: Path) -> None:
    await intake.take(judged(event(), at=AT))
    await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)
    before = (tmp_path / "2026-11-22" / "00001.jsonl").stat()
    assert len((await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)).parts) == 1
    # Out of the quarantine comes what was received long ago.
    await intake.take(judged(event(), at=AT))
    manifest = await export(since=date(2026, 11, 1), until=UNTIL, folder=tmp_path, at=LATER)
    assert [part.file for part in manifest.parts] == ["2026-11-22/00001.jsonl", "2026-11-22/00002.jsonl"]
    assert (tmp_path / "2026-11-22" / "00001.jsonl").stat() == before
    assert [line["number"] for line in lines(tmp_path)] == await in_log()


async def test_what_may_still_be_on_its_way_waits_for_the_next_run(
    intake: Intake, tmp_path: Path, database_url: str
) -> None:
    late = AT + timedelta(seconds=30)
    await intake.take(judged(event(), at=AT))
    await intake.take(judged(event(), at=late))
    await export(since=SINCE, until=UNTIL, folder=tmp_path, at=AT + timedelta(seconds=80))
    assert len(lines(tmp_path)) == 1
    writer = await asyncpg.connect(database_url)
    now = datetime.now(UTC)
    async with writer.transaction():
        # Whoever began to write before may still commit an event with an earlier time.
        await writer.execute("SELECT pg_current_xact_id()")
        manifest = await export(since=SINCE, until=UNTIL, folder=tmp_path, at=now + timedelta(days=1))
        assert manifest.settled_until < now
    await writer.close()
    assert (await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)).count == 2


async def test_a_long_day_is_several_files(intake: Intake, tmp_path: Path) -> None:
    await connection().execute(
        "INSERT INTO event (received_at, source, event_id, name, schema, created_at, derived_at, body) "
        "SELECT $1, 2, int4send(n), 'content_open', '1-0-0', $1, $1, '{}' FROM generate_series(1, $2) AS n",
        AT,
        exporting.LINES + 5,
    )
    manifest = await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)
    assert [part.count for part in manifest.parts] == [exporting.LINES, 5]
    assert [line["number"] for line in lines(tmp_path)] == await in_log()


async def test_days_without_events_have_no_files(tmp_path: Path) -> None:
    manifest = await export(since=SINCE, until=UNTIL, folder=tmp_path / "new", at=LATER)
    assert (manifest.parts, lines(tmp_path / "new")) == ([], [])


async def test_two_exports_do_not_write_into_one_folder(tmp_path: Path) -> None:
    with (tmp_path / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(FolderBusy):
            await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)
    await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)


@pytest.mark.parametrize(
    "text", ["{}", "no JSON", '{"format":"other/1","settled_until":"2026-01-01T00:00:00Z","parts":[]}']
)
async def test_a_folder_of_something_else_is_left_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(FolderForeign):
        await export(since=SINCE, until=UNTIL, folder=tmp_path, at=LATER)
    assert (tmp_path / "manifest.json").read_text() == text


EXPORT = """
import asyncio, sys
from datetime import date, datetime, timezone
from pathlib import Path
from cdp import export
from server.core import db

export.LINES = 700

async def main():
    await db.open_database(sys.argv[1], {"cdp": ["cdp.tables.log"]})
    print("begun", flush=True)
    await export.export(since=date(2026, 11, 20), until=date(2026, 11, 25), folder=Path(sys.argv[2]),
        at=datetime(2026, 11, 27, tzinfo=timezone.utc), tell=lambda progress: print(progress.events, flush=True))

asyncio.run(main())
"""


@pytest.mark.faults
async def test_an_export_that_is_killed_goes_on_without_a_gap_or_a_repeat(tmp_path: Path, database_url: str) -> None:
    await connection().execute(
        "INSERT INTO event (received_at, source, event_id, name, schema, created_at, derived_at, body) "
        "SELECT at, 2, int4send(n), 'content_open', '1-0-0', at, at, '{}' "
        "FROM generate_series(1, 20000) AS n, LATERAL (SELECT $1::timestamptz - n * interval '10 seconds' AS at) AS t",
        AT,
    )
    rounds = int(os.environ.get("FAULT_ROUNDS", "20"))
    killed = 0
    for turn in range(rounds + 1):
        child = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", EXPORT, database_url, str(tmp_path)],
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
        )
        assert child.stdout is not None
        assert child.stdout.readline() == b"begun\n"
        if turn < rounds:
            await asyncio.sleep(random.uniform(0, 0.15))
            child.send_signal(signal.SIGKILL)
        killed += child.wait() == -signal.SIGKILL
        child.stdout.close()
    assert killed > 0
    assert sorted(line["number"] for line in lines(tmp_path)) == await in_log()
    assert {path.suffix for path in tmp_path.rglob("*") if path.is_file()} <= {".jsonl", ".json", "", ".lock"}
