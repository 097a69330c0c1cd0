"""Carrying an import out: once or not at all, whoever is killed and whoever else is writing.

The rule: one transaction, planned anew inside it against what is there then, and held against other imports of the
kind. Everything is written by the functions that the editors' pages call, which keep revisions, places, files and the
audit. What is going to be changed is held first, in the order of its numbers, so that no circle of waiting comes about.
"""

import asyncio
import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import structlog

from content import airings, bulk, items, sections, sheet_facts, trail, tree
from content.columns.cells import CellBad, Facts
from content.columns.layouts import TOKEN, Layout, layout_of
from content.import_plan import Current, Planned
from content.import_planning import AT_ONCE, planned
from content.import_report import Report, report_of
from content.import_rows import Rows, SheetRow
from content.tables.imports import SheetImport
from server.core.db import connection, transaction
from server.core.errors import Refusal

MOST_TRIES: Final = 3
_LOCK: Final = 7_421

log = structlog.get_logger()


async def carry_out_waiting(ctx: Any, at: datetime) -> None:
    """Carry out the imports that wait, the oldest first; a job."""
    while True:
        import_id = await connection().value(
            "UPDATE sheet_import SET tries = tries + 1 WHERE id = (SELECT id FROM sheet_import WHERE state = 'waiting' "
            "ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id"
        )
        if import_id is None:
            return
        await carry_out(import_id=import_id, at=at)


async def carry_out(*, import_id: int, at: datetime) -> None:
    """Carry out an import that waits; one that does not is left alone. What fails again and again is given up."""
    try:
        async with transaction():
            held = await SheetImport.filter(id=import_id, state="waiting").select_for_update().first()
            if held is not None:
                await _carry_out(held, at)
    except _Unfit as unfit:
        await _end(import_id, "refused", unfit.report, at)
    except Exception:
        given_up = await connection().value(
            "UPDATE sheet_import SET state = 'failed', rows = NULL, ended_at = $2 "
            "WHERE id = $1 AND state = 'waiting' AND tries >= $3 RETURNING id",
            import_id,
            at,
            MOST_TRIES,
        )
        log.exception("import_failed", import_id=import_id, given_up=given_up is not None)
        if given_up is None:
            raise


class _Unfit(Exception):
    """All or nothing was chosen, and by now not all can be done; what was written is taken back."""

    def __init__(self, report: Report) -> None:
        super().__init__()
        self.report = report


async def _carry_out(held: SheetImport, at: datetime) -> None:
    layout = layout_of(held.kind)
    # Imports of a kind come one after the other, so that the same new row is not taken twice.
    await connection().value("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, held.kind)
    packed = held.rows or b""
    rows = await asyncio.to_thread(lambda: msgspec.json.decode(zlib.decompress(packed), type=Rows))
    plans = await planned(rows.rows, layout, may_plan=held.may_plan)
    if held.choice == "all" and (rows.problems or any(each.row.problems for each in plans)):
        raise _Unfit(report_of(rows, plans))
    staff_id = held.chosen_by or held.created_by
    await _hold(plans, layout)
    for each in sorted((each for each in plans if each.outcome == "changed"), key=_number):
        await _carry_out_rows([each], layout, staff_id=staff_id, at=at)
    new = [each for each in plans if each.outcome == "new"]
    for place in range(0, len(new), AT_ONCE):
        await _carry_out_rows(new[place : place + AT_ONCE], layout, staff_id=staff_id, at=at)
    report = report_of(rows, plans)
    if held.choice == "all" and report.problem_count:
        raise _Unfit(report)
    await _end(held.id, "done", report, at)
    await trail.note("carry_out", "import", held.id, staff_id=staff_id, at=at, after=report.counts)


async def _hold(plans: Sequence[Planned], layout: Layout) -> None:
    """Keep others from what is going to be changed; what somebody has changed since it was planned is a conflict."""
    changing = [each for each in plans if each.outcome == "changed" and each.current]
    ids = sorted(each.current.item_id for each in changing if each.current)
    places = {each.wanted.parent_id for each in plans if each.outcome in {"new", "changed"}} - {None}
    # As whoever places items holds them: the sections before the trees.
    await connection().value("SELECT pg_advisory_xact_lock_shared(hashtext('section'))")
    await connection().execute(
        "WITH RECURSIVE up AS (SELECT id, parent_id FROM item WHERE id = ANY($1::bigint[]) "
        "UNION SELECT i.id, i.parent_id FROM item i JOIN up ON i.id = up.parent_id) "
        "SELECT id FROM item WHERE id IN (SELECT id FROM up WHERE parent_id IS NULL) ORDER BY id FOR NO KEY UPDATE",
        [*ids, *places],
    )
    await connection().execute(
        "SELECT item_id FROM draft WHERE item_id = ANY($1::bigint[]) ORDER BY item_id FOR UPDATE", ids
    )
    tokens: dict[int, str] = {}
    for place in range(0, len(ids), AT_ONCE):
        some = await sheet_facts.as_now(kind=layout.kind, item_ids=ids[place : place + AT_ONCE])
        tokens.update({each.item_id: each.token for each in some})
    for each in changing:
        if each.current and tokens.get(each.current.item_id) != each.current.token:
            _overtaken(each)


def _overtaken(each: Planned) -> None:
    each.outcome = "conflict"
    each.row.wrong(TOKEN.name, CellBad("导入时别人正在修改这条内容，没有覆盖。", reason="row_stale"), each.row.token)


async def _carry_out_rows(some: Sequence[Planned], layout: Layout, *, staff_id: int, at: datetime) -> None:
    """Carry out one row that changes an item, or several that make new ones; where one of them fails, one by one."""
    try:
        async with transaction():
            if some[0].current is None:
                made = await _make([each.wanted for each in some], layout, staff_id=staff_id, at=at)
            else:
                made = [some[0].current.item_id]
                await _change(some[0].current, some[0].wanted, staff_id=staff_id, at=at)
            now = {each.item_id: each for each in await sheet_facts.as_now(kind=layout.kind, item_ids=made)}
            await _remember([(now[item_id], each.row) for item_id, each in zip(made, some, strict=True)], staff_id, at)
    except Refusal as refusal:
        if len(some) > 1:
            for each in some:
                await _carry_out_rows([each], layout, staff_id=staff_id, at=at)
        elif isinstance(refusal, items.DraftStale):
            _overtaken(some[0])
        else:
            some[0].outcome = "faulty"
            some[0].row.wrong("", CellBad(refusal.title, reason=refusal.code))
    else:
        for item_id, each in zip(made, some, strict=True):
            each.current = now[item_id]


async def _make(wanted: Sequence[Facts], layout: Layout, *, staff_id: int, at: datetime) -> list[int]:
    new = [bulk.NewItem(facts.shape, facts.parent_id) for facts in wanted]
    made = await bulk.create_all(kind=layout.kind, new=new, staff_id=staff_id, at=at)
    for item_id, facts in zip(made, wanted, strict=True):
        if facts.section_id is not None:
            await sections.place(item_id=item_id, section_id=facts.section_id, staff_id=staff_id, at=at)
        if facts.airs_at is not None:
            await airings.schedule(episode_id=item_id, airs_at=facts.airs_at, staff_id=staff_id, at=at)
    return made


async def _change(current: Current, wanted: Facts, *, staff_id: int, at: datetime) -> None:
    item_id = current.item_id
    if wanted.shape != current.facts.shape:
        await items.save_draft(item_id=item_id, shape=wanted.shape, revision=current.revision, staff_id=staff_id, at=at)
    if wanted.parent_id != current.facts.parent_id:
        await tree.move(item_id=item_id, parent_id=wanted.parent_id, staff_id=staff_id, at=at)
    if wanted.section_id != current.facts.section_id:
        await sections.place(item_id=item_id, section_id=wanted.section_id, staff_id=staff_id, at=at)
    if wanted.airs_at != current.facts.airs_at:
        if wanted.airs_at is None:
            await airings.cancel(episode_id=item_id, staff_id=staff_id, at=at)
        else:
            await airings.schedule(episode_id=item_id, airs_at=wanted.airs_at, staff_id=staff_id, at=at)


async def _remember(taken: Sequence[tuple[Current, SheetRow]], staff_id: int, at: datetime) -> None:
    """Note from which row each item came, and in which state it was left."""
    await connection().execute(
        "INSERT INTO sheet_row AS known (item_id, kind, key, token_before, token_after, taken_at, taken_by) "
        "SELECT item.id, item.kind, taken.key, taken.token_before, taken.token_after, $5, $6 "
        "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[]) AS taken (id, key, token_before, token_after) "
        "JOIN item USING (id) ON CONFLICT (item_id) DO UPDATE SET key = coalesce(known.key, excluded.key), "
        "token_before = excluded.token_before, token_after = excluded.token_after, taken_at = excluded.taken_at, "
        "taken_by = excluded.taken_by",
        [now.item_id for now, _ in taken],
        [row.key or None for _, row in taken],
        [row.token for _, row in taken],
        [now.token for now, _ in taken],
        at,
        staff_id,
    )


async def _end(import_id: int, state: Literal["done", "refused"], report: Report, at: datetime) -> None:
    await connection().execute(
        "UPDATE sheet_import SET state = $2, report = $3, rows = NULL, ended_at = $4 WHERE id = $1",
        import_id,
        state,
        msgspec.json.encode(report).decode(),
        at,
    )


def _number(each: Planned) -> int:
    return each.current.item_id if each.current else 0
