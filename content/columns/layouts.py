"""The layouts of sheets, one a kind: which columns there are, by which headings they are known, and in which order.

The rule: a heading is known by its Chinese name or an English one, whatever its spaces, brackets and marks. A row is
known by the key that its source gave it (`KEY`) or by the number of the item here (`NUMBER`); `TOKEN` is what the item
was when the sheet was written, and must not be changed by hand.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from msgspec import Struct

from content.columns.articles import ARTICLES
from content.columns.cells import Around, Column, Facts, folded
from content.columns.episodes import EPISODES
from content.sheets.writing import MOST_IN_A_CELL, Head
from server.core.errors import Invalid

KEY: Final = Head("外部编号", 20, True, note="这一行在来源系统里的编号，最多 120 个字。再次导入时靠它认出同一条内容。")
NUMBER: Final = Head("内容编号", 12, note="导出时自动填写，不要改。新内容不填。")
TOKEN: Final = Head("修订号", 14, note="导出时自动填写，不要改。用来发现导出之后别人的修改。")
OF_ROW: Final = {KEY: ("external_key", "key"), NUMBER: ("item_id", "id"), TOKEN: ("revision", "token")}
FURTHER: Final = "（续）"


class NoSheet(Invalid):
    """Items of this kind are not written in sheets."""

    code = "no_sheet"
    title = "这种内容不能用表格导入导出"


class Layout(Struct, frozen=True):
    """The sheet of a kind."""

    kind: str
    name: str
    columns: tuple[Column, ...]
    by_heading: Mapping[str, str]
    """From each heading as it is compared to the name of its column."""

    def known(self, heading: str) -> bool:
        return self.name_of(heading) is not None

    def name_of(self, heading: str) -> str | None:
        """Give the name of the column of a heading, of one that goes on with its number; none where there is none."""
        compared = folded(heading)
        found = self.by_heading.get(compared)
        if found is not None:
            return found
        further = re.fullmatch(r"(.+?)续(\d{0,2})", compared)
        column = further and self.by_heading.get(further[1])
        if further and column and any(one.name == column and one.many for one in self.columns):
            return further_name(column, int(further[2] or 1))
        return None


def further_name(column: str, number: int) -> str:
    """Name the column in which a long text goes on: 正文（续）, 正文（续2）."""
    return f"{column}（续{number if number > 1 else ''}）"


def layout_of(kind: str) -> Layout:
    """Give the layout of a kind.

    :raises NoSheet: if there is none.
    """
    try:
        return LAYOUTS[kind]
    except KeyError:
        raise NoSheet() from None


def divided(text: str) -> list[str]:
    """Divide a text into pieces that fit into cells, which count in units of UTF-16."""
    size = MOST_IN_A_CELL if not text or max(text) <= "\uffff" else MOST_IN_A_CELL // 2
    return [text[start : start + size] for start in range(0, len(text), size)] or [""]


def texts_of(layout: Layout, item: Facts, around: Around) -> dict[str, str]:
    """Write an item as the texts of its columns; a long one is not divided yet."""
    return {column.name: column.shown(item, around) for column in layout.columns}


def _layout(kind: str, name: str, columns: Sequence[Column]) -> Layout:
    by_heading: dict[str, str] = {}
    for head, aliases in (
        *((one, more) for one, more in OF_ROW.items()),
        *((column.head, column.aliases) for column in columns),
    ):
        for heading in (head.name, *aliases):
            if by_heading.setdefault(folded(heading), head.name) != head.name:
                raise ValueError(f"Two columns of {kind} are called {heading!r}.")
    return Layout(kind, name, tuple(columns), by_heading)


LAYOUTS: Final = {
    "article": _layout("article", "文章", ARTICLES),
    "episode": _layout("episode", "剧集", EPISODES),
}
