"""The embedded servers: real ones, that keep what they acknowledged and leave nothing behind."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest
import redis.asyncio

from server.core.errors import Misconfigured
from server.embedded import Addresses, Embedded, InUse, running, throwaway
from server.embedded.server import is_alive

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home, in a folder with a difficult name, whose database was made and holds one line."""
    home = tmp_path_factory.mktemp("home") / "空 文件夹 'quoted' \"twice\" $HOME" / "var"
    with Embedded(home) as embedded:
        execute(embedded, "CREATE TABLE line (text text); INSERT INTO line VALUES ('杏林春暖')")
        asyncio.run(keep_in_redis(embedded.addresses, "杏林春暖"))
    return home


@pytest.fixture
def home(made: Path, tmp_path: Path) -> Path:
    """A copy of that home, for a test to spoil."""
    return Path(shutil.copytree(made, tmp_path / "杏 林"))


@pytest.fixture
def embedded(home: Path) -> Iterator[Embedded]:
    servers = Embedded(home)
    yield servers
    servers.stop()


def test_the_cluster_speaks_utf8_knows_utc_and_syncs_what_it_acknowledges(embedded: Embedded) -> None:
    embedded.start()

    assert value(embedded, "SHOW server_encoding") == "UTF8"
    assert value(embedded, "SHOW timezone") == "UTC"
    assert value(embedded, "SHOW fsync") == "on"
    assert value(embedded, "SHOW synchronous_commit") == "on"
    assert value(embedded, "SELECT lower('ÄÖÉ')") == "äöé"
    execute(embedded, "CREATE EXTENSION pg_trgm")
    assert value(embedded, "SELECT similarity('杏林春暖', '杏林')") > 0.3


def test_a_second_start_keeps_the_data_and_the_addresses(embedded: Embedded) -> None:
    first = embedded.start()
    embedded.stop()
    second = embedded.start()

    assert second == first
    assert value(embedded, "SELECT text FROM line") == "杏林春暖"
    assert asyncio.run(kept_in_redis(second)) == "杏林春暖"


def test_only_the_owner_may_read_the_passwords_and_the_logs(embedded: Embedded, home: Path) -> None:
    embedded.start()

    for name in ("embedded.json", "embedded.lock", "postgres.log", "redis.log"):
        assert (home / name).stat().st_mode & 0o777 == 0o600, name
    for name in ("postgres", "redis"):
        assert (home / name).stat().st_mode & 0o777 == 0o700, name


def test_no_list_of_processes_shows_a_password(embedded: Embedded) -> None:
    embedded.start()

    for server in (embedded.postgres, embedded.redis):
        assert server
        assert server.access.password not in Path(f"/proc/{server.pid}/cmdline").read_text()
        assert server.access.password not in Path(f"/proc/{server.pid}/environ").read_text()


def test_a_wrong_password_opens_nothing(embedded: Embedded) -> None:
    addresses = embedded.start()

    with pytest.raises(asyncpg.InvalidPasswordError):
        asyncio.run(asyncpg.connect(addresses.database_url, password="guess"))
    with pytest.raises(redis.exceptions.AuthenticationError):
        asyncio.run(kept_in_redis(Addresses("", addresses.redis_url.replace("redis://:", "redis://:x"))))


def test_a_second_starter_is_told_in_one_sentence(embedded: Embedded, home: Path) -> None:
    embedded.start()

    with pytest.raises(InUse, match=rf"Another Xinglin \(process {os.getpid()}\) is using .*XINGLIN_HOME"):
        Embedded(home).start()
    assert value(embedded, "SELECT 1") == 1


def test_a_command_beside_the_house_finds_the_running_servers(embedded: Embedded, home: Path) -> None:
    assert running(home) is None
    addresses = embedded.start()
    assert running(home) == addresses
    embedded.stop()
    assert running(home) is None


def test_one_server_alone_is_started_where_the_other_is_given(home: Path) -> None:
    with Embedded(home, with_postgres=False) as embedded:
        assert embedded.addresses.database_url == ""
        assert running(home) == embedded.addresses
    with Embedded(home) as both:
        assert value(both, "SELECT text FROM line") == "杏林春暖"


def test_servers_end_with_a_starter_that_is_killed_and_keep_what_they_acknowledged(home: Path) -> None:
    script = """
        import sys, time
        from pathlib import Path
        from server.embedded import Embedded
        embedded = Embedded(Path(sys.argv[1]))
        embedded.start()
        print(embedded.postgres.pid, embedded.redis.pid, embedded.addresses.database_url, flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(home)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        postgres, redis_server, url = starter.stdout.readline().split()
        asyncio.run(run(url, "INSERT INTO line VALUES ('second')"))
        starter.kill()

    wait_until(lambda: not is_alive(int(postgres)) and not is_alive(int(redis_server)))
    with Embedded(home) as embedded:
        assert value(embedded, "SELECT count(*) FROM line") == 2


def test_servers_left_running_are_ended_before_the_next_start(embedded: Embedded, home: Path) -> None:
    embedded.start()
    assert embedded.postgres
    assert embedded.redis
    left = [embedded.postgres.pid, embedded.redis.pid]
    (home / "embedded.lock").unlink()  # as if their starter were gone
    sentences: list[str] = []

    with Embedded(home, say=sentences.append) as again:
        assert [embedded.postgres.pid, embedded.redis.pid] == [None, None]
        assert value(again, "SELECT text FROM line") == "杏林春暖"

    assert [sentence for sentence in sentences if "has left running" in sentence] == [
        f"Ending the PostgreSQL that an earlier start has left running (process {left[0]}).",
        f"Ending the Redis that an earlier start has left running (process {left[1]}).",
    ]


def test_a_stranger_with_the_noted_process_id_is_left_alone(embedded: Embedded, home: Path) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        note = f"{stranger.pid}\n{home / 'postgres'}\n1\n5432\n\n127.0.0.1\n  1 1\nready\n"
        (home / "postgres" / "postmaster.pid").write_text(note)
        (home / "redis" / "redis.pid").write_text(f"{stranger.pid}\n")

        embedded.start()

        assert stranger.poll() is None
        stranger.kill()
    assert value(embedded, "SELECT text FROM line") == "杏林春暖"


@pytest.mark.parametrize("name", ["postgres", "redis"])
def test_a_server_that_was_killed_comes_back_where_it_was(embedded: Embedded, name: str) -> None:
    addresses = embedded.start()
    server = getattr(embedded, name)
    killed = server.pid
    os.kill(killed, signal.SIGKILL)

    def is_back() -> bool:
        embedded.revive()
        return server.pid not in (killed, None) and server.is_ready()

    wait_until(is_back)
    assert embedded.addresses == addresses
    assert value(embedded, "SELECT text FROM line") == "杏林春暖"
    assert asyncio.run(kept_in_redis(addresses)) == "杏林春暖"


def test_a_port_that_another_program_took_is_left_to_it(embedded: Embedded) -> None:
    first = embedded.start()
    embedded.stop()
    assert embedded.postgres
    with socket.create_server(("127.0.0.1", embedded.postgres.access.port)):
        assert embedded.start().database_url != first.database_url
        assert value(embedded, "SELECT text FROM line") == "杏林春暖"


def test_a_lost_record_costs_the_passwords_and_not_the_data(embedded: Embedded, home: Path) -> None:
    (home / "embedded.json").write_text("{ spoilt")

    embedded.start()

    assert value(embedded, "SELECT text FROM line") == "杏林春暖"


def test_a_cluster_half_made_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres" / "unfinished" / "base").mkdir(parents=True)
    (tmp_path / "postgres" / "global").mkdir()

    with Embedded(tmp_path, with_redis=False) as embedded:
        assert value(embedded, "SELECT 1") == 1


def test_data_of_another_version_stops_the_start_with_a_sentence(embedded: Embedded, home: Path) -> None:
    (home / "postgres" / "PG_VERSION").write_text("9\n")

    with pytest.raises(Misconfigured, match=r"was made by PostgreSQL 9, but only 1[\d.]* is here: install"):
        embedded.start()


def test_a_spoilt_cluster_stops_the_start_with_its_own_words_and_gives_the_folder_back(
    embedded: Embedded, home: Path
) -> None:
    (home / "postgres" / "global" / "pg_control").unlink()

    for _ in range(2):
        with pytest.raises(Misconfigured, match=r"PostgreSQL did not start: .*pg_control.*postgres\.log"):
            embedded.start()


def test_a_home_that_cannot_be_made_stops_the_start_with_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(Misconfigured, match=r"The folder .*file/var cannot be made: Not a directory\."):
        Embedded(tmp_path / "file" / "var").start()


def test_only_the_main_thread_may_start_servers(embedded: Embedded) -> None:
    faults: list[RuntimeError] = []

    def start() -> None:
        try:
            embedded.start()
        except RuntimeError as fault:
            faults.append(fault)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()

    assert len(faults) == 1


def test_two_test_runs_at_once_get_servers_of_their_own(tmp_path: Path) -> None:
    with throwaway(tmp_path) as first, throwaway(tmp_path) as second:
        assert value(first, "SHOW fsync") == "off"
        assert value(second, "SHOW data_directory") != value(first, "SHOW data_directory")

    with throwaway(tmp_path, durable=True) as again:
        assert value(again, "SHOW fsync") == "on"
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["0", "1"]


def test_a_spoilt_folder_of_a_test_run_is_made_anew(tmp_path: Path, home: Path) -> None:
    home.rename(tmp_path / "0")
    (tmp_path / "0" / "postgres" / "global" / "pg_control").unlink()

    with throwaway(tmp_path) as addresses:
        assert value(addresses, "SHOW data_directory") == str(tmp_path / "0" / "postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root meets what is tested here.")
@pytest.mark.parametrize("closed", [False, True], ids=["in an open folder", "in a closed folder"])
def test_root_runs_servers_where_user_namespaces_are_barred(tmp_path: Path, closed: bool) -> None:
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)
    system = Path("/var/lib/xinglin")
    had_programs = system.exists()
    home = tmp_path / "closed" / "杏 林"
    home.mkdir(parents=True)
    home.parent.chmod(0o700 if closed else 0o755)
    script = """
        import asyncio, ctypes, sys
        from pathlib import Path
        import asyncpg
        from server.embedded import Embedded
        # Within a namespace that holds all users but gives out no further namespaces.
        assert ctypes.CDLL(None).unshare(0x10000000) == 0
        print("apart", flush=True)
        sys.stdin.readline()
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        async def run(url, statement):
            connection = await asyncpg.connect(url)
            print(await connection.fetch(statement))
            await connection.close()
        for statement in ("CREATE TABLE line AS SELECT 41 + 1 AS number", "SELECT number FROM line"):
            with Embedded(Path(sys.argv[1])) as embedded:
                print(embedded.postgres.identity, embedded.postgres.data)
                asyncio.run(run(embedded.addresses.database_url, statement))
    """
    command = [sys.executable, "-c", textwrap.dedent(script), str(home)]

    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as starter:
        assert starter.stdout
        assert starter.stdout.readline() == "apart\n"
        for map_of in ("uid_map", "gid_map"):
            Path(f"/proc/{starter.pid}/{map_of}").write_text("0 0 65536")
        told, _ = starter.communicate("go on\n")

    data = (home / "postgres").resolve()
    if not data.is_relative_to(home):
        shutil.rmtree(data)
        if not had_programs:
            shutil.rmtree(system)
    assert starter.returncode == 0
    assert f"nobody {data}\n" in told
    assert "number=42" in told
    assert not closed or not data.is_relative_to(home)


def execute(embedded: Embedded, statement: str) -> None:
    asyncio.run(run(embedded.addresses.database_url, statement))


def value(servers: Embedded | Addresses, statement: str) -> object:
    addresses = servers if isinstance(servers, Addresses) else servers.addresses

    async def fetch() -> object:
        connection = await asyncpg.connect(addresses.database_url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    return asyncio.run(fetch())


async def run(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def keep_in_redis(addresses: Addresses, text: str) -> None:
    async with redis.asyncio.from_url(addresses.redis_url) as client:
        await client.set("line", text)


async def kept_in_redis(addresses: Addresses) -> str:
    async with redis.asyncio.from_url(addresses.redis_url) as client:
        return (await client.get("line")).decode()


def wait_until(holds: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come about in time."
        time.sleep(0.05)
