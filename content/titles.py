"""The titles of items as their editors wrote them, with those of what they stand under."""

from collections.abc import Iterable

from server.core.db import connection


async def paths(item_ids: Iterable[int]) -> dict[int, list[tuple[int, str]]]:
    """Give for each item the ids and titles from the top of its tree down to itself, of drafts as they are now."""
    rows = await connection().fetch(
        """
        WITH RECURSIVE up AS (
            SELECT id AS leaf, id, parent_id, 0 AS height FROM item WHERE id = ANY($1::bigint[])
            UNION ALL SELECT up.leaf, i.id, i.parent_id, up.height + 1 FROM item i JOIN up ON i.id = up.parent_id
        )
        SELECT up.leaf, up.id, coalesce(d.shape ->> 'title', '') AS title FROM up JOIN draft d ON d.item_id = up.id
        ORDER BY up.leaf, up.height DESC
        """,
        list(set(item_ids)),
    )
    found: dict[int, list[tuple[int, str]]] = {}
    for row in rows:
        found.setdefault(row["leaf"], []).append((row["id"], row["title"]))
    return found


async def kinds_and_titles(item_ids: Iterable[int]) -> dict[int, tuple[str, str]]:
    """Give the kind and the title of each item, of drafts as they are now."""
    rows = await connection().fetch(
        "SELECT i.id, i.kind, d.title FROM item i JOIN draft d ON d.item_id = i.id WHERE i.id = ANY($1::bigint[])",
        list(set(item_ids)),
    )
    return {row["id"]: (row["kind"], row["title"]) for row in rows}
