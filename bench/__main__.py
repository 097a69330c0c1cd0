"""``python -m bench [name …]``: run the measurements and print their table; a ratio below its bound ends with 1."""

import importlib
import sys

from bench.harness import Row

NAMES = ("frame", "episode", "calendar", "intake", "media", "start")


def main() -> int:
    """Run what is named, or all."""
    rows: list[Row] = []
    print("| what | rate | p50 / p99 ms | floor | ratio | bound |")
    print("|---|---|---|---|---|---|")
    for name in sys.argv[1:] or NAMES:
        for row in importlib.import_module(f"bench.{name}").main():
            rows.append(row)
            print(line(row), flush=True)
    return 0 if all(row.met for row in rows) else 1


def line(row: Row) -> str:
    """Write a row of the table."""
    rate, floor = row.figures.rate * row.per_answer, row.floor.rate * row.per_answer
    met = "" if row.met else " (below)"
    notes = f" ({row.notes})" if row.notes else ""
    errors = f", {row.figures.errors} errors" if row.figures.errors else ""
    return (
        f"| {row.name}{notes} | {rate:,.0f} {row.unit}{errors} "
        f"| {row.figures.p50:.1f} / {row.figures.p99:.1f} | {floor:,.0f} "
        f"| {row.ratio:.2f}{met} | ≥ {row.at_least:.2f} |"
    )


if __name__ == "__main__":
    sys.exit(main())
