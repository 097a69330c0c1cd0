"""The whole house at once, for trying and developing: servers, migrations, demo content, stand-in, web and worker.

The rule: what is set by the environment is used, and only what is missing is started here; everything started here ends
with this process.
"""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Callable
from contextlib import ExitStack
from types import SimpleNamespace

from server import demo, keys_at_home, wiring
from server.app import close_stores, open_stores
from server.core import db
from server.core.errors import Misconfigured
from server.core.settings import REAL_WECHAT, Settings, from_environment
from server.embedded import Embedded, running
from server.migrate import migrate, missing_steps
from server.supervisor import Child, Supervisor, listen

Say = Callable[[str], None]


def web_child(settings: Settings, sock: socket.socket) -> Child:
    """Describe the web workers, which share one listening socket."""
    return Child(
        name="web",
        argv=[sys.executable, "-m", "server", "serve-one", "--fd", str(sock.fileno())],
        count=max(1, settings.web_workers),
        listens=True,
        beats=True,
        grace_s=settings.shutdown_s + 2,
    )


def worker_child(settings: Settings) -> Child:
    """Describe the process that does the jobs."""
    return Child(name="worker", argv=[sys.executable, "-m", "server", "work"], beats=True, grace_s=settings.shutdown_s)


def prepare_figures(settings: Settings) -> None:
    """Empty the folder in which the web workers share their figures."""
    folder = settings.home.absolute() / "figures"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def up(settings: Settings, *, seed: bool, say: Say) -> int:
    """Start everything, keep it running and end it in order; gives the exit status.

    :raises Misconfigured: with one sentence, if something cannot be started.
    """
    # Whoever tries the house reads the terminal; a line for every request would bury what matters.
    os.environ.setdefault("XINGLIN_LOG_LEVEL", "warning")
    with ExitStack() as held:
        sock = held.enter_context(listen(settings.host, settings.port))
        os.environ["PORT"] = str(sock.getsockname()[1])
        embedded = Embedded(
            settings.home, with_postgres=not settings.database_url, with_redis=not settings.redis_url, say=say
        )
        held.enter_context(embedded)
        addresses = embedded.addresses
        os.environ["DATABASE_URL"] = settings.database_url or addresses.database_url
        os.environ["REDIS_URL"] = settings.redis_url or addresses.redis_url
        os.environ.update(keys_at_home.complete(settings))
        children = [web_child(settings, sock)]
        if not settings.production:
            children.append(_stand_in(settings))
        settings = from_environment()
        prepare_figures(settings)
        asyncio.run(prepare(settings, seed=seed, say=say))
        children.insert(1, worker_child(settings))
        supervisor = Supervisor(children, sock=sock, say=say, tend=embedded.revive)
        return supervisor.run(on_ready=lambda: _announce(settings, say))


def _stand_in(settings: Settings) -> Child:
    """Describe the stand-in for WeChat, and let the house use it and its demo sign-ins."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    if settings.wechat_url == REAL_WECHAT:
        os.environ["XINGLIN_WECHAT_URL"] = f"http://127.0.0.1:{port}"
    os.environ.setdefault("XINGLIN_DEMO", "yes")
    # The stand-in runs on this machine, whatever address readers use.
    everywhere = settings.host in {"0.0.0.0", "::"}  # noqa: S104 -- only compared
    house = f"http://{'127.0.0.1' if everywhere else settings.host}:{os.environ['PORT']}"
    argv = [sys.executable, "-m", "server.sandbox", "--port", str(port), "--house", house]
    return Child(name="stand-in for WeChat", argv=argv)


async def prepare(settings: Settings, *, seed: bool, say: Say) -> None:
    """Bring the database to its shape, and load the demo content where it is wanted and missing."""
    await db.open_database(settings.database_url, wiring.MODELS)
    try:
        # A house that stood before lacks nothing; to find that out is quick, to go through the steps is not.
        if await missing_steps(settings.database_url, wiring.MODELS):
            applied = await migrate(settings.database_url, wiring.MODELS)
            say(f"The database has taken {len(applied)} steps: {', '.join(applied)}.")
        wanted = seed and settings.demo and not await demo.is_there()
    finally:
        await db.close_database()
    if wanted:
        ctx = SimpleNamespace()
        await open_stores(ctx, settings)
        try:
            await demo.seed(ctx, say)
        finally:
            await close_stores(ctx)


def _announce(settings: Settings, say: Say) -> None:
    for line in demo.welcome(settings):
        say(line)


def house() -> Settings:
    """Read the settings of a house that stands: servers that are not named are those that `up` runs in its folder.

    :raises Misconfigured: if a server is neither named nor running.
    """
    settings = from_environment()
    os.environ.update(keys_at_home.complete(settings))
    found = running(settings.home)
    if found is not None:
        for name, url in (("DATABASE_URL", found.database_url), ("REDIS_URL", found.redis_url)):
            if url:
                os.environ.setdefault(name, url)
    settings = from_environment()
    if not settings.database_url or not settings.redis_url:
        raise Misconfigured("Set DATABASE_URL and REDIS_URL, or start `xinglin up` in this folder first.")
    return settings
