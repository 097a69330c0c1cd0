"""The command line of the house, ``xinglin``; each command is thin and calls what the doors call too."""

import asyncio
import json
import socket
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Annotated, Any, NoReturn

import typer
import uvloop
from dotenv import load_dotenv
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cdp import consent, entitlements, event_schema, hospital_lists, mini_programs, quarantine
from cdp import export as log_export
from content.sheets import reading
from server import demo, wiring
from server.app import close_stores, create_app, open_stores
from server.core import clock, db, staff
from server.core.errors import Misconfigured, Refusal
from server.core.logs import start_logging
from server.core.roles import Audience
from server.core.settings import Settings, from_environment
from server.examination import examine
from server.jobs import work as do_jobs
from server.migrate import migrate as migrate_database
from server.supervisor import Supervisor, keep_beating, listen
from server.up import house, prepare_figures, web_child
from server.up import up as start_everything
from server.web.openapi import document
from server.web.request import AccessLog

app = typer.Typer(no_args_is_help=True, add_completion=False, help="Xinglin 杏林: the house from the command line.")
admin = typer.Typer(no_args_is_help=True, help="People who work in the admin pages.")
events = typer.Typer(no_args_is_help=True, help="The engagement log.")
app.add_typer(admin, name="admin")
app.add_typer(events, name="events")
apps = typer.Typer(no_args_is_help=True, help="The mini-programs.")
app.add_typer(apps, name="apps")
consents = typer.Typer(no_args_is_help=True, help="The texts of consent.")
app.add_typer(consents, name="consents")
hospitals = typer.Typer(no_args_is_help=True, help="The dictionary of hospitals.")
app.add_typer(hospitals, name="hospitals")
rights = typer.Typer(no_args_is_help=True, help="What accounts are entitled to.")
app.add_typer(rights, name="entitlements")

console = Console(highlight=False, soft_wrap=True)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)


def _say(sentence: str) -> None:
    console.print(sentence, markup=False)


def _run(command: Coroutine[Any, Any, Any]) -> Any:
    return uvloop.run(command)


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[SimpleNamespace]:
    ctx = SimpleNamespace()
    await open_stores(ctx, settings)
    try:
        yield ctx
    finally:
        await close_stores(ctx)


@app.command()
def up(
    seed: Annotated[bool, typer.Option(help="Load the demo content on the first start.")] = True,
) -> None:
    """Start everything for trying and developing: servers, stand-in, web and worker."""
    raise typer.Exit(start_everything(from_environment(), seed=seed, say=_say))


@app.command()
def serve() -> None:
    """Start the web workers."""
    settings = house()
    prepare_figures(settings)
    with listen(settings.host, settings.port) as sock:
        supervisor = Supervisor([web_child(settings, sock)], sock=sock, say=_say)
        raise typer.Exit(supervisor.run(on_ready=lambda: _say(f"Serving on {settings.origin}.")))


@app.command(hidden=True)
def serve_one(fd: Annotated[int, typer.Option(help="The listening socket, already open.")]) -> None:
    """Start one web worker on a socket that the supervisor holds."""
    settings = house()
    start_logging(settings.log_level)
    app = create_app(settings, access_log=AccessLog(lines=settings.log_level in {"debug", "info"}))
    app.add_task(keep_beating())
    app.run(sock=socket.socket(fileno=fd), single_process=True, access_log=False, motd=False)


@app.command()
def work() -> None:
    """Do the jobs; of several started, one does them and the others wait."""
    settings = house()
    start_logging(settings.log_level)

    async def beating() -> None:
        beats = asyncio.create_task(keep_beating())
        try:
            await do_jobs(settings)
        finally:
            beats.cancel()

    _run(beating())


@app.command()
def migrate() -> None:
    """Bring the database to the shape that the code expects."""
    settings = house()

    async def run() -> list[str]:
        await db.open_database(settings.database_url, wiring.MODELS)
        try:
            return await migrate_database(settings.database_url, wiring.MODELS)
        finally:
            await db.close_database()

    applied: list[str] = _run(run())
    _say(f"Applied {', '.join(applied)}." if applied else "The database is up to date.")


@app.command()
def seed() -> None:
    """Load the demo content, where it is not there yet."""
    settings = house()

    async def run() -> None:
        async with _open(settings) as ctx:
            await demo.seed(ctx, _say)

    _run(run())


@admin.command("create")
def create_staff(
    email: Annotated[str, typer.Option(prompt=True)],
    name: Annotated[str, typer.Option(prompt=True)],
    role: Annotated[list[str] | None, typer.Option(help="May be given several times.")] = None,
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
) -> None:
    """Create a member of staff who may sign in to the admin pages."""
    settings = house()

    async def run() -> None:
        async with _open(settings):
            await staff.create(
                email=email, name=name, password=password, roles=role or ["administrator"], at=clock.now()
            )

    _run(run())
    _say(f"{email} may sign in at {settings.origin}/admin/.")


@apps.command("register")
def register_app(
    app_id: Annotated[str, typer.Argument(help="As the platform gave it.")],
    audience: Annotated[Audience, typer.Argument()],
    name: Annotated[str, typer.Option(prompt=True)],
    secret: Annotated[str, typer.Option(prompt=True, hide_input=True, help="Empty to keep the one it has.")],
    push_token: Annotated[str, typer.Option(prompt="Token of pushes", hide_input=True)] = "",
    push_key: Annotated[str, typer.Option(prompt="EncodingAESKey of pushes", hide_input=True)] = "",
) -> None:
    """Register a mini-program, or rotate its secrets; what is left empty stays as it was."""
    settings = house()

    async def run() -> None:
        async with _open(settings) as ctx:
            await mini_programs.register(
                sealer=ctx.sealer,
                app_id=app_id,
                audience=audience,
                name=name,
                secret=secret,
                push_token=push_token,
                push_key=push_key,
                actor="command",
                at=clock.now(),
            )

    _run(run())
    _say(f"{app_id} is registered for {audience}s; its pushes go to {settings.origin}/wechat/{app_id}/push.")


@consents.command("publish")
def publish_consent_text(
    text: Annotated[Path, typer.Argument(help="The file with the text.", exists=True, dir_okay=False)],
    audience: Annotated[Audience, typer.Option()],
    purpose: Annotated[consent.Purpose, typer.Option()],
    version: Annotated[str, typer.Option(help="A day such as 2026-11-22, with .1 to .9 for more on one day.")],
    title: Annotated[str, typer.Option()],
    language: Annotated[str, typer.Option()] = consent.LANGUAGE,
    material: Annotated[bool, typer.Option(help="Whether all who agreed before are asked again.")] = True,
) -> None:
    """Publish a text of consent, for good."""
    settings = house()

    async def run() -> None:
        async with _open(settings):
            await consent.publish_text(
                audience=audience,
                purpose=purpose,
                version=version,
                language=language,
                title=title,
                body=text.read_text("utf-8"),
                material=material,
                actor="command",
                at=clock.now(),
            )

    _run(run())
    _say(f"Published {purpose} {version} ({language}) for {audience}s.")


@hospitals.command("import")
def import_hospitals(
    sheet: Annotated[
        Path | None, typer.Argument(help="XLSX or CSV; without it, the list of the house.", exists=True, dir_okay=False)
    ] = None,
    dry_run: Annotated[bool, typer.Option(help="Only say what would be done.")] = False,
) -> None:
    """Take a list of hospitals into the dictionary, by key: whole, or not at all."""
    settings = house()

    async def run() -> hospital_lists.TakenIn:
        rows = hospital_lists.standard()
        if sheet is not None:
            (grid, *_) = await reading.read(sheet.read_bytes(), known=hospital_lists.is_heading)
            rows = hospital_lists.read([(row.number, [cell.text for cell in row.cells]) for row in grid.rows])
        async with _open(settings):
            return await hospital_lists.take_in(rows=rows, dry_run=dry_run, actor="command", at=clock.now())

    outcome: hospital_lists.TakenIn = _run(run())
    for fault in outcome.faults:
        complaints.print(f"row {fault.row}, {fault.field}: {fault.code} {fault.value!r}", markup=False)
    _say(f"{outcome.added} new, {outcome.changed} changed, {outcome.same} the same.")
    if outcome.faults:
        _refuse(f"{len(outcome.faults)} faults; nothing was taken in.")


@rights.command("grant")
def grant_entitlement(
    account_id: Annotated[int, typer.Argument(min=1)],
    name: Annotated[str, typer.Argument(help="Such as membership.")],
    reason: Annotated[str, typer.Option(prompt=True)],
    since: Annotated[datetime | None, typer.Option(help="In Asia/Shanghai; without it, from now on.")] = None,
    until: Annotated[datetime | None, typer.Option(help="In Asia/Shanghai; without it, for good.")] = None,
) -> None:
    """Entitle an account to something for a time."""
    settings, at = house(), clock.now()

    async def run() -> entitlements.Entitlement:
        async with _open(settings) as ctx:
            return await entitlements.grant(
                changes=ctx.changes,
                account_id=account_id,
                name=name,
                starts_at=since.replace(tzinfo=clock.SHANGHAI) if since else at,
                ends_at=until.replace(tzinfo=clock.SHANGHAI) if until else None,
                reason=reason,
                actor="command",
                at=at,
            )

    _say(f"Entitlement {_run(run()).id} is granted.")


@rights.command("revoke")
def revoke_entitlement(
    entitlement_id: Annotated[int, typer.Argument(min=1)], reason: Annotated[str, typer.Option(prompt=True)]
) -> None:
    """Take an entitlement back, with effect at once."""
    settings = house()

    async def run() -> None:
        async with _open(settings) as ctx:
            await entitlements.revoke(
                changes=ctx.changes, entitlement_id=entitlement_id, reason=reason, actor="command", at=clock.now()
            )

    _run(run())
    _say(f"Entitlement {entitlement_id} is revoked.")


@events.command("export")
def export_events(
    folder: Annotated[Path, typer.Argument(help="Where the files and their manifest go.")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The first day, in Asia/Shanghai.")],
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day after the last one; without it, up to now.")
    ] = None,
) -> None:
    """Write the engagement log as JSON lines; started again, it goes on where it was ended."""
    settings = house()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    at = clock.now()

    async def run(progress: Progress) -> log_export.Manifest:
        bar = progress.add_task("Days", total=None)

        def tell(done: log_export.Progress) -> None:
            progress.update(
                bar, completed=done.days_done, total=done.days, description=f"{done.day}: {done.events} events"
            )

        async with _open(settings):
            last = until.date() if until else clock.day_of(at) + timedelta(days=1)
            return await log_export.export(since=since.date(), until=last, folder=folder, at=at, tell=tell)

    with Progress(*columns, console=complaints) as progress:
        manifest: log_export.Manifest = _run(run(progress))
    _say(f"{sum(part.count for part in manifest.parts)} events are in {folder}, in {len(manifest.parts)} files.")


@events.command("replay")
def replay_quarantine() -> None:
    """Judge the events in quarantine again, after the catalogue has learnt them."""
    settings = house()

    async def run() -> quarantine.Replayed:
        async with _open(settings):
            return await quarantine.replay(at=clock.now())

    counts: quarantine.Replayed = _run(run())
    _say(
        f"{counts.stored} stored, {counts.duplicate} known already, {counts.refused} refused, {counts.waiting} waiting."
    )


@app.command()
def catalogue() -> None:
    """Print the catalogue of events as a page."""
    sys.stdout.write(event_schema.page())


@app.command()
def openapi() -> None:
    """Print the OpenAPI document."""
    sys.stdout.write(interface_text())


def interface_text() -> str:
    """Write the OpenAPI document as it is kept in ``docs/openapi.json``."""
    described = create_app(Settings(), name="interface")
    described.finalize()
    return json.dumps(document(described), ensure_ascii=False, indent=1) + "\n"


@app.command()
def doctor() -> None:
    """Say what is missing on this machine, a sentence each."""
    findings = examine(from_environment())
    for finding in findings:
        _say(f"{'✓' if finding.well else '✗'} {finding.sentence}")
    raise typer.Exit(0 if all(finding.well or not finding.needed for finding in findings) else 1)


def _refuse(sentence: str) -> NoReturn:
    complaints.print(sentence, markup=False)
    raise SystemExit(1)


def main() -> None:
    """Run the command line; what goes wrong by the caller's doing is one sentence and status 1."""
    load_dotenv(Path(".env"))
    try:
        app()
    except Misconfigured as fault:
        _refuse(str(fault))
    except Refusal as refusal:
        _refuse(f"{refusal.title}: {refusal.detail}" if refusal.detail else refusal.title)
    except Exception as fault:
        if db.is_away(fault):
            _refuse("The database cannot be reached: check DATABASE_URL, or start `xinglin up` first.")
        raise
