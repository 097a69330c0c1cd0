"""What is asked of written texts: blocks and places, whose it is, how long it holds, what the law forbids to say."""

from datetime import date
from typing import Any

import pytest

from content.checks import ConsentFacts, FileFacts, Surroundings
from content.kinds import KINDS
from content.parts import Audience
from content.surroundings import prescription_names, surroundings
from content.written_checks import CLAIMS
from server.core.db import connection
from tests.content.studio import NOON, a_file, draft

TODAY = date(2026, 11, 15)
FILES = {
    1: FileFacts(1, "image", "image/jpeg", "a" * 64, 10),
    2: FileFacts(2, "video", "video/mp4", "b" * 64, 10, seconds=300),
    3: FileFacts(3, "document", "application/pdf", "c" * 64, 10),
    4: FileFacts(4, "image", "image/jpeg", "d" * 64, 10, consent_id=9),
}
AROUND = Surroundings(
    today=TODAY,
    files=FILES,
    consents={9: ConsentFacts(9, Audience.EVERYONE, True, date(2026, 1, 1), True)},
    items={7: "product", 8: "article"},
    prescription_names=("示范舒安", "示范替尼"),
)
PERSON = {"name": "陈一川", "title": "主任医师", "hospital": "江城示范医院"}
PICTURE = {"asset": 1, "alt": "看片"}
ARTICLE: dict[str, Any] = {
    "title": "围术期营养",
    "summary": "从筛查开始。",
    "cover": PICTURE,
    "author": PERSON,
    "reviewer": PERSON,
    "sources": [{"title": "演示来源"}],
    "body": "# 先筛查\n\n一段话。",
}
PRODUCT: dict[str, Any] = {
    "title": "示范器械",
    "summary": "演示产品。",
    "cover": PICTURE,
    "product_class": "device",
    "maker": "示范公司",
    "indications": "演示用途。",
    "certificates": [{"name": "注册证", "number": "演械注准 2026-001"}],
    "body": "说明。",
}
BRAND: dict[str, Any] = {
    "title": "示范品牌号",
    "summary": "演示。",
    "cover": PICTURE,
    "field": "肿瘤",
    "operator": "示范公司",
    "qr": PICTURE,
}


def found(
    kind: str, base: dict[str, Any], around: Surroundings = AROUND, **changes: Any
) -> dict[tuple[str, str], bool]:
    values = {name: value for name, value in (base | changes).items() if value is not None}
    return {(one.field, one.code): one.blocks for one in KINDS[kind].check(values, around)}


@pytest.mark.parametrize(("kind", "base"), [("article", ARTICLE), ("product", PRODUCT), ("brand_account", BRAND)])
def test_nothing_speaks_against_a_good_text(kind: str, base: dict[str, Any]) -> None:
    assert {one for one in found(kind, base) if one[1] != "sources_missing"} == set()


# Blocks.

QUIZ = {
    "type": "quiz",
    "key": "q",
    "question": "先做什么？",
    "options": [{"text": "筛查", "right": True}, {"text": "等待"}],
}
BLOCKS: list[tuple[str, dict[str, Any], tuple[str, str] | None]] = [
    ("a picture", {"type": "image", "picture": PICTURE}, None),
    ("no words for it", {"type": "image", "picture": {"asset": 1}}, ("blocks[0].picture.alt", "alt_missing")),
    (
        "no such file",
        {"type": "image", "picture": {"asset": 99, "alt": "x"}},
        ("blocks[0].picture.asset", "asset_unknown"),
    ),
    (
        "a film as picture",
        {"type": "image", "picture": {"asset": 2, "alt": "x"}},
        ("blocks[0].picture.asset", "asset_wrong_kind"),
    ),
    (
        "a withdrawn patient",
        {"type": "image", "picture": {"asset": 4, "alt": "x"}},
        ("blocks[0].picture.asset", "consent_withdrawn"),
    ),
    ("a film", {"type": "video", "film": {"asset": 2}}, None),
    (
        "two films",
        {"type": "video", "film": {"asset": 2, "url": "https://a.example.com/f"}},
        ("blocks[0].film.url", "video_twice"),
    ),
    (
        "an inner address",
        {"type": "video", "film": {"url": "https://10.0.0.1/f"}},
        ("blocks[0].film.url", "url_unsafe"),
    ),
    ("a quote", {"type": "quote", "text": "一句话", "by": "演示者"}, None),
    ("a table", {"type": "table", "header": ["甲", "乙"], "rows": [["1", "2"]]}, None),
    ("a short row", {"type": "table", "header": ["甲", "乙"], "rows": [["1"]]}, ("blocks[0].rows[0]", "row_uneven")),
    ("a document", {"type": "document", "document": {"asset": 3, "title": "讲义"}}, None),
    ("a quiz", QUIZ, None),
    ("one option", QUIZ | {"options": [{"text": "筛查", "right": True}]}, ("blocks[0].options", "options_few")),
    ("no right option", QUIZ | {"options": [{"text": "甲"}, {"text": "乙"}]}, ("blocks[0].options", "no_right_option")),
    ("a product", {"type": "product", "product": 7}, None),
    ("no product", {"type": "product", "product": 8}, ("blocks[0].product", "product_unknown")),
]


@pytest.mark.parametrize(("block", "finding"), [case[1:] for case in BLOCKS], ids=[case[0] for case in BLOCKS])
def test_a_block_is_asked_what_its_sort_is_asked(block: dict[str, Any], finding: tuple[str, str] | None) -> None:
    wrong = found("article", ARTICLE, body="字\n\n[[one]]", blocks=[{**block, "key": "one"}])
    assert wrong == ({finding: True} if finding else {})


@pytest.mark.parametrize(
    ("body", "keys", "findings"),
    [
        ("字", ["one"], {("blocks[0]", "block_unplaced")}),
        ("字\n\n[[one]]", [], {("body", "block_unknown")}),
        ("[[one]]\n\n[[one]]", ["one"], {("body", "block_placed_twice")}),
        ("[[one]]", ["one", "one"], {("blocks[1].key", "block_twice")}),
        ("", [], {("body", "missing")}),
        ("   \n", [], {("body", "missing")}),
        ("- [[one]]", ["one"], {("blocks[0]", "block_unplaced")}),
    ],
)
def test_the_body_places_every_block_once(body: str, keys: list[str], findings: set[tuple[str, str]]) -> None:
    blocks = [{"type": "quote", "key": key, "text": "话"} for key in keys]
    assert set(found("article", ARTICLE, body=body, blocks=blocks)) == findings


def test_a_block_of_no_sort_is_named() -> None:
    assert set(found("article", ARTICLE, blocks=[{"type": "script", "key": "one"}])) == {
        ("blocks[0].type", "bad_value")
    }


# Whose it is, and for how long.


@pytest.mark.parametrize(
    ("changes", "findings"),
    [
        ({"author": None}, {("author", "author_missing"): True}),
        ({"author": {"name": "陈一川"}}, {("author", "author_incomplete"): True}),
        ({"reviewer": {"name": "林"}}, {("reviewer", "reviewer_incomplete"): False}),
        ({"sources": None}, {("sources", "sources_missing"): False}),
        ({"sources": [{"title": "x", "url": "http://a.example.com"}]}, {("sources[0].url", "url_unsafe"): True}),
        ({"valid_until": "2026-11-15"}, {}),
        ({"valid_until": "2026-11-14"}, {("valid_until", "validity_over"): True}),
        ({"valid_from": "2026-12-02", "valid_until": "2026-12-01"}, {("valid_from", "validity_empty"): True}),
        ({"related": [424_242]}, {("related[0]", "item_unknown"): True}),
        ({"documents": [{"asset": 1, "title": "x"}]}, {("documents[0].asset", "asset_wrong_kind"): True}),
    ],
)
def test_what_is_missing_around_a_text_is_named(changes: dict[str, Any], findings: dict[tuple[str, str], bool]) -> None:
    assert found("article", ARTICLE, **changes) == findings


# The law.

FORBIDDEN = [
    "本品治愈率高",
    "有效率达九成",
    "彻底根除",
    "无任何副作用",
    "安全无毒",
    "100% 有效",
    "疗效显著",
    "药到病除",
    "最先进的疗法",
    "永不复发",
]


@pytest.mark.parametrize("words", FORBIDDEN)
def test_promises_are_blocked_where_the_public_reads_and_are_advice_among_professionals(words: str) -> None:
    assert found("article", ARTICLE, summary=words) == {("summary", "claim_forbidden"): True}
    assert found("article", ARTICLE, summary=words, audience="doctor") == {("summary", "claim_forbidden"): False}
    assert found("product", PRODUCT, cautions=words, audience="professional")[("cautions", "claim_forbidden")]


@pytest.mark.parametrize("words", ["根治性切除术的范围", "与患者讨论疗效", "注意不良反应", "安全核查", "有效沟通"])
def test_words_of_the_trade_are_no_promises(words: str) -> None:
    assert not CLAIMS.search(words)


def test_promises_are_found_in_blocks_too() -> None:
    quote = {"type": "quote", "key": "one", "text": "这个方法包治。"}
    assert found("article", ARTICLE, body="[[one]]", blocks=[quote]) == {("blocks[0]", "claim_forbidden"): True}


def test_a_prescription_medicine_is_named_to_nobody_but_doctors() -> None:
    said = "可以考虑示范舒安。"
    assert found("article", ARTICLE, body=said) == {("body", "product_named"): True}
    assert found("article", ARTICLE, body=said, audience="patient") == {("body", "product_named"): True}
    assert found("article", ARTICLE, body=said, audience="professional") == {("body", "product_named"): False}
    board = Surroundings(today=TODAY, files=FILES, prescription_names=("示范舒安",), for_patients=True)
    assert found("article", ARTICLE, board, body=said, audience="doctor") == {("body", "product_named"): True}


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"product_class": "prescription"}, ("audience", "prescription_audience")),
        ({"product_class": "prescription", "audience": "doctor"}, ("audience", "prescription_audience")),
        ({"certificates": None}, ("certificates", "certificate_missing")),
        ({"indications": None}, ("indications", "missing")),
        ({"maker": " "}, ("maker", "missing")),
        (
            {"certificates": [{"name": "注册证", "number": "1", "valid_until": "2026-11-14"}]},
            ("certificates[0].valid_until", "certificate_over"),
        ),
    ],
)
def test_a_product_carries_its_papers(changes: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in found("product", PRODUCT, **changes)


def test_a_prescription_medicine_for_professionals_may_be_published() -> None:
    assert {
        one
        for one, blocks in found("product", PRODUCT, product_class="prescription", audience="professional").items()
        if blocks
    } == set()


@pytest.mark.parametrize(
    ("changes", "finding"),
    [
        ({"qr": None}, ("qr", "way_missing")),
        ({"qr": {"asset": 1}}, ("qr.alt", "alt_missing")),
        ({"link": "javascript:alert(1)"}, ("link", "url_unsafe")),
        ({"field": None}, ("field", "missing")),
        ({"operator": None}, ("operator", "missing")),
    ],
)
def test_a_brand_account_shows_a_way_to_it(changes: dict[str, Any], finding: tuple[str, str]) -> None:
    assert finding in found("brand_account", BRAND, **changes)


# What is looked up.


@pytest.mark.usefixtures("database")
async def test_the_names_of_prescription_medicines_are_known_before_they_are_published() -> None:
    await draft("product", PRODUCT | {"product_class": "prescription", "title": "示范舒安", "generic_name": "示范醇"})
    await draft("product", PRODUCT | {"title": "不是处方药"})
    await draft("product", PRODUCT | {"product_class": "prescription", "title": "x", "generic_name": " "})
    assert sorted(await prescription_names()) == ["示范舒安", "示范醇"]


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    "broken", [{"related": "x"}, {"related": [True, -1, "7", 2**70]}, {"blocks": 5}, {"blocks": [3, {"product": {}}]}]
)
async def test_a_draft_of_any_form_can_be_looked_at(broken: dict[str, Any]) -> None:
    item_id = await draft("article", ARTICLE | {"cover": {"asset": await a_file(), "alt": "x"}})
    around = await surroundings(item_id=item_id, kind="article", parent_id=None, shape=ARTICLE | broken, at=NOON)
    assert around.items == {}
    assert await connection().value("SELECT count(*) FROM draft") == 1
