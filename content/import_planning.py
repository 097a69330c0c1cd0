"""The plan of a whole file, made against what is there now."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import Final

from content import sheet_facts
from content.columns.layouts import Layout
from content.import_plan import Planned, plan
from content.import_rows import SheetRow

AT_ONCE: Final = 50


async def planned(rows: Sequence[SheetRow], layout: Layout, *, may_plan: bool) -> list[Planned]:
    """Plan rows against what is there now, a few at a time, so that the loop is free in between."""
    names: Counter[str] = Counter(row.key for row in rows if row.key)
    names.update(f"#{row.item_id}" for row in rows if row.item_id is not None)
    around = await sheet_facts.around(layout=layout, cells=[row.cells for row in rows], may_plan=may_plan)
    found: list[Planned] = []
    for place in range(0, len(rows), AT_ONCE):
        some = rows[place : place + AT_ONCE]
        now = await sheet_facts.as_now(
            kind=layout.kind,
            item_ids=[row.item_id for row in some if row.item_id is not None],
            keys=[row.key for row in some if row.key],
        )
        found += plan(
            some,
            layout=layout,
            by_id={each.item_id: each for each in now},
            by_key={each.key: each for each in now if each.key},
            twice=names,
            around=around,
        )
        await asyncio.sleep(0)
    return found
