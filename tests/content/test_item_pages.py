"""The page of an item of any kind: its parts, what it rests on, what belongs to it, what only some may see of it."""

from datetime import timedelta
from typing import Any

import pytest

from content import access, item_pages, media, publishing, quiz_blocks
from content.access import ItemMissing, ProfessionalNeeded, SignInNeeded, Withdrawn
from content.media import FileMissing
from content.quiz_blocks import BlockMissing, OptionUnknown
from server.core.roles import GUEST, Reader, Role
from tests.content.studio import NOON, a_file, a_tag
from tests.viewing_fixtures import episode, series
from tests.written_fixtures import article, section, written

pytestmark = pytest.mark.usefixtures("database")
MINUTE = timedelta(minutes=1)
DOCTOR = Reader(1, frozenset({Role.DOCTOR}))
PROFESSIONAL = Reader(2, frozenset({Role.DOCTOR, Role.PROFESSIONAL}))


async def page(item_id: int, reader: Reader = GUEST, at: Any = NOON) -> item_pages.ItemPage:
    return (await item_pages.item_page(item_id=item_id, reader=reader, at=at))[0]


async def test_an_article_has_all_that_its_readers_need() -> None:
    await a_tag("rectal-cancer", "直肠癌")
    top = await section("innovation", name_zh="e创新")
    inner = await section("frontier", name_zh="学术前沿", parent_id=top)
    item_id = await article(
        "低位保肛",
        section_id=inner,
        tags=["rectal-cancer"],
        reviewer={"name": "林静", "title": "副主任医师", "hospital": "江城示范医院"},
        documents=[{"asset": await a_file("document"), "title": "随访表"}],
        valid_until="2027-01-31",
        body="## 为什么\n\n先看下缘。",
    )
    shown = await page(item_id)
    assert (shown.kind, shown.title, shown.more) == ("article", "低位保肛", {"form": "frontier"})
    assert [(one.slug, one.name) for one in shown.sections] == [("innovation", "e创新"), ("frontier", "学术前沿")]
    assert [tag.name for tag in shown.tags] == ["直肠癌"]
    assert shown.author is not None
    assert shown.reviewer is not None
    assert (shown.author.name, shown.reviewer.hospital) == ("陈一川", "江城示范医院")
    assert [part.html for part in shown.parts] == ["<h3>为什么</h3>\n<p>先看下缘。</p>"]
    assert [(one.number, one.title, one.media_type) for one in shown.documents] == [(1, "随访表", "application/pdf")]
    assert shown.material_number.startswith("XL-")
    assert str(shown.valid_until) == "2027-01-31"
    assert [source.title for source in shown.sources] == ["示例指南 2026"]
    assert shown.reading_s is not None


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("video", {"duration_s", "chapters", "team"}),
        ("brand_account", {"field", "operator", "qr", "link"}),
        ("document", {"edition"}),
        ("product", {"product_class", "generic_name", "maker", "indications", "cautions", "certificates"}),
    ],
)
async def test_what_a_kind_has_besides_stands_in_more(kind: str, names: set[str]) -> None:
    shown = await page(await written(kind), PROFESSIONAL)
    assert set(shown.more) == names
    assert "audience" not in repr(shown)


async def test_an_episode_and_its_series_have_pages_too() -> None:
    series_id = await series("医探究竟", problem="如何保肛？")
    assert (await page(series_id)).more["problem"] == "如何保肛？"
    shown = await page(await episode(series_id))
    assert (shown.kind, shown.more["duration_s"], shown.parts) == ("episode", 600, [])


@pytest.mark.parametrize(
    ("audience", "reader", "refusal"),
    [
        ("doctor", GUEST, SignInNeeded),
        ("professional", GUEST, SignInNeeded),
        ("professional", DOCTOR, ProfessionalNeeded),
        ("patient", DOCTOR, ItemMissing),
    ],
)
async def test_who_may_not_read_is_told_why_and_nothing_else(
    audience: str, reader: Reader, refusal: type[Exception]
) -> None:
    item_id = await article("不外传的标题", audience=audience)
    with pytest.raises(refusal) as refused:
        await page(item_id, reader)
    assert "不外传" not in str(refused.value)


async def test_what_is_gone_says_so() -> None:
    item_id = await article()
    await publishing.withdraw(item_id=item_id, reason="", staff_id=1, at=NOON)
    with pytest.raises(Withdrawn):
        await page(item_id)
    with pytest.raises(access.Expired):
        await page(await article(ends_at=NOON + MINUTE), at=NOON + MINUTE)
    with pytest.raises(ItemMissing):
        await page(424_242)


async def test_the_card_of_a_medicine_within_a_text_is_for_professionals() -> None:
    medicine = await written("product", "示例片")
    device = await written("product", "示例钳", product_class="device", audience="doctor")
    gone = await written("product", "旧品", product_class="device", audience="everyone")
    item_id = await article(
        body="前文\n\n[[one]]\n\n[[two]]\n\n[[three]]\n\n后文",
        blocks=[
            {"type": "product", "key": "one", "product": medicine},
            {"type": "product", "key": "two", "product": device},
            {"type": "product", "key": "three", "product": gone},
        ],
        audience="doctor",
    )
    await publishing.withdraw(item_id=gone, reason="", staff_id=1, at=NOON)

    async def cards(reader: Reader) -> list[tuple[str, str]]:
        parts = (await page(item_id, reader)).parts
        assert [bool(part.html) for part in parts] == [True, False, False, True]
        return [
            (part.product.card.title if part.product.card else "", part.product.gate) for part in parts if part.product
        ]

    assert await cards(PROFESSIONAL) == [("示例片", ""), ("示例钳", "")]
    assert await cards(DOCTOR) == [("", "professional"), ("示例钳", "")]
    shown = await page(item_id, PROFESSIONAL)
    assert item_pages.prescriptions_on(shown) == {"body": (medicine,)}
    assert item_pages.prescriptions_on(await page(item_id, DOCTOR)) == {}
    assert item_pages.prescriptions_on(await page(medicine, PROFESSIONAL)) == {"page": (medicine,)}
    assert "示例片" not in repr(await page(item_id, DOCTOR))
    assert "asset" not in repr(shown.parts)


async def test_what_belongs_to_it_is_what_editors_chose_then_what_has_most_in_common() -> None:
    for slug in ("one", "two", "three"):
        await a_tag(slug, slug)
    chosen = await article("chosen")
    near = await article("near", tags=["one", "two"])
    newer = await article("newer", tags=["one"], at=NOON + 2 * MINUTE)
    older = await article("older", tags=["two"], at=NOON + MINUTE)
    await article("other", tags=["three"])
    inside = await article("inside", tags=["one", "two"], audience="professional")
    item_id = await article("itself", tags=["one", "two"], related=[chosen, inside])
    shown = await page(item_id, DOCTOR, NOON + 3 * MINUTE)
    assert [card.id for card in shown.related] == [chosen, near, newer, older]
    assert [card.id for card in (await page(item_id, PROFESSIONAL, NOON + 3 * MINUTE)).related][:2] == [chosen, inside]
    await publishing.withdraw(item_id=chosen, reason="", staff_id=1, at=NOON)
    assert chosen not in [card.id for card in (await page(item_id, DOCTOR)).related]


async def test_it_holds_until_the_first_of_what_it_shows_is_over() -> None:
    await a_tag("one", "one")
    soon = await article("soon", tags=["one"], ends_at=NOON + MINUTE)
    item_id = await article("itself", tags=["one"], ends_at=NOON + 9 * MINUTE)
    shown, until = await item_pages.item_page(item_id=item_id, reader=GUEST, at=NOON)
    assert [card.id for card in shown.related] == [soon]
    assert until == NOON + MINUTE


async def test_the_file_of_a_block_is_found_by_its_key() -> None:
    sheet, film = await a_file("document"), await a_file("video")
    item_id = await article(
        body="[[sheet]]\n\n[[film]]\n\n[[table]]",
        blocks=[
            {"type": "table", "key": "table", "header": ["项", "值"], "rows": [["甲", "1"]]},
            {"type": "document", "key": "sheet", "document": {"asset": sheet, "title": "表"}},
            {"type": "video", "key": "film", "film": {"asset": film}, "caption": "片段"},
        ],
    )
    for key, asset_id in (("sheet", sheet), ("film", film)):
        found = await media.block_file_of(item_id=item_id, key=key, reader=GUEST, at=NOON)
        assert found.asset_id == asset_id
    for key in ("table", "nothing"):
        with pytest.raises(FileMissing):
            await media.block_file_of(item_id=item_id, key=key, reader=GUEST, at=NOON)
    blocks = {part.block["key"]: part.block for part in (await page(item_id)).parts if part.block}
    assert blocks["sheet"]["document"]["media_type"] == "application/pdf"
    assert blocks["table"]["rows"] == [["甲", "1"]]


async def test_a_quiz_says_what_is_right_to_an_answer_alone() -> None:
    options = [{"text": "下缘"}, {"text": "环周切缘", "right": True}, {"text": "功能", "right": True}]
    item_id = await article(
        body="[[quiz]]",
        blocks=[
            {"type": "quiz", "key": "quiz", "question": "看什么？", "options": options, "explanation": "两者都要。"}
        ],
    )
    [part] = (await page(item_id)).parts
    assert part.block is not None
    assert (part.block["options"], part.block["several"]) == (["下缘", "环周切缘", "功能"], True)
    assert "两者都要" not in repr(part)

    async def judged(*chosen: int) -> quiz_blocks.Verdict:
        return await quiz_blocks.judge(item_id=item_id, key="quiz", chosen=chosen, reader=GUEST, at=NOON)

    assert (await judged(2, 1)).right is True
    wrong = await judged(1)
    assert (wrong.right, wrong.right_options, wrong.explanation) == (False, [1, 2], "两者都要。")
    with pytest.raises(OptionUnknown):
        await judged(3)
    with pytest.raises(BlockMissing):
        await quiz_blocks.judge(item_id=item_id, key="other", chosen=[0], reader=GUEST, at=NOON)
