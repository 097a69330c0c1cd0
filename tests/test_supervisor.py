"""The supervisor: what is killed or hangs comes back, callers wait meanwhile, and all ends in its turn."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from server.core.errors import Misconfigured
from server.embedded.server import is_alive
from server.supervisor import listen

ROOT = Path(__file__).parent.parent

HOUSE = """
import json, sys, time
from pathlib import Path
from server.supervisor import Child, Supervisor, listen

folder = Path(sys.argv[1])
sock = listen("127.0.0.1", 0)
(folder / "port").write_text(str(sock.getsockname()[1]))
children = {
    "web": Child(
        name="web", count=2, listens=True, beats=True, grace_s=1.0,
        argv=[sys.executable, str(folder / "web.py"), str(sock.fileno()), str(folder)],
    ),
    "worker": Child(name="worker", beats=True, argv=[sys.executable, str(folder / "worker.py"), str(folder)]),
    "plain": Child(name="plain", argv=["sleep", "60"]),
    "stubborn": Child(name="stubborn", beats=True, grace_s=0.5, argv=[sys.executable, str(folder / "stubborn.py")]),
    "patient": Child(name="patient", beats=True, grace_s=60, argv=[sys.executable, str(folder / "stubborn.py")]),
    "broken": Child(name="broken", beats=True, argv=[sys.executable, "-c", "raise SystemExit(3)"]),
    "missing": Child(name="missing", argv=["/no/such/program"]),
    "mute": Child(name="mute", beats=True, argv=["sleep", "60"]),
}
supervisor = Supervisor(
    [children[name] for name in sys.argv[2:]], sock=sock, silent_s=2.0, ready_s=3.0,
    say=lambda sentence: print("SAID", sentence, flush=True),
    tend=lambda: (folder / "tended").touch(),
)
status = supervisor.run(on_ready=lambda: print("READY", flush=True))
print("ENDED", flush=True)
sys.exit(status)
"""

WEB = """
import asyncio, os, signal, socket, sys
from pathlib import Path
from server.supervisor import keep_beating

async def answer(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    text = str(os.getpid()).encode()
    writer.write(b"HTTP/1.1 200 OK\\r\\nConnection: close\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(text), text))
    await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(answer, sock=socket.socket(fileno=int(sys.argv[1])))
    beating = asyncio.ensure_future(keep_beating())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    with Path(sys.argv[2], "ends").open("a") as ends:
        ends.write("web\\n")

asyncio.run(main())
"""

WORKER = """
import asyncio, signal, sys
from pathlib import Path
from server.supervisor import keep_beating

async def main():
    beating = asyncio.ensure_future(keep_beating())
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    await ended.wait()
    with Path(sys.argv[1], "ends").open("a") as ends:
        ends.write("worker\\n")

asyncio.run(main())
"""

STUBBORN = """
import asyncio, signal
from server.supervisor import keep_beating
signal.signal(signal.SIGTERM, signal.SIG_IGN)
asyncio.run(keep_beating())
"""


class House:
    """A supervisor in a process of its own."""

    def __init__(self, folder: Path, *children: str) -> None:
        self.folder = folder
        for name, script in {"house": HOUSE, "web": WEB, "worker": WORKER, "stubborn": STUBBORN}.items():
            (folder / f"{name}.py").write_text(script)
        self.process = subprocess.Popen(
            [sys.executable, str(folder / "house.py"), str(folder), *children],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self.lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.lines.append(line.strip())

    def has_said(self, words: str) -> bool:
        return any(words in line for line in self.lines)

    def wait_until_ready(self) -> None:
        wait_until(lambda: "READY" in self.lines)

    def children(self) -> dict[int, str]:
        """Give the processes that the supervisor runs now, by their ids."""
        found = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        commands = {}
        for pid in found:
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                commands[int(pid)] = Path(f"/proc/{pid}/cmdline").read_text()
        return {pid: command for pid, command in commands.items() if is_alive(pid)}

    def pids(self, script: str) -> list[int]:
        return [pid for pid, command in self.children().items() if script in command]

    def answer(self) -> int:
        port = (self.folder / "port").read_text()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as reply:
            return int(reply.read())

    def end(self, *, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        status = self.process.wait(20)
        self._reader.join(5)
        return status


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def begin(*children: str) -> House:
        houses.append(House(tmp_path, *children))
        return houses[-1]

    yield begin
    for house in houses:
        house.process.kill()
        house.process.wait()


def test_all_are_ready_before_it_is_said(start: Callable[..., House]) -> None:
    house = start("web", "worker", "plain")
    house.wait_until_ready()

    assert len(house.children()) == 4
    assert house.answer() in house.pids("web.py")
    wait_until((house.folder / "tended").exists)


def test_no_request_is_refused_while_killed_web_processes_come_back(start: Callable[..., House]) -> None:
    house = start("web")
    house.wait_until_ready()
    for _ in range(5):
        killed = house.pids("web.py")
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        assert house.answer() not in killed
        wait_until(lambda: len(house.pids("web.py")) == 2)

    assert house.has_said("was ended by SIGKILL unasked; starting it again")


def test_a_process_that_hangs_is_started_anew(start: Callable[..., House]) -> None:
    house = start("web", "worker")
    house.wait_until_ready()
    [hung] = house.pids("worker.py")
    os.kill(hung, signal.SIGSTOP)

    wait_until(lambda: house.pids("worker.py") not in ([hung], []))
    assert house.has_said("worker has hung for 2 s and is started anew.")
    assert len(house.pids("web.py")) == 2


def test_processes_are_not_blamed_for_a_pause_of_the_whole_machine(start: Callable[..., House]) -> None:
    house = start("worker")
    house.wait_until_ready()
    before = house.pids("worker.py")
    for pid in (house.process.pid, *before):
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5.5)
    for pid in (house.process.pid, *before):
        os.kill(pid, signal.SIGCONT)
    time.sleep(1.5)

    assert house.pids("worker.py") == before


def test_nothing_stays_behind_when_the_supervisor_is_killed(start: Callable[..., House]) -> None:
    house = start("web", "worker", "plain", "stubborn")
    house.wait_until_ready()
    left = list(house.children())
    house.process.kill()

    wait_until(lambda: not any(is_alive(pid) for pid in left), seconds=10)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int((house.folder / "port").read_text())))


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_children_end_in_their_order(start: Callable[..., House], by: signal.Signals) -> None:
    house = start("web", "worker", "plain")
    house.wait_until_ready()
    left = list(house.children())

    assert house.end(by=by) == 0
    assert (house.folder / "ends").read_text().split() == ["web", "web", "worker"]
    assert not any(is_alive(pid) for pid in left)
    assert house.lines == ["READY", "ENDED"]


def test_children_end_when_the_terminal_has_gone(tmp_path: Path) -> None:
    (tmp_path / "house.py").write_text(HOUSE)
    (tmp_path / "worker.py").write_text(WORKER)
    leader, terminal = os.forkpty()
    if leader == 0:
        # The session's leader waits for the house and passes no signal on, as make does.
        os.environ["PYTHONPATH"] = str(ROOT)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.spawnv(os.P_WAIT, sys.executable, [sys.executable, str(tmp_path / "house.py"), str(tmp_path), "worker"])
        os._exit(0)
    said = b""
    while b"READY" not in said:
        said += os.read(terminal, 4096)
    os.close(terminal)

    wait_until(lambda: os.waitpid(leader, os.WNOHANG)[0] == leader)
    assert (tmp_path / "ends").read_text().split() == ["worker"]


def test_ctrl_c_reaches_the_supervisor_alone(start: Callable[..., House]) -> None:
    house = start("web", "worker")
    house.wait_until_ready()
    os.killpg(house.process.pid, signal.SIGINT)

    assert house.process.wait(20) == 0
    assert (house.folder / "ends").read_text().split() == ["web", "web", "worker"]


def test_a_child_that_will_not_end_is_killed_after_its_grace(start: Callable[..., House]) -> None:
    house = start("stubborn", "worker")
    house.wait_until_ready()
    started = time.monotonic()

    assert house.end() == 0
    assert time.monotonic() - started < 10
    assert house.has_said("stubborn did not end within 0.5 s and is killed.")
    assert (house.folder / "ends").read_text().split() == ["worker"]


def test_a_second_ctrl_c_does_not_wait(start: Callable[..., House]) -> None:
    house = start("plain", "patient", "worker")
    house.wait_until_ready()
    [patient] = house.pids("stubborn.py")
    house.process.send_signal(signal.SIGINT)
    house.process.send_signal(signal.SIGTERM)
    wait_until(lambda: not house.pids("sleep"))
    assert is_alive(patient)
    house.process.send_signal(signal.SIGINT)

    assert house.process.wait(10) == 0
    assert not is_alive(patient)


@pytest.mark.parametrize(("child", "ending"), [("broken", "ended with status 3"), ("missing", "ended with status 1")])
def test_a_child_that_can_never_start_ends_the_house(start: Callable[..., House], child: str, ending: str) -> None:
    house = start("worker", child)

    assert house.process.wait(20) == 1
    wait_until(lambda: house.has_said(f"{child} {ending}, 3 times before it was ready: giving up."))
    assert "READY" not in house.lines


def test_a_child_that_is_never_ready_is_started_anew_and_given_up(start: Callable[..., House]) -> None:
    house = start("mute")

    assert house.process.wait(30) == 1
    assert house.has_said("mute was not ready after 3 s and is started anew.")


def test_a_taken_port_is_named_in_one_sentence() -> None:
    with listen("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(Misconfigured, match=rf"Port {port} of .* \(Address already in use\): .*PORT=8001"):
            listen("127.0.0.1", port)


@pytest.mark.parametrize(("host", "port"), [("no such host", 8000), ("192.0.2.1", 8000)])
def test_an_address_that_is_none_is_named_in_one_sentence(host: str, port: int) -> None:
    with pytest.raises(Misconfigured, match=f"Port {port} of {host} cannot be listened on"):
        listen(host, port)


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_named_in_one_sentence(port: int) -> None:
    with pytest.raises(Misconfigured, match=f"PORT must be between 0 and 65535, not {port}"):
        listen("127.0.0.1", port)


def wait_until(holds: Callable[[], bool], *, seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "It did not come about in time."
        time.sleep(0.05)
