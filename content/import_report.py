"""What an import did, or would do: a line for every row, and all that is wrong."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from content.columns.shared import TITLE
from content.import_plan import Outcome, Planned, problems_of
from content.import_rows import Problem, Rows

MOST_PROBLEMS: Final = 1000


class Line(Struct, frozen=True, array_like=True):
    """What becomes of a row: which item, and which of its fields."""

    sheet: str
    row: int
    outcome: Outcome
    item_id: int | None
    title: str
    fields: list[str] = []


class Report(Struct, frozen=True, kw_only=True):
    """What an import does, or would do. ``left_out`` are the rows of sheets whose headings are wrong."""

    lines: list[Line]
    problems: list[Problem]
    problem_count: int
    left_out: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Count the rows by what becomes of them."""
        found = Counter[str](line.outcome for line in self.lines)
        found["faulty"] += self.left_out
        return dict(found)

    @property
    def to_do(self) -> int:
        return sum(1 for line in self.lines if line.outcome in {"new", "changed"})


def report_of(rows: Rows, planned: Sequence[Planned]) -> Report:
    """Tell what becomes of the rows of a file."""
    problems = [*rows.problems, *problems_of(planned)]
    return Report(
        lines=[
            Line(
                each.row.sheet,
                each.row.number,
                each.outcome,
                each.current.item_id if each.current else None,
                _title(each),
                each.fields,
            )
            for each in planned
        ],
        problems=problems[:MOST_PROBLEMS],
        problem_count=len(problems),
        left_out=rows.left_out,
    )


def _title(each: Planned) -> str:
    """Name a row for who reads the report, whatever is wrong with it."""
    title = each.wanted.shape.get("title")
    cell = each.row.cells.get(TITLE.name)
    return (title if isinstance(title, str) else cell.text if cell else "")[:80]
