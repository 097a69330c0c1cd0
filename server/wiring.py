"""The only file that names every room: tables, doors, reactions and jobs.

The rule: nothing here decides anything; it says what belongs to the house and hands the parts to one another.
"""

from functools import partial
from typing import Any, Final

from sanic import Blueprint

from server.core.jobs import Job
from server.doors import health, interface
from server.migrate import missing_steps

# Room → modules with its tables. The names are also the labels of the migrations.
MODELS: Final[dict[str, list[str]]] = {
    "core": ["server.core.tables"],
    "cdp": ["cdp.tables.accounts", "cdp.tables.log", "cdp.tables.messages"],
    "content": ["content.tables.items", "content.tables.viewing"],
    "gamification": ["gamification.tables.sharing"],
}


# What `xinglin work` does again and again; exactly one process of the house does it.
JOBS: Final[list[Job]] = []


def doors() -> list[Blueprint]:
    """List the doors, each a blueprint with its own prefix."""
    return [health.blueprint, interface.blueprint]


async def furnish(ctx: Any) -> None:
    """Hand the rooms what they need of this process, when it starts."""
    ctx.missing_steps = partial(missing_steps, ctx.settings.database_url, MODELS)


async def clear_out(ctx: Any) -> None:
    """Let the rooms finish what they have under way, when it stops."""
