"""Articles, videos, brand accounts, products and documents that have been approved and published."""

from datetime import datetime
from typing import Any

from content import items, sections
from content.kinds import kind_of
from server.core.roles import Audience as Portal
from tests.content.studio import NOON, a_file, publish

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
    kind: str,
    title: str = "",
    *,
    at: datetime = NOON,
    ends_at: datetime | None = None,
    section_id: int | None = None,
    **changes: Any,
) -> int:
    """Publish a text of a kind, approved by all who have to, perhaps in a section."""
    if title:
        changes["title"] = title
    made = await items.create(kind=kind, shape=await written_text(kind, **changes), staff_id=1, at=at)
    if section_id is not None:
        await sections.place(item_id=made.item_id, section_id=section_id, staff_id=1, at=at)
    await publish(item_id=made.item_id, staff_id=1, at=at, ends_at=ends_at)
    return made.item_id


async def article(title: str = "", **changes: Any) -> int:
    return await written("article", title, **changes)


async def section(slug: str, **changes: Any) -> int:
    """Make a section of the doctors' boards, or change one."""
    given = {"portal": Portal.DOCTOR, "name_zh": slug, "staff_id": 1, "at": NOON, **changes}
    return (await sections.save(slug=slug, **given)).id
