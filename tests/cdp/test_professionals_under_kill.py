"""The jobs of professionals are killed in the middle: nothing is half forgotten, and nothing is told twice."""

import asyncio
import signal
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from professional_fixtures import PHOTO, Practice

from cdp import professional_upkeep
from server.core import clock
from server.core.db import connection
from server.core.settings import Settings

DAY = timedelta(days=1)
MANY = 1500

JOB = """
import asyncio, sys
from datetime import datetime
from types import SimpleNamespace
from cdp import log, professional_upkeep
from server import wiring
from server.core import db

async def main():
    database_url, name, at = sys.argv[1:]
    await db.open_database(database_url, wiring.MODELS)
    log.react(wiring.REACTIONS)
    parts = SimpleNamespace(settings=SimpleNamespace(licence_photo_days=30))
    print("ready", flush=True)
    await getattr(professional_upkeep, name)(parts, datetime.fromisoformat(at))

asyncio.run(main())
"""


async def killed(settings: Settings, name: str, at: str, after_s: float) -> None:
    job = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", JOB, settings.database_url, name, at), stdout=asyncio.subprocess.PIPE
    )
    assert job.stdout is not None
    assert await job.stdout.readline() == b"ready\n"
    await asyncio.sleep(after_s)
    if job.returncode is None:
        job.send_signal(signal.SIGKILL)
    await job.wait()


async def copies(application_id: int, **changed: str) -> None:
    """Make many of one decided application, each with its photo; what is sealed in them need not be opened here."""
    columns = [
        row["attname"]
        for row in await connection().fetch(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'professional_application'::regclass AND attnum > 0 "
            "AND NOT attisdropped AND attname NOT IN ('id', 'account_id')"
        )
    ]
    taken = ", ".join(changed.get(name, name) for name in columns)
    await connection().execute(
        "INSERT INTO account (app_id, audience, openid_hash, openid, created_at) SELECT app_id, audience, "
        "decode(lpad(to_hex(n), 8, '0'), 'hex'), openid, created_at FROM account, generate_series(1, $1) AS n "
        "WHERE account.id = (SELECT account_id FROM professional_application WHERE id = $2)",
        MANY,
        application_id,
    )
    await connection().execute(
        f"INSERT INTO professional_application (account_id, {', '.join(columns)}) "
        f"SELECT account.id, {taken} FROM professional_application, account "
        "WHERE professional_application.id = $1 AND account.id <> account_id",
        application_id,
    )
    await connection().execute(
        "INSERT INTO professional_photo (application_id, sealed, media_type, kept_at) "
        "SELECT id, $1, 'image/jpeg', submitted_at FROM professional_application WHERE id <> $2",
        PHOTO.data,
        application_id,
    )


@pytest.mark.faults
async def test_a_retention_job_that_is_killed_leaves_each_application_whole_or_forgotten(
    practice: Practice, settings: Settings
) -> None:
    application_id = await practice.submit(await practice.doctor())
    await practice.refuse(application_id)
    await copies(application_id)
    at = clock.now() + 40 * DAY
    for after_s in (0.05, 0.15, 0.3):
        await killed(settings, "forget", at.isoformat(), after_s)
        rows = await connection().fetch(
            "SELECT name IS NULL AND licence IS NULL AND licence_hash IS NULL AND cleared_at IS NOT NULL AS forgotten, "
            "EXISTS (SELECT FROM professional_photo AS f WHERE f.application_id = p.id) AS photo, "
            "(SELECT count(*) FROM audit_entry AS a WHERE a.subject_kind = 'professional_application' "
            "AND a.deed = 'professional.forget' AND a.subject_id = p.id::text) AS entries "
            "FROM professional_application AS p"
        )
        assert {(row["forgotten"], row["photo"], row["entries"]) for row in rows} <= {
            (True, False, 1),
            (False, True, 0),
        }
    await professional_upkeep.forget(SimpleNamespace(settings=SimpleNamespace(licence_photo_days=30)), at)
    assert await connection().value("SELECT count(*) FROM professional_photo") == 0
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'professional.forget'") == MANY + 1


@pytest.mark.faults
async def test_a_killed_expiry_is_noted_once_for_each(practice: Practice, settings: Settings) -> None:
    at = clock.now()
    application_id = await practice.submit(await practice.doctor())
    await practice.approve(application_id, at=at, valid_until=at + DAY)
    await copies(application_id)
    for after_s in (0.1, 0.3):
        await killed(settings, "expire", (at + 2 * DAY).isoformat(), after_s)
    for _ in range(1 + MANY // professional_upkeep.MOST_AT_ONCE):
        await professional_upkeep.expire(SimpleNamespace(), at + 2 * DAY)
    rows = await connection().fetch("SELECT count(*) AS n FROM event WHERE name = 'professional_expired' GROUP BY body")
    assert [row["n"] for row in rows] == [1] * (MANY + 1)
    assert await connection().value("SELECT count(*) FROM professional_application WHERE ended_at IS NULL") == 0
