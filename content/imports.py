"""Imports: a sheet is taken in and tried without writing anything; then all of it, or its valid rows, are chosen.

The rule: nothing is written before somebody has seen what would be; what was chosen is done by the worker, in
``content/import_work.py``.
"""

import asyncio
import zlib
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import msgspec
from msgspec import Struct

from content import trail
from content.columns.layouts import layout_of
from content.import_planning import planned
from content.import_report import Report, report_of
from content.import_rows import rows_of
from content.sheets import reading
from content.tables.imports import SheetImport
from server.core.db import connection, transaction
from server.core.errors import Conflict, Missing

Choice = Literal["all", "valid"]
State = Literal["tried", "waiting", "done", "refused", "failed"]

KEPT: Final = timedelta(days=7)


class ImportMissing(Missing):
    """There is no such import."""

    code = "import_missing"
    title = "没有这次导入"


class ImportSettled(Conflict):
    """The import was started already, or what it held is not kept any more."""

    code = "import_settled"
    title = "这次导入已处理，请重新上传"


class ImportFaulty(Conflict):
    """Not all rows are valid, and all or nothing was chosen; or there is nothing to do."""

    code = "import_faulty"
    title = "表格中有错误，不能全部导入"


class Import(Struct, frozen=True, kw_only=True):
    """An import as its page shows it."""

    id: int
    kind: str
    name: str
    state: State
    choice: str
    report: Report
    created_at: datetime
    created_by: int
    chosen_by: int | None
    ended_at: datetime | None


class ImportRow(Struct, frozen=True):
    """An import in the list."""

    id: int
    kind: str
    name: str
    state: State
    created_at: datetime
    created_by: int
    ended_at: datetime | None


async def take_in(
    *, kind: str, name: str, data: bytes, may_plan: bool, staff_id: int, at: datetime, request_id: str = ""
) -> Import:
    """Take in a sheet and try it: say what it would do, and do nothing.

    :param may_plan: whether whoever imports may set times of airing.
    :raises NoSheet: if items of the kind are not written in sheets.
    :raises SheetUnknown: if it is no sheet; also the other refusals of `content.sheets.grids`.
    """
    layout = layout_of(kind)
    grids = await reading.read(data, known=layout.known)
    rows = await asyncio.to_thread(rows_of, grids, layout)
    kept = await asyncio.to_thread(lambda: zlib.compress(msgspec.json.encode(rows), 5))
    plans = await planned(rows.rows, layout, may_plan=may_plan)
    report = report_of(rows, plans)
    async with transaction():
        import_id = await connection().value(
            "INSERT INTO sheet_import (kind, name, state, rows, report, may_plan, created_at, created_by) "
            "VALUES ($1, $2, 'tried', $3, $4, $5, $6, $7) RETURNING id",
            kind,
            "".join(sign for sign in name if sign.isprintable())[-200:] or layout.name,
            kept,
            msgspec.json.encode(report).decode(),
            may_plan,
            at,
            staff_id,
        )
        await trail.note(
            "try", "import", import_id, staff_id=staff_id, at=at, request_id=request_id, after=report.counts
        )
    return await import_of(import_id=import_id)


async def import_of(*, import_id: int) -> Import:
    """Give an import with its report.

    :raises ImportMissing: if there is none.
    """
    row = await connection().row(
        "SELECT id, kind, name, state, choice, report, created_at, created_by, chosen_by, ended_at "
        "FROM sheet_import WHERE id = $1",
        import_id,
    )
    if row is None:
        raise ImportMissing()
    return msgspec.convert({**row, "report": msgspec.json.decode(row["report"])}, Import)


async def listing(*, most: int = 50) -> list[ImportRow]:
    """List imports, the newest first."""
    rows = await connection().fetch(
        "SELECT id, kind, name, state, created_at, created_by, ended_at FROM sheet_import ORDER BY id DESC LIMIT $1",
        most,
    )
    return [msgspec.convert(dict(row), ImportRow) for row in rows]


async def start(*, import_id: int, choice: Choice, staff_id: int, at: datetime, request_id: str = "") -> Import:
    """Choose what is carried out of an import: all rows or none, or those that are valid. The worker does it.

    :raises ImportMissing: if there is none.
    :raises ImportSettled: if it was started already, or is not kept any more.
    :raises ImportFaulty: if all or nothing was chosen and not all rows are valid, or there is nothing to do.
    """
    async with transaction():
        held = await SheetImport.filter(id=import_id).select_for_update().first()
        if held is None:
            raise ImportMissing()
        if held.state != "tried" or held.rows is None:
            raise ImportSettled()
        report = (await import_of(import_id=import_id)).report
        if not report.to_do or (choice == "all" and report.problem_count):
            raise ImportFaulty()
        held.state, held.choice, held.chosen_at, held.chosen_by = "waiting", choice, at, staff_id
        await held.save()
        await trail.note(
            "start", "import", import_id, staff_id=staff_id, at=at, request_id=request_id, after={"choice": choice}
        )
    return await import_of(import_id=import_id)


async def forget(ctx: Any, at: datetime) -> None:
    """Forget the rows of imports that nobody has carried out; a job."""
    await connection().execute(
        "UPDATE sheet_import SET rows = NULL WHERE rows IS NOT NULL AND state = 'tried' AND created_at < $1", at - KEPT
    )
