"""The web server of the house: the doors on their frame, opened and closed in order."""

import gc
from typing import Any

from server import wiring
from server.core import db
from server.core.changes import Changes
from server.core.redis import open_redis
from server.core.settings import Settings
from server.core.tokens import Tokens
from server.web import static_files
from server.web.refusals import Refusals
from server.web.request import AccessLog, House


def create_app(settings: Settings, *, name: str = "xinglin", access_log: AccessLog | None = None) -> House:
    """Build the server; it opens its database and Redis when it starts."""
    app = House(name, error_handler=Refusals(), access_log=access_log, configure_logging=False)
    app.config.update(
        REQUEST_MAX_SIZE=settings.max_body_bytes,
        GRACEFUL_SHUTDOWN_TIMEOUT=settings.shutdown_s,
        KEEP_ALIVE_TIMEOUT=75,
        PROXIES_COUNT=settings.proxies or None,
        FALLBACK_ERROR_FORMAT="json",
        MOTD=False,
        ACCESS_LOG=False,
    )
    app.ctx.settings = settings
    app.blueprint(static_files.blueprint)
    for door in wiring.doors():
        app.blueprint(door)

    @app.before_server_start
    async def open_house(app: House) -> None:
        await open_stores(app.ctx, settings)
        # What was loaded at the start stays; the collector need not look at it again and again.
        gc.collect()
        gc.freeze()

    @app.after_server_stop
    async def close_house(app: House) -> None:
        await close_stores(app.ctx)
        app.ctx.access_log.flush()

    return app


async def open_stores(ctx: Any, settings: Settings) -> None:
    """Open what a process of the house needs: database, Redis, the word of changes, tokens, the rooms' own parts."""
    ctx.settings = settings
    await db.open_database(settings.database_url, wiring.MODELS, pool=(2, 12))
    ctx.redis = open_redis(settings.redis_url)
    ctx.changes = Changes(ctx.redis)
    ctx.tokens = Tokens(settings.key_bytes[1], access_minutes=settings.access_minutes)
    await wiring.furnish(ctx)
    ctx.changes.start()


async def close_stores(ctx: Any) -> None:
    """Close them again, the last opened first."""
    await wiring.clear_out(ctx)
    await ctx.changes.stop()
    await ctx.redis.aclose()
    await db.close_database()
