"""Content as editors have it before they begin: files of the library, tags, a series with an episode."""

from datetime import UTC, date, datetime
from itertools import count
from typing import Any

from content import filming, items, tags
from content.parts import Audience
from content.tables.items import Asset
from tests.content.studio import publish

LONG_AGO = datetime(2026, 1, 5, 4, tzinfo=UTC)
_numbers = count(1)


async def a_file(kind: str = "image", **facts: Any) -> int:
    """Note a file in the library whose bytes nobody asks for."""
    number = next(_numbers)
    types = {"image": "image/jpeg", "video": "video/mp4", "document": "application/pdf"}
    row = await Asset.create(
        **{
            "kind": kind,
            "name": f"{kind}-{number}",
            "sha256": f"{number:064x}",
            "bytes": 1000,
            "media_type": types[kind],
            "width": 1600,
            "height": 900,
            "seconds": 720.0 if kind == "video" else None,
            "created_at": LONG_AGO,
            "created_by": 1,
            **facts,
        }
    )
    return row.id


async def a_tag(slug: str = "rectal-cancer", name_zh: str = "直肠癌") -> str:
    return (await tags.save(slug=slug, facet="disease", name_zh=name_zh, staff_id=1, at=LONG_AGO)).slug


async def a_consent(code: str = "IC-2025-0001") -> int:
    row = await filming.register(
        code=code, scope=Audience.EVERYONE, de_identified=True, signed_on=date(2025, 12, 1), staff_id=1, at=LONG_AGO
    )
    return row.id


async def a_series(*, published: bool = True, **changes: Any) -> int:
    shape = {
        "title": "台前一问",
        "summary": "一组手术录像。",
        "cover": {"asset": await a_file(), "alt": "手术室"},
        **changes,
    }
    made = await items.create(kind="series", shape=shape, staff_id=1, at=LONG_AGO)
    if published:
        await publish(item_id=made.item_id, staff_id=1, at=LONG_AGO)
    return made.item_id


async def an_episode(*, parent_id: int | None, published: bool = False, **changes: Any) -> int:
    shape = {
        "title": "第一次面诊，先听什么",
        "summary": "从叙述里找线索。",
        "duration_s": 720,
        "cover": {"asset": await a_file(), "alt": "医生在看片"},
        "video": {"asset": await a_file("video")},
        "chapters": [
            {"key": "exam", "title": "指检", "starts_at_s": 0, "stage": "consultation"},
            {"key": "image", "title": "影像", "starts_at_s": 240, "stage": "plan"},
        ],
        "questions": [{"text": "距肛缘 4 厘米还能保肛吗？", "chapter": "image"}],
        "team": [{"name": "陈知远", "title": "主任医师", "hospital": "杏林示范医院", "role": "主刀"}],
        **changes,
    }
    made = await items.create(kind="episode", shape=shape, parent_id=parent_id, staff_id=1, at=LONG_AGO)
    if published:
        await publish(item_id=made.item_id, staff_id=1, at=LONG_AGO)
    return made.item_id


async def a_text(kind: str, **changes: Any) -> int:
    """Make the draft of an item of any kind that is written, with a body and a block of every sort."""
    picture = {"asset": await a_file(), "alt": "示意"}
    product = (await items.create(kind="product", shape={"title": "示范产品"}, staff_id=1, at=LONG_AGO)).item_id
    own: dict[str, Any] = {
        "video": {"duration_s": 720, "video": {"asset": await a_file("video")}},
        "activity": {"form": "meeting", "agenda": [{"starts_min": 30, "title": "开场", "speakers": ["陈知远"]}]},
        "brand_account": {"field": "造口护理", "operator": "杏林示范", "qr": picture},
        "product": {"product_class": "device", "certificates": [{"name": "注册证", "number": "示范 1"}]},
    }
    shape = {
        "title": "一篇文字",
        "summary": "摘要。",
        "cover": picture,
        "author": {"name": "陈知远", "title": "主任医师", "hospital": "杏林示范医院"},
        "sources": [{"title": "一份指南", "url": "https://example.org/guide"}],
        "related": [product],
        "body": "## 小标题\n\n一段**文字**。\n\n[[image-1]]\n\n[[quiz-1]]\n",
        "blocks": [
            {"type": "image", "key": "image-1", "picture": picture, "caption": "图一"},
            {"type": "quiz", "key": "quiz-1", "question": "对吗？", "options": [{"text": "对", "right": True}]},
            {"type": "table", "key": "table-1", "header": ["甲", "乙"], "rows": [["1", "2"]]},
            {"type": "product", "key": "product-1", "product": product},
        ],
        **own.get(kind, {}),
        **changes,
    }
    return (await items.create(kind=kind, shape=shape, staff_id=1, at=LONG_AGO)).item_id
