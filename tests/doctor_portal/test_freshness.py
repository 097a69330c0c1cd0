"""What a worker keeps: never older than a second, by the word of another process or without it."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from professional_fixtures import Practice

from content import items, publishing
from server.core import clock
from server.core.settings import BARE_NAMES, PREFIX, Settings
from server.embedded import redis as embedded_redis
from tests.content.studio import publish, published_episode, published_series

ROOT = Path(__file__).parents[2]
MOST_S = 1.0


class Worker:
    """A web worker in a process of its own, with a Redis that can be taken away."""

    def __init__(self, client: httpx.AsyncClient, redis: subprocess.Popen[bytes]) -> None:
        self.client, self.redis = client, redis


async def until(client: httpx.AsyncClient, path: str) -> None:
    for _ in range(200):
        try:
            if (await client.get(path)).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        await asyncio.sleep(0.05)
    raise AssertionError(f"{path} did not become ready")


@pytest.fixture
async def worker(settings: Settings, client: httpx.AsyncClient, tmp_path: Path) -> AsyncIterator[Worker]:
    """Serve the same database from another process, which hears of changes through a Redis of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        redis_port = free.getsockname()[1]
    program = next(embedded_redis.programs())
    redis = subprocess.Popen(
        [program, "--port", str(redis_port), "--save", ""], stdout=subprocess.DEVNULL, cwd=tmp_path
    )
    values = {field.name: getattr(settings, field.name) for field in fields(settings)}
    values |= {"redis_url": f"redis://127.0.0.1:{redis_port}/0", "log_level": "error"}
    environment = {
        BARE_NAMES.get(name, PREFIX + name.upper()): str(value) for name, value in values.items() if str(value)
    }
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.set_inheritable(True)
        serving = subprocess.Popen(
            [sys.executable, "-m", "server", "serve-one", "--fd", str(sock.fileno())],
            cwd=ROOT,
            env={**os.environ, **environment},
            pass_fds=(sock.fileno(),),
        )
        port = sock.getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=5) as other:
            await until(other, "/readyz")
            yield Worker(other, redis)
    finally:
        redis.send_signal(signal.SIGCONT)
        for process in (serving, redis):
            process.terminate()
            process.wait(20)
    shutil.rmtree(tmp_path, ignore_errors=True)


async def change(item_id: int, title: str) -> None:
    before = await items.draft_of(item_id=item_id)
    await items.save_draft(
        item_id=item_id, shape={**before.shape, "title": title}, revision=before.revision, staff_id=1, at=clock.now()
    )
    await publish(item_id=item_id, staff_id=1, at=clock.now())


async def stale_for(client: httpx.AsyncClient, path: str, deed: Any, is_new: Any) -> float:
    """Ask without a pause around a deed; gives for how many seconds after it the old answer still came."""
    for _ in range(50):
        await client.get(path)
    await deed
    done = last_old = time.monotonic()
    while time.monotonic() - done < MOST_S + 0.3:
        asked = time.monotonic()
        if not is_new(await client.get(path)):
            last_old = asked
    return last_old - done


async def test_another_worker_is_never_behind_for_more_than_a_second(worker: Worker) -> None:
    series_id = await published_series(at=clock.now())
    episode_id = await published_episode(series_id, at=clock.now(), title="旧")
    path = f"/api/doctor/episodes/{episode_id}"
    # The word goes through another Redis than this worker hears, so that only the age of the answer ends it.
    behind = await stale_for(
        worker.client, path, change(episode_id, "新"), lambda answer: answer.json().get("title") == "新"
    )
    assert behind < MOST_S


@pytest.mark.parametrize("silence", [signal.SIGSTOP, signal.SIGKILL])
async def test_without_redis_nothing_is_kept_and_readers_notice_nothing(
    worker: Worker, silence: signal.Signals
) -> None:
    series_id = await published_series(at=clock.now())
    episode_id = await published_episode(series_id, at=clock.now(), title="旧")
    path = f"/api/doctor/episodes/{episode_id}"
    for _ in range(20):
        assert (await worker.client.get(path)).status_code == 200
    worker.redis.send_signal(silence)
    behind = await stale_for(
        worker.client,
        path,
        publishing.withdraw(item_id=episode_id, reason="", staff_id=1, at=clock.now()),
        lambda answer: answer.status_code == 410,
    )
    assert behind < MOST_S
    # From now on nothing is kept at all: a change is seen by the very next request.
    await publish(item_id=episode_id, staff_id=1, at=clock.now())
    assert (await worker.client.get(path)).status_code == 200
    await change(episode_id, "新")
    assert (await worker.client.get(path)).json()["title"] == "新"


async def test_the_word_of_a_change_reaches_another_worker_at_once(
    worker: Worker, settings: Settings, client: httpx.AsyncClient, app: Any
) -> None:
    from server.core.changes import Changes
    from server.core.redis import open_redis

    series_id = await published_series(at=clock.now())
    episode_id = await published_episode(series_id, at=clock.now(), title="旧")
    path = f"/api/doctor/episodes/{episode_id}"
    redis = open_redis(f"redis://127.0.0.1:{worker.redis.args[2]}/0")  # type: ignore[index]  # a list of arguments

    async def deed() -> None:
        await change(episode_id, "新")
        await Changes(redis).publish(f"item:{episode_id}")

    behind = await stale_for(worker.client, path, deed(), lambda answer: answer.json().get("title") == "新")
    await redis.aclose()
    assert behind < 0.2


async def test_a_standing_begins_and_ends_in_another_worker_within_a_second(worker: Worker, practice: Practice) -> None:
    at = clock.now()
    series_id = await published_series(at=at, audience="professional")
    chen = await practice.doctor()
    application_id = await practice.submit(chen)
    worker.client.headers.update(chen.headers)
    path = f"/api/doctor/series/{series_id}"
    assert (await worker.client.get(path)).status_code == 403
    # The word goes through another Redis than this worker hears.
    behind = await stale_for(
        worker.client, path, practice.approve(application_id), lambda answer: answer.status_code == 200
    )
    assert behind < MOST_S
    behind = await stale_for(
        worker.client, path, practice.revoke(application_id), lambda answer: answer.status_code == 403
    )
    assert behind < MOST_S


async def test_an_expiry_needs_no_word_and_no_job(worker: Worker, practice: Practice) -> None:
    series_id = await published_series(at=clock.now(), audience="professional")
    chen = await practice.doctor()
    application_id = await practice.submit(chen)
    ends_at = clock.now() + timedelta(seconds=2)
    await practice.approve(application_id, valid_until=ends_at)
    worker.client.headers.update(chen.headers)
    path = f"/api/doctor/series/{series_id}"
    assert (await worker.client.get(path)).status_code == 200
    seen: list[tuple[bool, int]] = []
    while clock.now() < ends_at + timedelta(milliseconds=300):
        before = clock.now()
        answer = await worker.client.get(path)
        # What was asked and answered on one side of the instant belongs to that side.
        if clock.now() < ends_at or before >= ends_at:
            seen.append((before >= ends_at, answer.status_code))
    assert {status for over, status in seen if not over} == {200}
    assert {status for over, status in seen if over} == {403}
