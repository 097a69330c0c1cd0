"""Demo content, for trying: marked as demonstration, written for this house, medically harmless.

The rule: it is loaded once; the audit keeps that it was. A start that was cut off goes on where it stopped.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, Final

from cdp import metrics_folding
from content import dictionary
from server.core import audit, clock
from server.core.db import transaction
from server.core.roles import Role
from server.core.settings import Settings
from server.demo import (
    boards,
    broadcasts,
    gatherings,
    notices,
    people,
    professionals,
    readers,
    shows,
    staff,
    taxonomy,
    visits,
)
from server.demo.desk import Desk
from server.demo.script import ALL
from server.demo.shelves import Shelves
from server.demo.telling import Series
from server.demo.typesetting import FontMissing, font

DONE: Final = "demo.seed"
# Another number loads what came with it into houses that have the former.
EDITION: Final = "6"
# Further back nobody has done anything yet.
PAST: Final = timedelta(days=200)


async def is_there() -> bool:
    """Tell whether the demo content has been loaded."""
    return bool(await audit.entries(deed=DONE, subject_id=EDITION, limit=1))


async def seed(ctx: Any, say: Callable[[str], None], *, script: Sequence[Series] = ALL, written: bool = True) -> None:
    """Load the demo content that is not there yet.

    :param ctx: the opened stores of the house.
    :param say: takes a sentence on how it goes.
    :param script: the series that are shown.
    :param written: whether the articles come too, and all that goes with them.
    """
    if await is_there():
        return
    at = clock.now()
    await people.seed(sealer=ctx.sealer, at=at)
    await notices.seed(at=at)
    await professionals.seed(ctx, at=at)
    acting = await staff.seed(at=at)
    editor_id = acting[Role.EDITOR]
    await taxonomy.seed(staff_id=editor_id, at=at)
    await dictionary.plant(staff_id=editor_id, at=at)
    try:
        font(24)
    except FontMissing as fault:
        say(f"The demo series are left out. {fault}")
        return
    desk = Desk(files=ctx.files, staff=acting, boards=await boards.seed(staff_id=editor_id, at=at), at=at)
    await desk.open()
    await _together(
        shows.Studio(script=script, desk=desk, say=say).seed(),
        *([_written(Shelves(desk=desk, say=say))] if written else []),
    )
    await visits.seed(script=script, issuer=ctx.issuer, at=at)
    if written:
        await readers.seed(issuer=ctx.issuer, codes=ctx.door_codes, desk=desk, at=at)
    async with transaction():
        # What doctors did in the past lies behind what a worker may have counted by now.
        await metrics_folding.count_again(since=at - PAST)
        await audit.note(actor="command", deed=DONE, subject_kind="demo", subject_id=EDITION, at=at)
    say("The demo content is there.")


async def _written(shelves: Shelves) -> None:
    await shelves.seed()
    await gatherings.seed(shelves)
    await broadcasts.seed_replays(shelves)


async def _together(*parts: Coroutine[Any, Any, None]) -> None:
    """Do several parts at a time: while one waits for its films, another writes. If one fails, none goes on."""
    try:
        async with asyncio.TaskGroup() as tasks:
            for part in parts:
                tasks.create_task(part)
    except ExceptionGroup as faults:
        raise faults.exceptions[0] from None


def welcome(settings: Settings) -> list[str]:
    """Say where the house is reached, and who may sign in for trying."""
    origin = settings.origin
    lines = [
        f"Xinglin stands: {origin}",
        f"  phone pages   {origin}/h5/doctor/",
        f"  admin pages   {origin}/admin/",
        f"  interface     {origin}/docs",
    ]
    if settings.demo and not settings.production:
        wide = max(len(colleague.email) for colleague in staff.COLLEAGUES)
        lines += [
            "For trying, sign in to the phone pages as 演示医生陈, 演示医生林,",
            "演示医生何 (a verified professional) or 演示医生苏 (waiting to be) in 「我的」, and to the admin pages as",
            *(
                f"  {colleague.email:<{wide}}  {colleague.name} ({', '.join(role.value for role in colleague.roles)})"
                for colleague in staff.COLLEAGUES
            ),
            f"with the password {staff.PASSWORD}. All of this content is for demonstration.",
        ]
    return lines
