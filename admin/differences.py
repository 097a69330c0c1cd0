"""Differences between two texts of an item, field by field and character by character, for people to read.

The rule: every leaf of a text is a line with a name; a line that is only on one side was added or removed.
"""

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher
from typing import Any, Final

from markupsafe import Markup, escape
from msgspec import Struct

from admin.kind_forms import FORMS
from content.film_times import film_time
from server.web.languages import marked

# Comparing takes time with the square of the length; longer texts are shown whole.
LONGEST: Final = 4000

FIELDS: Final = {
    **{name: word for form in FORMS.values() for name, word in form.words.items()},
    "title": marked("标题"),
    "summary": marked("简介"),
    "tags": marked("标签"),
    "audience": marked("可见范围"),
    "problem": marked("临床问题"),
    "cover": marked("封面"),
    "alt": marked("替代文字"),
    "asset": marked("文件"),
    "url": marked("地址"),
    "video": marked("视频"),
    "team": marked("团队与嘉宾"),
    "name": marked("姓名"),
    "hospital": marked("医院"),
    "role": marked("分工"),
    "questions": marked("问题"),
    "text": marked("内容"),
    "chapter": marked("对应章节"),
    "chapters": marked("章节"),
    "key": marked("标识"),
    "starts_at_s": marked("开始时间"),
    "stage": marked("阶段"),
    "duration_s": marked("时长"),
    "documents": marked("资料"),
    "filmed_patient": marked("有患者出镜"),
    "consent_id": marked("知情同意"),
}
TITLES_OF_PEOPLE: Final = marked("职称")


class Difference(Struct, frozen=True):
    """A line that differs: its name in words, and both sides with what differs in them marked."""

    path: str
    words: tuple[str | int, ...]
    before: Markup
    after: Markup


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """List the lines in which two texts differ, in the order of the second."""
    old, new = dict(_lines(before, ())), dict(_lines(after, ()))
    paths = [*new, *(path for path in old if path not in new)]
    return [
        Difference(".".join(map(str, path)), tuple(_words(path)), *marked_up(old.get(path, ""), new.get(path, "")))
        for path in paths
        if old.get(path, "") != new.get(path, "")
    ]


class Line(Struct, frozen=True):
    """A line of a text: its path, its name in words, and what it says."""

    path: str
    words: tuple[str | int, ...]
    text: str


def lines(text: Mapping[str, Any]) -> list[Line]:
    """List the lines of a text in its order, for people to read."""
    return [Line(".".join(map(str, path)), tuple(_words(path)), said) for path, said in _lines(text, ())]


def marked_up(before: str, after: str) -> tuple[Markup, Markup]:
    """Mark in both texts what the other has not: ``del`` in the first, ``ins`` in the second."""
    if not before or not after or max(len(before), len(after)) > LONGEST:
        return (
            Markup("<del>{}</del>").format(before) if before else Markup(""),
            Markup("<ins>{}</ins>").format(after) if after else Markup(""),
        )
    left, right = Markup(""), Markup("")
    for tag, from_old, to_old, from_new, to_new in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        old, new = before[from_old:to_old], after[from_new:to_new]
        if tag == "equal":
            left, right = left + escape(old), right + escape(new)
        else:
            left += Markup("<del>{}</del>").format(old) if old else Markup("")
            right += Markup("<ins>{}</ins>").format(new) if new else Markup("")
    return left, right


def _lines(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _lines(inner, (*path, str(name)))
    elif isinstance(value, list | tuple):
        if all(isinstance(inner, str) for inner in value):
            yield path, "、".join(value)
        else:
            for number, inner in enumerate(value, start=1):
                yield from _lines(inner, (*path, number))
    elif path and path[-1] in {"duration_s", "starts_at_s"}:
        yield path, film_time(value)
    elif isinstance(value, bool):
        yield path, "✓" if value else "✗"
    elif value is not None:
        yield path, str(value)


def _words(path: tuple[str | int, ...]) -> Iterator[str | int]:
    for place, part in enumerate(path):
        if part == "title" and place and path[0] == "team":
            yield TITLES_OF_PEOPLE
        else:
            yield FIELDS.get(part, part) if isinstance(part, str) else part
