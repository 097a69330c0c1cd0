"""Signs of life: is the process there, can it work, and its figures."""

import os

from msgspec import Struct
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest, multiprocess
from sanic import Blueprint, HTTPResponse, Request

from server.core import db, redis
from server.web.operation import operation
from server.web.refusals import AWAY
from server.web.replies import Done, reply

blueprint = Blueprint("health")


class Readiness(Struct, frozen=True):
    """Whether each part that a request may need is there."""

    ready: bool
    database: bool
    redis: bool
    migrations: bool


@blueprint.get("/healthz")
@operation("The process is there", reply=Done, public=True, tags=("house",))
async def is_alive(request: Request) -> Done:
    return Done()


@blueprint.get("/readyz")
@operation("The process can work: database, Redis and migrations", reply=Readiness, public=True, tags=("house",))
async def is_ready(request: Request) -> HTTPResponse:
    database = await db.is_up()
    cache = await redis.is_up(request.app.ctx.redis)
    migrations = False
    if database:
        migrations = not await request.app.ctx.missing_steps()
    state = Readiness(database and cache and migrations, database, cache, migrations)
    return reply(state, status=200 if state.ready else AWAY, headers={} if state.ready else {"retry-after": "2"})


@blueprint.get("/metrics")
@operation("Figures for Prometheus", reply=str, public=True, content_type="text/plain", tags=("house",))
async def metrics(request: Request) -> HTTPResponse:
    registry = REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
    return HTTPResponse(generate_latest(registry), 200, content_type=CONTENT_TYPE_LATEST)
