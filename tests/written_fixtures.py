"""Articles, videos, brand accounts, products and documents that have been approved and published."""

from datetime import datetime
from typing import Any

from content import items, publishing, review
from content.kinds import kind_of
from tests.content.studio import NOON, a_file

AUTHOR = {"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院"}
BODY = "## 为什么\n\n" + "低位直肠癌能否保肛，要看肿瘤下缘、环周切缘和肛门功能。" * 8


async def written_text(kind: str, **changes: Any) -> dict[str, Any]:
    """Give a text of a kind that may be published."""
    picture = {"asset": await a_file(), "alt": "示意图"}
    own: dict[str, dict[str, Any]] = {
        "article": {"form": "frontier"},
        "video": {"duration_s": 600, "video": {"url": "https://films.example.org/film.mp4"}},
        "brand_account": {
            "field": "结直肠外科",
            "operator": "江城示范医院",
            "qr": {"asset": await a_file(), "alt": "二维码"},
            "link": "https://brand.example.org/",
        },
        "product": {
            "product_class": "prescription",
            "generic_name": "示例滨片",
            "maker": "示例制药",
            "indications": "用于示例。",
            "certificates": [{"name": "药品批准文号", "number": "国药准字H00000000"}],
            "audience": "professional",
        },
        "document": {"edition": "2026 版"},
    }
    return {
        "title": f"{kind_of(kind).name_zh}一则",
        "summary": "一句话说明要点。",
        "cover": picture,
        "author": AUTHOR,
        "sources": [{"title": "示例指南 2026"}],
        "body": BODY,
        "documents": [{"asset": await a_file("document"), "title": "全文"}] if kind == "document" else [],
        **own[kind],
        **changes,
    }


async def written(
    kind: str, title: str = "", *, at: datetime = NOON, ends_at: datetime | None = None, **changes: Any
) -> int:
    """Publish a text of a kind, approved by all who have to."""
    if title:
        changes["title"] = title
    made = await items.create(kind=kind, shape=await written_text(kind, **changes), staff_id=1, at=at)
    await publish_written(made.item_id, at=at, ends_at=ends_at)
    return made.item_id


async def publish_written(item_id: int, *, at: datetime = NOON, ends_at: datetime | None = None) -> None:
    """Have the draft of an item approved, and publish it."""
    text = await items.draft_of(item_id=item_id)
    if kind_of(text.kind).reviewers:
        await review.submit(item_id=item_id, revision=text.revision, staff_id=1, at=at)
    for number, role in enumerate(sorted(kind_of(text.kind).reviewers), start=901):
        await review.judge(
            item_id=item_id, content_hash=text.content_hash, role=role, approved=True, staff_id=number, at=at
        )
    await publishing.publish(item_id=item_id, staff_id=1, at=at, ends_at=ends_at)


async def article(title: str = "", **changes: Any) -> int:
    return await written("article", title, **changes)
