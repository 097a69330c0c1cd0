"""A real PostgreSQL and a real Redis beside the house, on a machine that offers neither.

The rule: one house, one starter. The folder is locked for as long as the servers run, and the record of ports and
passwords in it is readable by its owner alone.
"""

import fcntl
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from server.core.errors import Misconfigured
from server.embedded import postgres, redis
from server.embedded.server import Access, EmbeddedServer, Say

__all__ = ["Addresses", "Embedded", "InUse", "running", "throwaway"]

_RECORD = "embedded.json"
_LOCK = "embedded.lock"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the embedded servers are reached, passwords included; an empty text for one that was not started."""

    database_url: str
    redis_url: str


class InUse(Misconfigured):
    """Another process is using the folder."""


class Embedded:
    """The servers of one folder, started and stopped together."""

    def __init__(
        self,
        home: Path,
        *,
        with_postgres: bool = True,
        with_redis: bool = True,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        say: Say = lambda sentence: None,
    ) -> None:
        """Describe the servers of ``home``.

        :param durable: whether what was acknowledged outlives a crash of the machine; off for quick tests only.
        :param settings: more settings of PostgreSQL, by name.
        :param say: is told, a sentence each, what takes a while.
        """
        self.home = home.absolute()
        self._say = say
        self._lock: int | None = None
        self.postgres = (
            postgres.Postgres(home=self.home, access=Access(0, ""), say=say, durable=durable, settings=settings or {})
            if with_postgres
            else None
        )
        self.redis = redis.Redis(home=self.home, access=Access(0, ""), say=say, durable=durable) if with_redis else None

    @property
    def addresses(self) -> Addresses:
        return Addresses(
            database_url=self.postgres.url if self.postgres else "", redis_url=self.redis.url if self.redis else ""
        )

    def start(self) -> Addresses:
        """Start the servers, from the main thread, and wait until they take connections.

        :raises Misconfigured: with one sentence, if another process holds the folder or a server cannot be started.
        """
        self._make_home()
        self._take_lock()
        try:
            self._read_record()
            for server in self._servers():
                server.start()
            self._write_record()
        except BaseException:
            self.stop()
            raise
        return self.addresses

    def revive(self) -> None:
        """Start again what has ended by itself; to be called about once a second while the house stands."""
        for server in self._servers():
            server.revive()

    def stop(self) -> None:
        """Stop the servers cleanly and give the folder back."""
        for server in self._servers():
            server.ask_to_stop()
        for server in self._servers():
            server.wait_for_end()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _servers(self) -> list[EmbeddedServer]:
        return [server for server in (self.postgres, self.redis) if server]

    def _make_home(self) -> None:
        try:
            self.home.mkdir(mode=0o755, parents=True, exist_ok=True)
        except OSError as fault:
            raise Misconfigured(f"The folder {self.home} cannot be made: {fault.strerror}.") from fault
        if not os.access(self.home, os.W_OK | os.X_OK):
            raise Misconfigured(
                f"The folder {self.home} belongs to someone else and cannot be written in: give it to the user who "
                "starts Xinglin, or set XINGLIN_HOME to another folder."
            )

    def _take_lock(self) -> None:
        try:
            lock = os.open(self.home / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        except PermissionError as fault:
            raise Misconfigured(f"The file {self.home / _LOCK} belongs to another user.") from fault
        if not _is_ours(lock):
            holder = os.pread(lock, 20, 0).decode(errors="replace").strip() or "unknown"
            os.close(lock)
            raise InUse(
                f"Another Xinglin (process {holder}) is using {self.home}: stop that one first, or set XINGLIN_HOME to "
                "another folder."
            )
        os.truncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode("ascii"), 0)
        self._lock = lock

    def _read_record(self) -> None:
        record = _read_record(self.home)
        for server in self._servers():
            server.access = record.get(server.folder) or Access(0, secrets.token_urlsafe(24))
        if self.postgres and self.postgres.folder not in record:
            self.postgres.forget_password()
        # Written before the first start too: a cluster made with a password that was never kept would be locked.
        self._write_record()

    def _write_record(self) -> None:
        # A server that this start does not run keeps its password for another time, and is listed at no port.
        record = {name: Access(0, access.password) for name, access in _read_record(self.home).items()}
        record |= {server.folder: server.access for server in self._servers()}
        fresh = self.home / f"{_RECORD}.new"
        fresh.unlink(missing_ok=True)
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump({name: asdict(access) for name, access in record.items()}, file, indent=2)
        fresh.replace(self.home / _RECORD)


def running(home: Path) -> Addresses | None:
    """Find the servers that another process runs in ``home`` now, or nothing."""
    try:
        lock = os.open(home / _LOCK, os.O_RDWR)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        if _is_ours(lock):
            return None
    finally:
        os.close(lock)
    ports = {name: access for name, access in _read_record(home).items() if access.port}
    if not ports:
        return None
    return Addresses(
        database_url=postgres.url_of(ports["postgres"]) if "postgres" in ports else "",
        redis_url=redis.url_of(ports["redis"]) if "redis" in ports else "",
    )


@contextmanager
def throwaway(
    base: Path,
    *,
    durable: bool = False,
    settings: Mapping[str, str] | None = None,
    say: Say = lambda sentence: None,
) -> Iterator[Addresses]:
    """Run servers for tests, in the first folder below ``base`` that no other run is using.

    The folders stay, so that the next run starts quickly; one that a crash has spoilt is emptied and made anew.
    """
    number = 0
    spoilt = False
    while True:
        embedded = Embedded(base / str(number), durable=durable, settings=settings, say=say)
        try:
            embedded.start()
        except InUse:
            number += 1
        except Misconfigured:
            if spoilt:
                raise
            spoilt = True
            shutil.rmtree(base / str(number) / "postgres", ignore_errors=True)
        else:
            break
    try:
        yield embedded.addresses
    finally:
        embedded.stop()


def _is_ours(lock: int) -> bool:
    """Take the lock, unless another process holds it for longer than a look at it takes."""
    for _ in range(5):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            time.sleep(0.02)
    return False


def _read_record(home: Path) -> dict[str, Access]:
    try:
        text = (home / _RECORD).read_text(encoding="ascii")
        return {name: Access(int(entry["port"]), str(entry["password"])) for name, entry in json.loads(text).items()}
    except (FileNotFoundError, ValueError, KeyError, TypeError, AttributeError):
        # What is lost or spoilt is made anew: the ports are chosen and the passwords set at every start.
        return {}
