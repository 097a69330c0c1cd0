"""Tags in their trees, items held at the top of lists, and consents on file."""

from datetime import date, timedelta
from typing import Any

import pytest

from content import filming, pins, tags
from content.access import ItemMissing
from content.filming import ConsentBad, ConsentCodeTaken, ConsentMissing
from content.parts import Audience
from content.pins import PlaceUnknown, TooManyPins
from content.tags import TagBad, TagInUse, TagMissing
from server.core import clock
from server.core.db import connection
from tests.content.studio import NOON, a_consent, a_tag, after, draft, published_episode, published_series

pytestmark = pytest.mark.usefixtures("database")


async def test_a_tag_is_made_and_changed_by_its_slug() -> None:
    await a_tag("cancer", "癌")
    await tags.save(
        slug="colon", facet="disease", name_zh="结肠癌", parent_slug="cancer", position=2, staff_id=1, at=NOON
    )
    await tags.save(slug="colon", facet="disease", name_zh="大肠癌", parent_slug="cancer", staff_id=1, at=NOON)
    assert [(tag.slug, tag.name_zh, tag.parent_slug) for tag in await tags.listing(facet="disease")] == [
        ("cancer", "癌", None),
        ("colon", "大肠癌", "cancer"),
    ]
    assert await tags.names() == {"cancer": "癌", "colon": "大肠癌"}
    assert await tags.listing(facet="topic") == []


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"slug": "结肠"}, "slug"),
        ({"slug": ""}, "slug"),
        ({"slug": "tel-13800138000"}, "slug"),
        ({"slug": "a\n"}, "slug"),
        ({"facet": "mood"}, "facet"),
        ({"name_zh": " "}, "name_zh"),
        ({"name_zh": "长" * 61}, "name_zh"),
        ({"name_en": "x" * 81}, "name_en"),
        ({"position": -1}, "position"),
        ({"position": 2**40}, "position"),
        ({"parent_slug": "nowhere"}, "parent_slug"),
        ({"parent_slug": "one"}, "parent_slug"),
        ({"parent_slug": "below"}, "parent_slug"),
        ({"parent_slug": "elsewhere"}, "parent_slug"),
    ],
)
async def test_a_tag_that_is_none_is_refused(changes: dict[str, Any], field: str) -> None:
    await a_tag("one", "一")
    await tags.save(slug="below", facet="disease", name_zh="下", parent_slug="one", staff_id=1, at=NOON)
    await tags.save(slug="elsewhere", facet="topic", name_zh="别处", staff_id=1, at=NOON)
    asked = {"slug": "one", "facet": "disease", "name_zh": "一", "staff_id": 1, "at": NOON, **changes}
    with pytest.raises(TagBad) as refused:
        await tags.save(**asked)
    assert refused.value.field == field


async def test_a_tag_that_something_carries_stays() -> None:
    for slug in ("drafted", "shown", "above"):
        await a_tag(slug, slug)
    await tags.save(slug="below", facet="disease", name_zh="下", parent_slug="above", staff_id=1, at=NOON)
    await draft("series", {"tags": ["drafted"]})
    await published_series(tags=["shown"])
    for slug in ("drafted", "shown", "above"):
        with pytest.raises(TagInUse):
            await tags.remove(slug=slug, staff_id=1, at=NOON)
    await tags.remove(slug="below", staff_id=1, at=NOON)
    await tags.remove(slug="above", staff_id=1, at=NOON)
    with pytest.raises(TagMissing):
        await tags.remove(slug="above", staff_id=1, at=NOON)


async def test_pins_are_arranged_as_a_whole_and_keep_who_pinned_first() -> None:
    one, two, three = [await published_series(title=name) for name in ("一", "二", "三")]
    await pins.arrange(place="series", item_ids=[one, two], staff_id=1, at=NOON)
    rows = await pins.arrange(place="series", item_ids=[three, one], staff_id=2, at=after(hours=1))
    assert [(row.item_id, row.title, row.pinned_by, row.pinned_at) for row in rows] == [
        (three, "三", 2, after(hours=1)),
        (one, "一", 1, NOON),
    ]
    assert await pins.arrange(place="series", item_ids=[], staff_id=1, at=NOON) == []


async def test_only_items_of_the_list_are_pinned() -> None:
    series_id = await published_series()
    episode_id = await published_episode(series_id)
    for item_ids in ([episode_id], [series_id, 999]):
        with pytest.raises(ItemMissing):
            await pins.arrange(place="series", item_ids=item_ids, staff_id=1, at=NOON)
    with pytest.raises(TooManyPins):
        await pins.arrange(place="series", item_ids=[series_id, series_id], staff_id=1, at=NOON)
    with pytest.raises(PlaceUnknown):
        await pins.arrange(place="kitchen", item_ids=[], staff_id=1, at=NOON)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "张三"}, "code"),
        ({"code": "zhang"}, "code"),
        ({"code": "AB"}, "code"),
        ({"code": "A" * 41}, "code"),
        ({"code": "AB-1\n"}, "code"),
        ({"signed_on": clock.day_of(NOON) + timedelta(days=1)}, "signed_on"),
        ({"signed_on": date(1960, 1, 1)}, "signed_on"),
    ],
)
async def test_a_consent_is_on_file_by_a_code_and_without_a_name(changes: dict[str, Any], field: str) -> None:
    asked = {
        "code": "CONSENT-1",
        "scope": Audience.DOCTOR,
        "de_identified": True,
        "signed_on": clock.day_of(NOON),
        "staff_id": 1,
        "at": NOON,
        **changes,
    }
    with pytest.raises(ConsentBad) as refused:
        await filming.register(**asked)
    assert refused.value.field == field


async def test_a_consent_is_withdrawn_once_and_for_ever() -> None:
    consent_id = await a_consent("CONSENT-1")
    with pytest.raises(ConsentCodeTaken):
        await a_consent("CONSENT-1")
    first = await filming.withdraw(consent_id=consent_id, staff_id=1, at=after(hours=1))
    again = await filming.withdraw(consent_id=consent_id, staff_id=1, at=after(hours=2))
    assert first.withdrawn_at == again.withdrawn_at == after(hours=1)
    assert await connection().value("SELECT count(*) FROM audit_entry WHERE deed = 'filmed_consent.withdraw'") == 1
    with pytest.raises(ConsentMissing):
        await filming.withdraw(consent_id=999, staff_id=1, at=NOON)
    assert [row.code for row in await filming.listing()] == ["CONSENT-1"]
