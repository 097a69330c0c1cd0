"""The index brought up to the newest dictionary, in batches.

The rule: a job does it, safe to repeat and to be killed at any moment. Rows are stale if they have another form, or an
older edition and one of the words that changed since; which those are, the index itself says. A row that somebody is
just publishing is left to them.
"""

import time
from datetime import datetime
from typing import Any, Final

from content import lexicon
from content.indexing import FORM, quoted, write_words
from server.core.db import connection, transaction
from server.core.words import pairs, units

EVERY_S: Final = 2.0
BATCH: Final = 200
TURN_S: Final = 5.0

# Two statements and not one: the index answers the second, which a row that is missing or has another form would bar.
_UNWRITTEN: Final = (
    "SELECT l.item_id FROM live l LEFT JOIN live_words w USING (item_id) WHERE w.form IS DISTINCT FROM $1"
)
_OUTDATED: Final = "SELECT w.item_id FROM live_words w WHERE w.edition < $1 AND w.found @@ $2::tsquery"
_ALL_OUTDATED: Final = "SELECT w.item_id FROM live_words w WHERE w.edition < $1 AND $2 = '*'"


async def reindex(ctx: Any, at: datetime) -> None:
    """Do `turn` as a job, again and again until all is done or others have waited long enough."""
    until = time.monotonic() + TURN_S
    while await turn() and time.monotonic() < until:
        pass


async def turn() -> int:
    """Write one batch of stale rows anew, and give how many there were; where it is 0, all is done."""
    await lexicon.current()
    state = await connection().row("SELECT edition, indexed, form, changed FROM lexicon_state")
    if state is None or (state["indexed"] == state["edition"] and state["form"] == FORM):
        return 0
    async with transaction():
        # Before any row of an item, so that nobody ever waits for this while it waits for them.
        current = await lexicon.held()
        batch = [item_id for item_ids in await _stale(current.edition, state["changed"]) for item_id in item_ids][
            :BATCH
        ]
        rows = await connection().fetch(
            "SELECT item_id FROM live WHERE item_id = ANY($1::bigint[]) ORDER BY item_id FOR UPDATE SKIP LOCKED", batch
        )
        await write_words([row["item_id"] for row in rows], current)
    if not batch:
        await connection().execute(
            "UPDATE lexicon_state SET indexed = edition, form = $2, changed = '{}' WHERE edition = $1",
            state["edition"],
            FORM,
        )
    return len(rows)


async def waiting() -> int:
    """Count the live items that are not yet found by the newest dictionary."""
    state = await connection().row("SELECT edition, indexed, form, changed FROM lexicon_state")
    if state is None or (state["indexed"] == state["edition"] and state["form"] == FORM):
        return 0
    return len(
        {item_id for item_ids in await _stale(state["edition"], state["changed"], most=None) for item_id in item_ids}
    )


async def _stale(edition: int, changed: list[str], *, most: int | None = BATCH) -> list[list[int]]:
    limit = "" if most is None else f" LIMIT {most}"
    query = containing(changed)
    outdated = _ALL_OUTDATED if query == "*" else _OUTDATED
    return [
        [row["item_id"] for row in await connection().fetch(f"{outdated}{limit}", edition, query)] if query else [],
        [row["item_id"] for row in await connection().fetch(f"{_UNWRITTEN}{limit}", FORM)],
    ]


def containing(terms: list[str]) -> str:
    """Write the tsquery of what contains one of some terms; ``*`` stays, for everything."""
    if "*" in terms:
        return "*"
    return " | ".join(f"({' & '.join(_parts(term))})" for term in sorted(terms) if units(term))


def _parts(term: str) -> list[str]:
    found = units(term)
    return [quoted("b" + one + other) for one, other in pairs(found)] or [quoted("c" + unit.text) for unit in found]
