"""A service that speaks S3 for the tests: SeaweedFS, a real one with its data on disk, for those who ask for it."""

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from server.core.object_store import Address
from server.embedded.server import free_port
from server.tether import tied

PATIENCE_S = 60.0
KEY_ID, SECRET = "xinglin", "not-so-secret"
_numbers = itertools.count(1)


class Store:
    """One such service, which can be killed and started again on the same data."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self._process: subprocess.Popen[bytes] | None = None
        names = ("s3", "s3.port.grpc", "filer", "filer.port.grpc", "volume", "volume.port.grpc", "master")
        self._ports = {name: free_port() for name in (*names, "master.port.grpc")}
        self.url = f"http://127.0.0.1:{self._ports['s3']}"

    def start(self) -> None:
        """Start it and wait until it answers."""
        identity = {
            "name": "tests",
            "credentials": [{"accessKey": KEY_ID, "secretKey": SECRET}],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (self._folder / "s3.json").write_text(json.dumps({"identities": [identity]}))
        ports = [f"-{name if 'port' in name else name + '.port'}={port}" for name, port in self._ports.items()]
        self._process = subprocess.Popen(
            tied(
                [
                    *(self._program, "-logtostderr=true", "server", f"-dir={self._folder}", "-ip=127.0.0.1"),
                    *("-ip.bind=127.0.0.1", "-volume.max=0", "-master.volumeSizeLimitMB=64", "-filer", "-s3", *ports),
                    *(f"-s3.config={self._folder / 's3.json'}", "-s3.port.iceberg=0", "-s3.port.lance=0"),
                    *("-master.electionTimeout=1s", "-master.telemetry=false"),
                    f"-filer.localSocket={self._folder / 'filer.sock'}",
                ]
            ),
            stdout=(self._folder / "log").open("ab"),
            stderr=subprocess.STDOUT,
            cwd=self._folder,
            env={**os.environ, "GOMEMLIMIT": "200MiB"},
        )
        filer = f"http://127.0.0.1:{self._ports['filer']}/probe"
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and self._process.poll() is None:
            try:
                # Its parts find each other one by one; the last is the one that keeps the bytes.
                ready = httpx.get(f"{self.url}/healthz", timeout=2).is_success
                if ready and httpx.put(filer, content=b"probe", timeout=2).is_success:
                    return
            except httpx.HTTPError:
                pass
            time.sleep(0.05)
        raise TimeoutError((self._folder / "log").read_text()[-3000:])

    def kill(self) -> None:
        """End it without a word, as a power cut does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """Let it neither answer nor end, until it may go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def bucket(self) -> Address:
        """Make an empty bucket and give its address."""
        name = f"files-{next(_numbers)}"
        until = time.monotonic() + PATIENCE_S
        while not httpx.post(f"http://127.0.0.1:{self._ports['filer']}/buckets/{name}/", timeout=10).is_success:
            assert time.monotonic() < until, "No bucket can be made."
            time.sleep(0.1)
        return Address(self.url, name, "us-east-1", KEY_ID, SECRET)


def started(folder: Path) -> Store:
    """Start a service of one's own, or skip the test where there is none."""
    own = Path(sys.executable).parent / "weed"
    program = str(own) if own.is_file() else shutil.which("weed")
    if program is None:
        pytest.skip("SeaweedFS is missing: it comes as a wheel for x86-64 Linux only.")
    store = Store(program, folder)
    store.start()
    return store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Start the service once for this worker; whoever kills it starts it again."""
    store = started(tmp_path_factory.mktemp("store"))
    yield store
    store.kill()
