"""The demo boards: the tree of sections in which doctors find things, three boards with zones below them.

The rule: whatever is there already stays as it is; a section is found again by its slug.
"""

from datetime import datetime
from typing import Final, Literal, NamedTuple

from content import sections
from content.parts import Audience
from server.core.roles import Audience as Portal


class Zone(NamedTuple):
    """A section: its names, what it says of itself, the board above it, and how its list is drawn."""

    slug: str
    name_zh: str
    name_en: str
    summary: str
    board: str = ""
    layout: Literal["cards", "rows", "grid"] = "rows"
    icon: str = ""
    tone: Literal["", "green", "blue", "warm", "grey"] = ""
    order: Literal["newest", "manual"] = "newest"
    audience: Audience = Audience.EVERYONE


INNOVATION: Final = "e-innovation"
GATHERING: Final = "gathering"
SERVICES: Final = "services"

ZONES: Final = (
    Zone(INNOVATION, "e创新", "e-Innovation", "手术系列、学术前沿与病例讨论", icon="innovation", tone="green"),
    Zone("series", "手术系列", "Surgical series", "按集追看，每集回答几个问题", INNOVATION, "cards"),
    Zone("frontier", "学术前沿", "Academic frontier", "方法、技术与读法", INNOVATION),
    Zone("cases", "病例讨论", "Case discussions", "虚构病例，谈过程，不谈对错", INNOVATION),
    Zone("prevention", "疾病防治", "Disease prevention", "讲给患者听，也讲给自己听", INNOVATION),
    Zone("films", "短视频", "Short films", "半分钟，一个动作", INNOVATION, "grid"),
    Zone(GATHERING, "医荟萃", "Gatherings", "会议、直播、资讯与品牌号", icon="academy", tone="blue"),
    Zone("activities", "会议活动", "Meetings and events", "线下会议与线上直播", GATHERING, "cards"),
    Zone("replays", "精彩回放", "Replays", "错过直播，可以从这里看", GATHERING, "grid"),
    Zone("news", "资讯", "News", "各示范医院（虚构）的新鲜事", GATHERING),
    Zone("brands", "品牌号", "Brand accounts", "按领域找到值得关注的账号", GATHERING, "grid", order="manual"),
    Zone(SERVICES, "易服务", "Services", "产品与资料", icon="service", tone="warm"),
    Zone("products", "产品", "Products", "名称与证号均为演示", SERVICES, "grid", audience=Audience.DOCTOR),
    Zone("documents", "资料", "Documents", "一页纸的表单与卡片，可以打印", SERVICES),
)


async def seed(*, staff_id: int, at: datetime) -> dict[str, int]:
    """Make the sections that are missing, and give the id of each by its slug."""
    known = {section.slug: section.id for section in await sections.listing(portal=Portal.DOCTOR)}
    for zone in ZONES:
        if zone.slug not in known:
            made = await sections.save(
                slug=zone.slug,
                portal=Portal.DOCTOR,
                parent_id=known[zone.board] if zone.board else None,
                name_zh=zone.name_zh,
                name_en=zone.name_en,
                summary=zone.summary,
                audience=zone.audience,
                order=zone.order,
                look={"layout": zone.layout, "icon": zone.icon, "tone": zone.tone},
                staff_id=staff_id,
                at=at,
            )
            known[made.slug] = made.id
    return known
