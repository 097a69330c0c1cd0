"""The plan of an import: what every row of a sheet would make of which item, and what keeps it from that.

The rule: only what a row says otherwise than the item does now is taken. If somebody has changed the item since the
sheet was written, that is a conflict and overwrites nothing; a row that says what the item says is never one. A plan
writes nothing.
"""

import copy
import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal

import msgspec
from msgspec import Struct

from content.checks import Finding
from content.columns.cells import Around, CellBad, Column, Facts
from content.columns.layouts import KEY, NUMBER, TOKEN, Layout
from content.import_rows import Problem, SheetRow
from content.kinds import differences, kind_of
from content.sheets.grids import Cell
from content.sheets.writing import steady
from content.storable import as_storable
from server.core.errors import Refusal

Outcome = Literal["new", "changed", "unchanged", "conflict", "faulty"]
PLACE: Final = {"parent_id": "系列", "section_id": "栏目", "airs_at": "播出时间"}


class Current(Struct, frozen=True, kw_only=True):
    """An item as it is now, and the row that it was last taken from."""

    item_id: int
    revision: int
    facts: Facts
    sequence: int = 0
    key: str | None = None
    token_before: str = ""
    token_after: str = ""

    @property
    def token(self) -> str:
        """Name the state that the item is in: its revision, and a mark of its fields of operation."""
        told = msgspec.json.encode([*self.facts.operation, self.sequence])
        return f"{self.revision}-{hashlib.sha256(told).hexdigest()[:8]}"


class Planned(Struct, kw_only=True):
    """What becomes of a row."""

    row: SheetRow
    outcome: Outcome
    wanted: Facts
    current: Current | None = None
    fields: list[str] = []


def plan(
    rows: Sequence[SheetRow],
    *,
    layout: Layout,
    by_id: Mapping[int, Current],
    by_key: Mapping[str, Current],
    twice: Mapping[str, int],
    around: Around,
) -> Iterator[Planned]:
    """Plan rows, one after the other; what is wrong with a row stands in it then.

    :param twice: how often each key, and each number of an item as ``#17``, occurs in the whole file.
    """
    for row in rows:
        current = _meant(row, by_id, by_key, twice)
        planned = Planned(row=row, outcome="faulty", wanted=Facts(), current=current)
        if not row.problems:
            _fill(planned, layout, around)
        yield planned


def _meant(
    row: SheetRow, by_id: Mapping[int, Current], by_key: Mapping[str, Current], twice: Mapping[str, int]
) -> Current | None:
    """Find the item that a row is about; none for a new one."""
    keyed = by_key.get(row.key) if row.key else None
    if row.key and twice.get(row.key, 0) > 1:
        row.wrong(KEY.name, CellBad("外部编号在表格里重复。", reason="key_twice"), row.key)
    if row.item_id is None:
        if keyed is not None and twice.get(f"#{keyed.item_id}", 0) > 0:
            row.wrong(KEY.name, CellBad("另一行也是这条内容。", reason="item_twice"), row.key)
        return keyed
    number = str(row.item_id)
    if twice.get(f"#{number}", 0) > 1:
        row.wrong(NUMBER.name, CellBad("内容编号在表格里重复。", reason="item_twice"), number)
    current = by_id.get(row.item_id)
    if current is None:
        row.wrong(NUMBER.name, CellBad("没有这个编号的内容。", reason="item_unknown"), number)
    elif keyed is not None and keyed.item_id != row.item_id:
        row.wrong(KEY.name, CellBad("外部编号属于另一条内容。", reason="key_taken"), row.key)
    elif row.key and current.key and current.key != row.key:
        row.wrong(
            KEY.name, CellBad("这条内容的外部编号是「%(value)s」。", reason="key_differs", value=current.key), row.key
        )
    return current


def _fill(planned: Planned, layout: Layout, around: Around) -> None:
    row, current = planned.row, planned.current
    wanted = planned.wanted = copy.deepcopy(current.facts) if current else Facts()
    changed: list[Column] = []
    for column in layout.columns:
        cell = row.cells.get(column.name)
        if cell is None or _plain(cell.text) == _plain(column.shown(wanted, around)):
            continue
        try:
            column.taken(cell, wanted, around)
        except CellBad as fault:
            row.wrong(column.name, fault, cell.text)
        changed.append(column)
    if current is None:
        _ask_for_what_is_needed(row, layout)
    _judge(planned, layout, changed)
    if row.problems:
        return
    before = current.facts if current else Facts()
    planned.fields = [*differences(before.shape, wanted.shape), *_moved(before, wanted)]
    if current is None:
        planned.outcome = "new"
    elif planned.fields or (row.key and not current.key):
        planned.outcome = "changed"
        if planned.fields and not _is_based_on_now(row, current):
            planned.outcome = "conflict"
            told = CellBad("导出之后这条内容已被修改，没有覆盖。请重新导出再改。", reason="row_stale")
            missing = CellBad("没有修订号，无法知道导出之后是否被修改。请重新导出再改。", reason="revision_missing")
            row.wrong(TOKEN.name, told if row.token or current.token_after else missing, row.token)
    else:
        planned.outcome = "unchanged"


def _plain(text: str) -> str:
    """Give a text as it is compared: programs write line ends in their own ways."""
    return steady(text).replace("\r\n", "\n").replace("\r", "\n")


def _ask_for_what_is_needed(row: SheetRow, layout: Layout) -> None:
    told = {problem.column for problem in row.problems}
    for column in layout.columns:
        if column.needed and column.name not in told and not row.cells.get(column.name, Cell("")).text.strip():
            row.wrong(column.name, CellBad("此项必填。", reason="missing"))


def _judge(planned: Planned, layout: Layout, changed: list[Column]) -> None:
    """Hold what was taken against the shape of the kind; what was not touched, and what is still to come, is let be."""
    row, wanted = planned.row, planned.wanted
    touched = {column.field for column in changed}
    told = {problem.column for problem in row.problems}
    for finding in kind_of(layout.kind).read(wanted.shape)[1]:
        name = re.split(r"[.\[]", finding.field)[0]
        unfinished = finding.code == "missing" and finding.field == name and not _is_needed(name, layout)
        if name not in touched or unfinished:
            continue
        column = _column_of(finding, name, changed, layout)
        if column not in told:
            told.add(column)
            cell = row.cells.get(column, Cell(""))
            row.wrong(column, CellBad(finding.sentence, reason=finding.code), cell.text)
    try:
        wanted.shape = as_storable(layout.kind, wanted.shape)
    except Refusal as refusal:
        row.wrong("", CellBad(refusal.title, reason=refusal.code))


def _column_of(finding: Finding, name: str, changed: list[Column], layout: Layout) -> str:
    """Name the column that a finding is about: the one of the very field, else the first that was changed of it."""
    inner = finding.field.removeprefix(f"{name}.")
    exact = [column for column in layout.columns if column.field == name and f"{name}_{inner}" in column.aliases]
    return (exact or [column for column in changed if column.field == name])[0].name


def _is_needed(name: str, layout: Layout) -> bool:
    return any(column.needed and column.field == name for column in layout.columns)


def _moved(before: Facts, wanted: Facts) -> list[str]:
    return [name for name in PLACE if getattr(before, name) != getattr(wanted, name)]


def _is_based_on_now(row: SheetRow, current: Current) -> bool:
    """Tell whether nobody has changed an item since a row was written.

    That is so if the row names its present state; or if it is as it was left when the same row was last taken.
    """
    if row.token == current.token:
        return True
    return bool(current.token_after) and current.token_after == current.token and row.token == current.token_before


def problems_of(planned: Sequence[Planned]) -> list[Problem]:
    """List what is wrong with rows, in their order."""
    return [one for each in planned for one in each.row.problems]
