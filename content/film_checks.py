"""What is asked of what holds a film: the film itself, its chapters and questions, its documents, who was filmed.

The rule: as in ``content/checks.py``.
"""

from collections.abc import Iterator
from typing import Final, Protocol

from content.checks import Finding, Surroundings, bound_file, is_safe, narrower
from content.parts import Attachment, Audience, Chapter, Film
from content.shapes import Episode

SHORTEST_S: Final = 600
LONGEST_S: Final = 900


class Documented(Protocol):
    """A shape with documents."""

    @property
    def documents(self) -> tuple[Attachment, ...]: ...


class Filmed(Protocol):
    """A shape with a film: an episode, or a video of its own."""

    @property
    def audience(self) -> Audience: ...
    @property
    def duration_s(self) -> int: ...
    @property
    def video(self) -> Film | None: ...
    @property
    def chapters(self) -> tuple[Chapter, ...]: ...
    @property
    def filmed_patient(self) -> bool: ...
    @property
    def consent_id(self) -> int | None: ...


def video(shape: Filmed, around: Surroundings) -> Iterator[Finding]:
    film = shape.video
    if film is None or (film.asset is None and not film.url.strip()):
        yield Finding("video", "video_missing", "请上传视频或填写视频地址。")
    elif film.asset is not None and film.url:
        yield Finding("video.url", "video_twice", "视频文件和视频地址只能填一个。")
    elif film.asset is not None:
        yield from bound_file(film, "video.asset", "video", around)
        facts = around.files.get(film.asset)
        if facts is not None and facts.seconds is not None and abs(facts.seconds - shape.duration_s) > 1:
            yield Finding("duration_s", "duration_differs", f"视频实际时长为 {facts.seconds:.0f} 秒。")
    elif not is_safe(film.url):
        yield Finding("video.url", "url_unsafe", "视频地址必须是公开的 https 地址。")


def usual_length(shape: Episode, around: Surroundings) -> Iterator[Finding]:
    if not SHORTEST_S <= shape.duration_s <= LONGEST_S:
        yield Finding("duration_s", "duration_unusual", "建议时长 10–15 分钟。", blocks=False)


def chapters(shape: Filmed, around: Surroundings) -> Iterator[Finding]:
    if not shape.chapters:
        yield Finding("chapters", "chapters_missing", "建议划分章节。", blocks=False)
    seen: set[str] = set()
    before = -1.0
    for index, chapter in enumerate(shape.chapters):
        if chapter.key in seen:
            yield Finding(f"chapters[{index}].key", "chapter_twice", f"章节标识「{chapter.key}」重复。")
        seen.add(chapter.key)
        if chapter.starts_at_s <= before:
            yield Finding(f"chapters[{index}].starts_at_s", "chapters_unsorted", "章节须按开始时间先后排列。")
        before = max(before, chapter.starts_at_s)
        if chapter.starts_at_s >= shape.duration_s:
            yield Finding(f"chapters[{index}].starts_at_s", "chapter_outside", "章节开始时间超出视频时长。")


def questions(shape: Episode, around: Surroundings) -> Iterator[Finding]:
    keys = {chapter.key for chapter in shape.chapters}
    if not shape.questions:
        yield Finding("questions", "questions_missing", "建议写明本集回答的问题。", blocks=False)
    for index, question in enumerate(shape.questions):
        if not question.text.strip():
            yield Finding(f"questions[{index}].text", "missing", "此项必填。")
        if question.chapter not in keys:
            yield Finding(f"questions[{index}].chapter", "chapter_unknown", "请选择回答这个问题的章节。")


def documents(shape: Documented, around: Surroundings) -> Iterator[Finding]:
    for index, attachment in enumerate(shape.documents):
        yield from bound_file(attachment, f"documents[{index}].asset", "document", around)


def filmed_patient(shape: Filmed, around: Surroundings) -> Iterator[Finding]:
    """A patient who was filmed must have agreed, still agree, and agree to this audience."""
    if shape.consent_id is None:
        if shape.filmed_patient:
            yield Finding("consent_id", "consent_missing", "有患者出镜，须登记患者的知情同意。")
        elif shape.video and shape.video.asset and _bound(shape.video.asset, around) is not None:
            yield Finding("consent_id", "consent_missing", "这个视频拍摄了患者，须选择对应的知情同意。")
        return
    consent = around.consents.get(shape.consent_id)
    if consent is None:
        yield Finding("consent_id", "consent_unknown", "没有这份知情同意。")
        return
    if consent.withdrawn:
        yield Finding("consent_id", "consent_withdrawn", "患者已撤回同意，不能发布。")
    if consent.signed_on > around.today:
        yield Finding("consent_id", "consent_not_yet", "知情同意的签署日期在将来。")
    if not consent.de_identified:
        yield Finding("consent_id", "not_de_identified", "视频尚未做去标识化处理。")
    seen_by = narrower(shape.audience, around.above) if around.above else None
    if seen_by is not None and narrower(seen_by, consent.scope) != seen_by:
        yield Finding("consent_id", "consent_scope", "可见范围超出患者同意的范围。")
    if shape.video and shape.video.asset:
        bound = _bound(shape.video.asset, around)
        if bound is not None and bound != shape.consent_id:
            yield Finding("consent_id", "consent_differs", "这个视频登记的是另一份知情同意。")


def _bound(asset_id: int, around: Surroundings) -> int | None:
    facts = around.files.get(asset_id)
    return facts.consent_id if facts else None


def airing(shape: Episode, around: Surroundings) -> Iterator[Finding]:
    if not around.airs:
        yield Finding(
            "airs_at", "airing_missing", "没有播出时间，发布后立即可看，也不会出现在追剧日历里。", blocks=False
        )
