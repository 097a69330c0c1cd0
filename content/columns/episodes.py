"""The columns of a sheet of episodes: where they stand, when they air, and what is said in which minute."""

from itertools import count
from typing import Any, Final

from content.columns.cells import (
    Around,
    CellBad,
    Column,
    Facts,
    Place,
    Shown,
    Taken,
    at_most,
    choice,
    instant,
    instant_text,
    is_yes,
    joined,
    line,
    lines,
    put,
    rows_of,
    said,
    yes,
)
from content.columns.shared import AUDIENCE, COVER, CREDITS, SUMMARY, TAGS, TITLE, VALIDITY, column, file_of, rows_way
from content.film_times import duration, film_time, seconds
from content.parts import STAGE_NAMES
from content.sheets.grids import Cell

STAGES_BY_WORD: Final = {name: str(stage) for stage, name in STAGE_NAMES.items()} | {
    str(one): str(one) for one in STAGE_NAMES
}
STAGE_WORDS: Final = {str(stage): name for stage, name in STAGE_NAMES.items()}


# Series and season.


def _above(item: Facts, around: Around) -> tuple[Place | None, Place | None]:
    """Give the series and the season that an episode stands in."""
    place = around.places.get(item.parent_id or 0)
    if place is None or place.kind == "series":
        return place, None
    return around.places.get(place.parent_id or 0), place


def _word(place: Place | None, beside: list[Place]) -> str:
    """Call a place by its title where that leads back to it, else by its slug."""
    if place is None:
        return ""
    title = " ".join(place.title.split())
    alike = [one for one in beside if title in {" ".join(one.title.split()), one.slug}]
    return title if title and len(alike) == 1 else place.slug


def _named(word: str, beside: list[Place], around: Around) -> Place:
    found = [one for one in beside if one.slug == word] or [
        one for one in beside if " ".join(one.title.split()) == word
    ]
    if len(found) > 1:
        raise CellBad("有多个叫「%(value)s」，请填写网址标识。", reason="parent_doubtful", value=word)
    if not found:
        raise CellBad("没有「%(value)s」。", reason="parent_unknown", value=word)
    return found[0]


def _series(around: Around) -> list[Place]:
    return [place for place in around.places.values() if place.kind == "series"]


def _seasons(series: Place | None, around: Around) -> list[Place]:
    return [place for place in around.places.values() if series and place.parent_id == series.id]


def _shown_series(item: Facts, around: Around) -> str:
    return _word(_above(item, around)[0], _series(around))


def _taken_series(cell: Cell, item: Facts, around: Around) -> None:
    word = line(cell)
    series = _named(word, _series(around), around) if word else None
    if series is None or series != _above(item, around)[0]:
        item.parent_id = series.id if series else None


def _shown_season(item: Facts, around: Around) -> str:
    series, season = _above(item, around)
    return _word(season, _seasons(series, around))


def _taken_season(cell: Cell, item: Facts, around: Around) -> None:
    word = line(cell)
    series, _ = _above(item, around)
    if word and series is None:
        raise CellBad("先填写系列，才能填写季。", reason="parent_unknown")
    if word:
        item.parent_id = _named(word, _seasons(series, around), around).id
    elif series is not None:
        item.parent_id = series.id


# Film, times, chapters and questions.


def _shown_duration(item: Facts, around: Around) -> str:
    return film_time(item.shape.get("duration_s"))


def _taken_duration(cell: Cell, item: Facts, around: Around) -> None:
    put(item.shape, "duration_s", _time_of_film(cell, whole=True))


def _time_of_film(cell: Cell, *, whole: bool) -> Any:
    """Read a time of a film. What a program took for a time of day may have been minutes and seconds.

    :raises CellBad: if it is none, or could be two.
    """
    word = line(cell)
    if cell.kind == "time" and word.endswith(":00") and not word.startswith("00:"):
        raise CellBad("表格软件把时长当成了钟点。请把这一格设为文本，写成 12:05 或 1:02:05。", reason="time_doubtful")
    value = duration(word) if whole else seconds(word)
    if isinstance(value, str) and value:
        raise CellBad("应为时长，例如 12:05。", reason="not_a_time")
    return value


def _shown_airing(item: Facts, around: Around) -> str:
    return instant_text(item.airs_at)


def _taken_airing(cell: Cell, item: Facts, around: Around) -> None:
    if not around.may_plan:
        raise CellBad("没有排期权限，不能改播出时间。", reason="not_allowed")
    item.airs_at = instant(cell)


def _shown_chapters(item: Facts, around: Around) -> str:
    return "\n".join(
        joined(
            [
                film_time(row.get("starts_at_s")),
                row.get("title"),
                STAGE_WORDS.get(said(row.get("stage")), said(row.get("stage"))),
                row.get("key"),
            ]
        )
        for row in rows_of(item.shape.get("chapters"))
    )


def _taken_chapters(cell: Cell, item: Facts, around: Around) -> None:
    had = {said(row.get("title")): said(row.get("key")) for row in rows_of(item.shape.get("chapters"))}
    rows = [at_most(row, 4) for row in lines(cell)]
    given = {key for *_, key in rows if key}
    chapters: list[dict[str, Any]] = []
    for time, title, stage, key in rows:
        if stage and stage not in STAGES_BY_WORD:
            raise CellBad("没有「%(value)s」这个阶段。", reason="not_a_choice", value=stage)
        starts = _time_of_film(Cell(time), whole=False)
        if starts == "":
            raise CellBad("每一章先写开始的时间，例如 04:00 | 影像。", reason="not_a_time")
        chapter = {
            "key": key or _fresh_key(had.get(title, ""), given),
            "title": title,
            "starts_at_s": starts,
            "stage": STAGES_BY_WORD.get(stage),
        }
        chapters.append({name: value for name, value in chapter.items() if value not in ("", None)})
    put(item.shape, "chapters", chapters)


def _fresh_key(had: str, given: set[str]) -> str:
    """Choose a key for a chapter, the one it had where it had one: questions and what was watched point to it."""
    free = had if had and had not in given else next(key for number in count(1) if (key := f"c{number}") not in given)
    given.add(free)
    return free


def _shown_questions(item: Facts, around: Around) -> str:
    return "\n".join(joined([row.get("text"), row.get("chapter")]) for row in rows_of(item.shape.get("questions")))


def _taken_questions(cell: Cell, item: Facts, around: Around) -> None:
    chapters = rows_of(item.shape.get("chapters"))
    keys = {said(row.get("key")): said(row.get("key")) for row in chapters}
    titles = [said(row.get("title")) for row in chapters]
    named = {
        said(row.get("title")): said(row.get("key")) for row in chapters if titles.count(said(row.get("title"))) == 1
    }
    questions = []
    for question, chapter in (at_most(row, 2) for row in lines(cell)):
        key = keys.get(chapter) or named.get(chapter, "")
        if chapter and not key:
            raise CellBad("没有「%(value)s」这一章。", reason="chapter_unknown", value=chapter)
        questions.append({"text": question, **({"chapter": key} if key else {})})
    put(item.shape, "questions", questions)


def _film(inner: str) -> tuple[Shown, Taken]:
    def shown(item: Facts, around: Around) -> str:
        held = item.shape.get("video")
        return said(held.get(inner)) if isinstance(held, dict) else ""

    def taken(cell: Cell, item: Facts, around: Around) -> None:
        held = item.shape.get("video")
        film = dict(held) if isinstance(held, dict) else {}
        put(film, inner, file_of(cell, "video", around) if inner == "asset" else line(cell))
        put(item.shape, "video", film)

    return shown, taken


def _shown_documents(item: Facts, around: Around) -> str:
    return "\n".join(joined([row.get("asset"), row.get("title")]) for row in rows_of(item.shape.get("documents")))


def _taken_documents(cell: Cell, item: Facts, around: Around) -> None:
    found = []
    for word, title in (at_most(row, 2) for row in lines(cell)):
        asset = file_of(Cell(word), "document", around)
        if asset is None:
            raise CellBad("应为编号（正整数）。", reason="not_a_number")
        found.append({"asset": asset, "title": title or around.files[asset].name})
    put(item.shape, "documents", found)


def _shown_filmed(item: Facts, around: Around) -> str:
    return yes(item.shape.get("filmed_patient"))


def _taken_filmed(cell: Cell, item: Facts, around: Around) -> None:
    put(item.shape, "filmed_patient", is_yes(cell))


def _shown_consent(item: Facts, around: Around) -> str:
    value = item.shape.get("consent_id")
    return around.consent_codes.get(value, said(value)) if isinstance(value, int) else said(value)


def _taken_consent(cell: Cell, item: Facts, around: Around) -> None:
    code = line(cell).upper()
    if code and code not in around.consents:
        raise CellBad("没有编号为 %(value)s 的知情同意。", reason="consent_unknown", value=code)
    put(item.shape, "consent_id", around.consents.get(code))


EPISODES: Final[tuple[Column, ...]] = (
    column(
        (_shown_series, _taken_series), "系列", "series", field="parent_id", width=24, note="系列的标题或网址标识。"
    ),
    column(
        (_shown_season, _taken_season), "季", "season", field="parent_id", width=16, note="季的标题；不分季则不填。"
    ),
    TITLE,
    SUMMARY,
    column(
        choice("stage", STAGE_NAMES),
        "阶段",
        "stage",
        field="stage",
        choices=tuple(STAGE_NAMES.values()),
    ),
    column(
        (_shown_duration, _taken_duration), "时长", "duration", "duration_s", field="duration_s", note="例如 12:05。"
    ),
    column(
        (_shown_airing, _taken_airing),
        "播出时间",
        "airs_at",
        field="airs_at",
        width=18,
        note="北京时间，例如 2026-11-22 20:00；需要排期权限。",
    ),
    column(
        (_shown_chapters, _taken_chapters),
        "章节",
        "chapters",
        field="chapters",
        width=40,
        note="一行一章：开始时间 | 标题 | 阶段 | 标识。阶段和标识可以不写，标识写定后不要改。",
    ),
    column(
        (_shown_questions, _taken_questions),
        "问题",
        "questions",
        field="questions",
        width=40,
        note="一行一问：问题 | 回答它的章节的标识或标题。",
    ),
    TAGS,
    AUDIENCE,
    column(
        rows_way("team", ("name", "title", "hospital", "role")),
        "团队",
        "team",
        field="team",
        width=36,
        note="一行一人：姓名 | 职称 | 单位 | 分工。",
    ),
    *COVER,
    column(_film("asset"), "视频", "video", "video_asset", field="video", note="素材库中视频的编号或文件名。"),
    column(_film("url"), "视频地址", "video_url", field="video", width=24, note="视频在别处时填写，https 开头。"),
    column(
        (_shown_documents, _taken_documents),
        "附件",
        "documents",
        field="documents",
        width=24,
        note="一行一份：素材库中文档的编号或文件名 | 标题。",
    ),
    column((_shown_filmed, _taken_filmed), "出现患者", "filmed_patient", field="filmed_patient", choices=("是", "否")),
    column((_shown_consent, _taken_consent), "知情同意编号", "consent", "consent_code", field="consent_id"),
    *CREDITS,
    *VALIDITY,
)
