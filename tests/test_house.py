"""The house as a whole: its rules, kept by looking at the tree itself."""

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest
from tortoise import Tortoise
from tortoise.migrations.autodetector import MigrationAutodetector

from server import wiring
from server.core import db
from server.core.jobs import Job
from server.core.settings import Settings

ROOT = Path(__file__).parents[1]
PACKAGES = (
    "server",
    "content",
    "gamification",
    "quizzes",
    "doctor_portal",
    "patient_portal",
    "admin",
    "cdp",
)
BANNED_WORDS = re.compile(r"^(get|do|handle)_|(Manager|Service)$")
# Names that a library gives to what it calls.
THEIRS = {"handle_request"}
BANNED_MODULES = {"utils", "helpers", "common", "misc"}


def modules() -> list[Path]:
    """List the modules of the product."""
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if "migrations" not in path.parts]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_module_keeps_the_house_rules(path: Path) -> None:
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    faults = []
    if source.strip() and not ast.get_docstring(tree):
        faults.append("says nothing of its subject")
    if path.stem in BANNED_MODULES:
        faults.append("has a name that says nothing")
    for node in ast.walk(tree):
        named_thing = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        if named_thing and BANNED_WORDS.search(node.name) and node.name not in THEIRS:
            faults.append(f"line {node.lineno}: {node.name}")
    if re.search(r"\b(TODO|FIXME|XXX)\b", source):
        faults.append("leaves something for later")
    assert faults == []


def test_the_package_server_imports_nothing() -> None:
    assert (ROOT / "server" / "__init__.py").read_text() == ""


async def test_the_migrations_make_just_the_tables_of_the_code(settings: Settings, open_tables: None) -> None:
    assert Tortoise.apps is not None
    detector = MigrationAutodetector(Tortoise.apps, db.config(settings.database_url, wiring.MODELS)["apps"])
    drift = await detector.changes()
    assert [(step.app_label, [repr(vars(change)) for change in step.operations]) for step in drift] == []


def test_jobs_have_names_of_their_own() -> None:
    names = [job.name for job in wiring.JOBS]
    assert len(names) == len(set(names))
    assert all(isinstance(job, Job) and job.every_s > 0 for job in wiring.JOBS)


def test_the_written_interface_is_current() -> None:
    from server.cli import interface_text

    assert (ROOT / "docs" / "openapi.json").read_text("utf-8") == interface_text(), "run `make docs`"


def test_every_door_of_the_interface_declares_its_operation() -> None:
    from server.app import create_app

    app = create_app(Settings(), name="doors")
    bare = [
        f"{sorted(route.methods)} {route.path}"
        for route in app.router.routes
        if route.path.startswith(("api/", "wechat/", "calendar/", "media/")) and not hasattr(route.handler, "operation")
    ]
    assert bare == []


def test_the_interface_has_no_patch() -> None:
    written = json.loads((ROOT / "docs" / "openapi.json").read_text("utf-8"))
    assert [path for path, doors in written["paths"].items() if "patch" in doors] == []


def test_no_lock_file_names_an_address() -> None:
    locks = [path for path in tracked() if "lock" in path.name]
    assert locks
    addressed = re.compile(r'"resolved"|index-url|find-links|://(?!github\.com|opencollective|.*funding)')
    for path in locks:
        if path.suffix == ".lock":
            assert not re.search(r"https?://|index-url|find-links", path.read_text()), path
        else:
            assert not addressed.search(path.read_text().replace('"url"', "")), path


def test_no_file_is_a_drawer_for_everything() -> None:
    long = [named(path) for path in modules() if len(path.read_text("utf-8").splitlines()) > 400]
    assert long == []
