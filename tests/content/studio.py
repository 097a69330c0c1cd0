"""What editors have at hand in tests: a cover, a film, tags and shapes that may be published."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from content import airings, filming, items, publishing, review, review_rules, tags
from content.parts import Audience
from content.tables.items import Asset
from content.workflow import Standing

NOON = datetime(2026, 11, 15, 4, tzinfo=UTC)
_numbers = count(1)


def after(**by: float) -> datetime:
    return NOON + timedelta(**by)


async def a_file(kind: str = "image", **facts: Any) -> int:
    """Note a file in the library whose bytes nobody asks for."""
    named = {"image": "image/jpeg", "video": "video/mp4", "document": "application/pdf", "audio": "audio/mpeg"}
    number = next(_numbers)
    row = await Asset.create(
        **{
            "kind": kind,
            "name": f"{kind}-{number}",
            "sha256": f"{number:064x}",
            "bytes": 1000,
            "media_type": named[kind],
            "created_at": NOON,
            "created_by": 1,
            "seconds": 720.0 if kind in {"video", "audio"} else None,
            "width": 1600 if kind == "image" else None,
            "height": 900 if kind == "image" else None,
            **facts,
        }
    )
    return row.id


async def a_tag(slug: str = "rectal-cancer", name_zh: str = "直肠癌") -> str:
    return (await tags.save(slug=slug, facet="disease", name_zh=name_zh, staff_id=1, at=NOON)).slug


async def a_consent(code: str = "", *, scope: Audience = Audience.EVERYONE, **facts: Any) -> int:
    given = {"de_identified": True, "signed_on": date(2026, 10, 1), **facts}
    code = code or f"CONSENT-{next(_numbers)}"
    return (await filming.register(code=code, scope=scope, staff_id=1, at=NOON, **given)).id


async def series_text(**changes: Any) -> dict[str, Any]:
    return {
        "title": "医探究竟",
        "summary": "一个临床问题，一组手术录像。",
        "problem": "低位直肠癌如何保肛？",
        "cover": {"asset": await a_file(), "alt": "手术室里的主刀医生"},
        **changes,
    }


async def episode_text(**changes: Any) -> dict[str, Any]:
    return {
        "title": "面诊：能不能保肛",
        "summary": "从指检和影像判断保肛的可能。",
        "duration_s": 720,
        "cover": {"asset": await a_file(), "alt": "医生在看片"},
        "video": {"asset": await a_file("video")},
        "chapters": [
            {"key": "exam", "title": "指检", "starts_at_s": 0, "stage": "consultation"},
            {"key": "image", "title": "影像", "starts_at_s": 240, "stage": "plan"},
        ],
        "questions": [{"text": "肿瘤距肛缘 4 厘米还能保肛吗？", "chapter": "image"}],
        "team": [{"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院", "role": "主讲"}],
        **changes,
    }


async def approve(item_id: int, *, at: datetime = NOON, drafted_by: int = 1) -> None:
    """Hand the draft of an item in and have it approved in every role that its kind requires."""
    text = await items.draft_of(item_id=item_id)
    roles = await review_rules.roles_of(text.kind)
    if not roles:
        return
    await review.submit(item_id=item_id, revision=text.revision, staff_id=drafted_by, at=at)
    for number, role in enumerate(sorted(roles), start=901):
        await review.judge(
            item_id=item_id, content_hash=text.content_hash, role=role, approved=True, staff_id=number, at=at
        )


async def publish(*, item_id: int, staff_id: int, at: datetime, **when: Any) -> Standing:
    """Have the draft of an item approved, and publish it."""
    if not await publishing.roles_missing(item_id, *await _text(item_id), at=at):
        return await publishing.publish(item_id=item_id, staff_id=staff_id, at=at, **when)
    # Approvals hold for a year, which is to cover what is planned for later.
    await approve(item_id, at=when.get("starts_at") or at)
    return await publishing.publish(item_id=item_id, staff_id=staff_id, at=at, **when)


async def _text(item_id: int) -> tuple[str, str]:
    text = await items.draft_of(item_id=item_id)
    return text.kind, text.content_hash


async def draft(kind: str, shape: dict[str, Any], *, parent_id: int | None = None, at: datetime = NOON) -> int:
    return (await items.create(kind=kind, shape=shape, parent_id=parent_id, staff_id=1, at=at)).item_id


async def published_series(*, at: datetime = NOON, **changes: Any) -> int:
    item_id = await draft("series", await series_text(**changes), at=at)
    await publish(item_id=item_id, staff_id=2, at=at)
    return item_id


async def published_episode(
    parent_id: int, *, at: datetime = NOON, airs_at: datetime | None = None, **changes: Any
) -> int:
    item_id = await draft("episode", await episode_text(**changes), parent_id=parent_id, at=at)
    if airs_at is not None:
        await airings.schedule(episode_id=item_id, airs_at=airs_at, staff_id=2, at=at)
    await publish(item_id=item_id, staff_id=2, at=at)
    return item_id
