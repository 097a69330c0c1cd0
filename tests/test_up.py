"""The whole house at once, as ``make run`` starts it: it stands, what dies comes back, and Ctrl-C leaves nothing."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

ROOT = Path(__file__).parents[1]


class Standing:
    """A house that was started in a folder of its own."""

    def __init__(self, home: Path, port: int) -> None:
        kept = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        self.url = f"http://127.0.0.1:{port}"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "server", "up", "--no-seed"],
            cwd=ROOT,
            env=kept | {"PORT": str(port), "XINGLIN_HOME": str(home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        until(self.is_ready, 60)

    def is_ready(self) -> bool:
        assert self.process.poll() is None, self.process.communicate()[0]
        try:
            return httpx.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def children(self, word: str) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                if word in child.cmdline():
                    found.append(child)
            except psutil.Error:
                continue
        return found

    def end(self) -> str:
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[0]


def until(condition: Callable[[], Any], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, "it took too long"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[Standing]:
    standing = Standing(tmp_path_factory.mktemp("杏林 house") / "var", free_port)
    yield standing
    if standing.process.poll() is None:
        standing.end()


@pytest.fixture(scope="module")
def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@pytest.mark.faults
def test_a_killed_web_worker_comes_back_and_no_request_is_refused(house: Standing) -> None:
    workers = house.children("serve-one")
    assert len(workers) == 2
    workers[0].send_signal(signal.SIGKILL)
    answers = [httpx.get(f"{house.url}/healthz", timeout=5).status_code for _ in range(20)]
    assert answers == [200] * 20
    until(lambda: len(house.children("serve-one")) == 2, 10)


@pytest.mark.faults
def test_a_killed_scheduler_comes_back(house: Standing) -> None:
    (worker,) = house.children("work")
    worker.send_signal(signal.SIGKILL)
    until(lambda: [new.pid for new in house.children("work")] not in ([], [worker.pid]), 10)


@pytest.mark.faults
def test_figures_of_all_workers_are_added_up(house: Standing) -> None:
    for _ in range(30):
        httpx.get(f"{house.url}/healthz", timeout=5)
    time.sleep(0.3)
    lines = httpx.get(f"{house.url}/metrics", timeout=5).text.splitlines()
    counted = [line for line in lines if line.startswith('xinglin_requests_total{method="GET",route="healthz"')]
    assert sum(float(line.rsplit(" ", 1)[1]) for line in counted) >= 30


@pytest.mark.faults
@pytest.mark.parametrize(("server", "address"), [("postgres", "/api/doctor/consents"), ("redis-server", "/readyz")])
def test_a_store_that_dies_is_told_as_503_and_comes_back(house: Standing, server: str, address: str) -> None:
    found = [child for child in psutil.Process(house.process.pid).children(recursive=True) if child.name() == server]
    oldest = min(found, key=psutil.Process.create_time)
    oldest.send_signal(signal.SIGKILL)
    seen = []
    ends = time.monotonic() + 30
    while seen[-3:] != [200, 200, 200] or len(seen) < 10:
        answer = httpx.get(f"{house.url}{address}", timeout=10)
        assert answer.status_code in {200, 503}, answer.text
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
        seen.append(answer.status_code)
        assert time.monotonic() < ends, seen
        time.sleep(0.1)
    until(house.is_ready, 10)


@pytest.mark.faults
def test_ctrl_c_ends_everything_and_keeps_the_data(house: Standing) -> None:
    family = psutil.Process(house.process.pid).children(recursive=True)
    said = house.end()
    assert house.process.returncode == 0, said
    # What the driver says of a database that was killed on purpose is not a fault of the house.
    lines = [line for line in said.splitlines() if "pool connection" not in line]
    assert [line for line in lines if '"event":"fault"' in line or "Traceback" in line] == []
    assert [child for child in family if child.is_running() and child.status() != psutil.STATUS_ZOMBIE] == []
