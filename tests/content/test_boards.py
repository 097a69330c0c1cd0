"""The boards: who may enter what, in which order a section is listed, and that nothing comes twice on later pages."""

import random
from datetime import datetime, timedelta
from typing import Any

import pytest

from content import access, boards, pins, publishing, sections, tags
from content.boards import Place
from content.parts import Audience
from content.sections import SectionMissing
from server.core.roles import GUEST, Reader, Role
from tests.content.studio import NOON, a_tag, published_episode, published_series
from tests.written_fixtures import article, section, written

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)
LATER = NOON + timedelta(days=1)
DOCTOR = Reader(1, frozenset({Role.DOCTOR}))
PROFESSIONAL = Reader(2, frozenset({Role.DOCTOR, Role.PROFESSIONAL}))
PATIENT = Reader(3, frozenset({Role.PATIENT}))


async def listed(slug: str, reader: Reader = GUEST, *, at: datetime = LATER, **more: Any) -> list[int]:
    """Read a section to its end, page by page."""
    found: list[int] = []
    after: Place | None = None
    while True:
        cards, after, _ = await boards.listing(slug=slug, reader=reader, at=at, after=after, **{"limit": 3, **more})
        found += [card.id for card in cards]
        if after is None:
            return found


async def test_a_reader_sees_the_sections_that_are_for_them() -> None:
    top = await section("innovation", name_zh="e创新", look={"layout": "cards", "icon": "innovation", "tone": "green"})
    await section("frontier", parent_id=top)
    await section("inside", parent_id=top, audience=Audience.DOCTOR)
    products = await section("products", audience=Audience.PROFESSIONAL)
    await section("below", parent_id=products)
    await section("soon", hidden=True)
    await section("zone", portal="patient")

    def names(found: list[boards.Board]) -> list[Any]:
        return [(one.slug, names(one.sections)) if one.sections else one.slug for one in found]

    assert names(await boards.tree(reader=GUEST)) == [("innovation", ["frontier"])]
    assert names(await boards.tree(reader=DOCTOR)) == [("innovation", ["frontier", "inside"])]
    assert names(await boards.tree(reader=PROFESSIONAL))[1] == ("products", ["below"])
    [board, *_] = await boards.tree(reader=GUEST)
    assert (board.name, board.look.layout, board.look.tone) == ("e创新", "cards", "green")


@pytest.mark.parametrize(
    ("slug", "reader", "refusal"),
    [
        ("inside", GUEST, access.SignInNeeded),
        ("deep", GUEST, access.SignInNeeded),
        ("inside", PATIENT, SectionMissing),
        ("products", DOCTOR, access.ProfessionalNeeded),
        ("soon", PROFESSIONAL, SectionMissing),
        ("under-soon", PROFESSIONAL, SectionMissing),
        ("zone", PATIENT, SectionMissing),
        ("nothing", DOCTOR, SectionMissing),
    ],
)
async def test_who_may_not_enter_is_told_why(slug: str, reader: Reader, refusal: type[Exception]) -> None:
    inside = await section("inside", audience=Audience.DOCTOR)
    await section("deep", parent_id=inside)
    await section("products", audience=Audience.PROFESSIONAL)
    await section("under-soon", parent_id=await section("soon", hidden=True))
    await section("zone", portal="patient")
    with pytest.raises(refusal):
        await boards.listing(slug=slug, reader=reader, at=NOON)
    with pytest.raises(refusal):
        await boards.tags_of(slug=slug, reader=reader, at=NOON)


async def test_the_newest_come_first_after_what_is_held_at_the_top() -> None:
    top = await section("innovation")
    inner = await section("frontier", parent_id=top)
    made = [await article(f"{number}", section_id=inner, at=NOON + number * MINUTE) for number in range(8)]
    await article("elsewhere", section_id=await section("other"))
    await article("nowhere")
    assert await listed("innovation") == made[::-1]
    assert await listed("frontier") == made[::-1]
    await pins.arrange(place=f"section:{top}", item_ids=[made[2], made[5]], staff_id=1, at=NOON)
    rest = [item_id for item_id in made[::-1] if item_id not in {made[2], made[5]}]
    assert await listed("innovation") == [made[2], made[5], *rest]
    for limit in (1, 2, 20):
        assert await listed("innovation", limit=limit) == [made[2], made[5], *rest]
    assert await listed("frontier") == made[::-1]
    cards, _, _ = await boards.listing(slug="innovation", reader=GUEST, at=LATER)
    assert [card.pinned for card in cards[:3]] == [True, True, False]


async def test_editors_put_a_section_into_their_own_order() -> None:
    top = await section("service", order="manual")
    made = [await written("brand_account", f"{number}", section_id=top) for number in range(5)]
    assert await listed("service") == made
    await pins.arrange(place=f"section:{top}", item_ids=[made[3]], staff_id=1, at=NOON)
    assert await listed("service", limit=2) == [made[3], made[0], made[1], made[2], made[4]]


async def test_a_list_is_of_a_kind_and_of_a_tag_with_all_below_it() -> None:
    top = await section("innovation")
    await a_tag("cancer", "肿瘤")
    await tags.save(slug="rectal", facet="disease", name_zh="直肠癌", parent_slug="cancer", staff_id=1, at=NOON)
    await a_tag("stoma", "造口")
    cancer = await article("cancer", section_id=top, tags=["cancer"])
    rectal = await article("rectal", section_id=top, tags=["rectal", "stoma"], at=NOON + MINUTE)
    stoma = await written("video", "stoma", section_id=top, tags=["stoma"], at=NOON + 2 * MINUTE)
    assert await listed("innovation", tag="cancer") == [rectal, cancer]
    assert await listed("innovation", tag="rectal") == [rectal]
    assert await listed("innovation", tag="stoma") == [stoma, rectal]
    assert await listed("innovation", tag="stoma", kind="article") == [rectal]
    assert await listed("innovation", tag="nothing") == []
    assert await listed("innovation", kind="nothing") == []
    counted = await boards.tags_of(slug="innovation", reader=GUEST, at=LATER)
    assert [(one.slug, one.items) for one in counted] == [("stoma", 2), ("cancer", 1), ("rectal", 1)]


async def test_each_reader_gets_what_they_may_read() -> None:
    top = await section("service")
    public = await article("public", section_id=top)
    inside = await article("inside", section_id=top, audience="doctor")
    medicine = await written("product", "medicine", section_id=top)
    patients = await article("patients", section_id=top, audience="patient")
    short = await article("short", section_id=top, ends_at=LATER)
    assert await listed("service", at=NOON) == [short, public]
    assert await listed("service", at=LATER) == [public]
    assert await listed("service", DOCTOR) == [inside, public]
    assert await listed("service", PROFESSIONAL) == [medicine, inside, public]
    assert await listed("service", PATIENT) == [patients, public]
    _, _, until = await boards.listing(slug="service", reader=GUEST, at=NOON)
    assert until == LATER


async def test_a_card_says_what_its_kind_shows() -> None:
    top = await section("innovation")
    await a_tag("rectal-cancer", "直肠癌")
    series_id = await published_series(problem="如何保肛？", tags=["rectal-cancer"])
    await published_episode(series_id, airs_at=LATER)
    await sections.place(item_id=series_id, section_id=top, staff_id=1, at=NOON)
    text = await article("一篇", section_id=top, at=NOON + MINUTE)
    first, second = (await boards.listing(slug="innovation", reader=GUEST, at=NOON + MINUTE))[0]
    assert (first.id, first.kind, first.title, first.more["form"]) == (text, "article", "一篇", "frontier")
    assert first.more["author"]["hospital"] == "江城示范医院"
    assert first.episodes is None
    assert first.cover is not None
    assert first.cover.small.startswith("/media/")
    assert (second.kind, second.more["problem"], second.episodes, second.next_airs_at) == (
        "series",
        "如何保肛？",
        1,
        LATER,
    )
    assert [(tag.slug, tag.name) for tag in second.tags] == [("rectal-cancer", "直肠癌")]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("order", ["newest", "manual"])
async def test_nothing_comes_twice_while_editors_publish_withdraw_and_pin(seed: int, order: Any) -> None:
    chance = random.Random(seed)
    top = await section("innovation", order=order)
    made = [await article(f"{number}", section_id=top, at=NOON + number * MINUTE) for number in range(12)]
    await pins.arrange(place=f"section:{top}", item_ids=chance.sample(made, 3), staff_id=1, at=NOON)
    gone: set[int] = set()
    stayed = set(made)
    at = LATER
    seen: list[int] = []
    after: Place | None = None
    while True:
        cards, after, _ = await boards.listing(slug="innovation", reader=GUEST, at=at, after=after, limit=3)
        seen += [card.id for card in cards]
        assert not gone & {card.id for card in cards}
        if after is None:
            break
        at += MINUTE
        deed = chance.choice(["publish", "withdraw", "pin", "unpin"])
        if deed == "publish":
            await article("new", section_id=top, at=at)
        elif deed == "withdraw":
            item_id = chance.choice(sorted(stayed))
            await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=at)
            gone.add(item_id)
            stayed.discard(item_id)
        else:
            held = chance.sample(sorted(stayed), 2) if deed == "pin" else []
            await pins.arrange(place=f"section:{top}", item_ids=held, staff_id=1, at=at)
    assert len(seen) == len(set(seen))
    # What stood there from the beginning and stayed has come.
    assert stayed <= set(seen)
