"""Hard cases of Chinese search: what is found, what is not, and what comes first."""

from datetime import timedelta
from typing import Final, NamedTuple

import pytest

from content import dictionary, search, tags
from server.core.roles import GUEST
from tests.content.studio import NOON, a_tag, after, published_series

AT = after(hours=1)


class Case(NamedTuple):
    """What is looked for among which texts; those that must be found come in their order, an empty text is the rest."""

    text: str
    items: dict[str, str]
    first: tuple[str, ...]
    absent: tuple[str, ...] = ()


CASES: Final[dict[str, Case]] = {
    "a word is not found before its own in another word": Case(
        "市长",
        {"bridge": "南京市长江大桥下的医院", "mayor": "市长访问医院"},
        ("mayor", "bridge"),
    ),
    "the words of a bridge": Case(
        "长江大桥", {"bridge": "南京市长江大桥下的医院", "mayor": "市长访问医院"}, ("bridge",), ("mayor",)
    ),
    "a city within a bridge": Case("南京", {"bridge": "南京市长江大桥下的医院"}, ("bridge",)),
    "traditional finds simplified": Case("直腸癌術後", {"a": "直肠癌术后护理"}, ("a",)),
    "simplified finds traditional": Case("直肠癌术后", {"a": "直腸癌術後護理"}, ("a",)),
    "a character with two simplified forms": Case("頭髮", {"a": "化疗后头发脱落"}, ("a",)),
    "a character that keeps its form in a name": Case("乾燥", {"a": "皮肤干燥怎么办"}, ("a",)),
    "variant characters of one word": Case("裡面", {"a": "肠子裏面长了息肉", "b": "肠子里面长了息肉"}, ("a", "b")),
    "full width": Case("ＣＴ检查", {"a": "增强CT检查前要做什么"}, ("a",)),
    "a hyphen left out": Case("PD1", {"a": "PD-1抑制剂的不良反应"}, ("a",)),
    "a hyphen typed": Case("PD-1", {"a": "PD1抑制剂的不良反应"}, ("a",)),
    "case of letters": Case("tme手术", {"a": "TME手术的层次"}, ("a",)),
    "a space between letters and characters": Case("CT 检查", {"a": "CT检查的时机"}, ("a",)),
    "a part of a long word": Case("肠癌", {"a": "低位直肠癌的手术"}, ("a",)),
    "a long word does not find its part": Case("直肠癌", {"a": "结肠癌的手术"}, (), ("a",)),
    "one character": Case("癌", {"a": "直肠癌", "b": "痔疮"}, ("a",), ("b",)),
    "a name that no dictionary has": Case("闻人星遥", {"a": "闻人星遥教授谈保肛"}, ("a",)),
    "part of a name": Case("星遥教授", {"a": "闻人星遥教授谈保肛"}, ("a",)),
    "a word that is cut otherwise in the text": Case("肛缘四", {"a": "距肛缘四厘米"}, ("a",)),
    "two words far from each other": Case(
        "保肛 随访", {"a": "保肛手术之后，长期随访的安排", "b": "保肛手术"}, ("a",), ("b",)
    ),
    "two words in either order": Case("随访保肛", {"a": "保肛手术之后，长期随访的安排"}, ("a",)),
    "words that stand together come first": Case(
        "造口护理",
        {"apart": "护理团队谈造口", "together": "造口护理十问"},
        ("together", "apart"),
    ),
    "the title comes before the text": Case(
        "保肛", {"text": "手术录像|如何保肛", "title": "保肛的选择|手术录像"}, ("title", "text")
    ),
    "a synonym": Case("人工肛门", {"a": "造口护理", "b": "肛门检查"}, ("a",), ("b",)),
    "a synonym the other way": Case("造口", {"a": "人工肛门的日常护理"}, ("a",)),
    "a synonym by its letters": Case("MRI", {"a": "核磁共振检查前的准备"}, ("a",)),
    "a synonym of several words": Case("Lynch综合征", {"a": "林奇综合征的筛查"}, ("a",)),
    "a synonym in a sentence": Case("中风以后怎么康复", {"a": "脑卒中康复训练"}, ("a",)),
    "what was typed comes before its synonym": Case(
        "核磁", {"other": "磁共振报告怎么读", "typed": "核磁报告怎么读"}, ("typed", "other")
    ),
    "a question in plain words": Case(
        "肿瘤离肛门很近还能不能保肛？", {"a": "肿瘤靠近肛门，能保肛吗", "b": "化疗后的饮食"}, ("a",), ("b",)
    ),
    "a slip to the same sound": Case("直场癌", {"a": "直肠癌手术", "b": "痔疮手术"}, ("a",), ("b",)),
    "a slip of two characters": Case("灶口护里", {"a": "造口护理"}, ("a",)),
    "a slip between sounds that many do not part": Case("支肠癌", {"a": "直肠癌手术"}, ("a",)),
    "a wrong character": Case("人工肛闩", {"a": "人工肛门的护理"}, ("a",)),
    "a wrong character in a title": Case("闻人星谣教授", {"a": "闻人星遥教授谈保肛"}, ("a",)),
    "a missing character": Case("盆底肌训", {"a": "盆底肌训练"}, ("a",)),
    "two characters changed": Case("吻口合漏", {"a": "吻合口漏的处理"}, ("a",)),
    "sound never comes before text": Case("造扣", {"sound": "造口护理", "text": "鞋面造扣工艺"}, ("text", "sound")),
    "pinyin": Case("zaokou", {"a": "造口护理", "b": "痔疮手术"}, ("a",), ("b",)),
    "most of the words": Case("直肠癌 保肛 随访 营养", {"a": "直肠癌保肛手术随访", "b": "肺炎"}, ("a",), ("b",)),
    "figures": Case("4厘米", {"a": "距肛缘4厘米", "b": "距肛缘14厘米"}, ("a",), ("b",)),
    "a decimal": Case("3.5cm", {"a": "肿块3.5厘米", "b": "肿块5厘米"}, ("a",), ("b",)),
    "invisible characters": Case("直\u200b肠癌", {"a": "直肠癌手术"}, ("a",)),
    "operators are text": Case("直肠癌 & !手术 | (:*", {"a": "直肠癌手术"}, ("a",)),
    "a tag finds what bears it": Case("消化道肿瘤", {"a": "手术录像#digestive"}, ("a",)),
    "a tag finds what bears one below it": Case("消化道肿瘤", {"a": "手术录像#rectal-cancer"}, ("a",)),
}


@pytest.fixture
async def taxonomy(database: None) -> None:
    await dictionary.plant(staff_id=1, at=NOON)
    await a_tag("digestive", "消化道肿瘤")

    await tags.save(
        slug="rectal-cancer", facet="disease", name_zh="低位病变", parent_slug="digestive", staff_id=1, at=NOON
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
async def test_a_hard_case(taxonomy: None, case: Case) -> None:
    ids: dict[int, str] = {}
    for place, (name, text) in enumerate(case.items.items()):
        written, _, tag = text.partition("#")
        title, _, summary = written.partition("|")
        made = await published_series(
            at=NOON - timedelta(minutes=place), title=title, summary=summary, problem="", tags=[tag] if tag else []
        )
        ids[made] = name
    found = await search.search(text=case.text, reader=GUEST, at=AT)
    names = [ids[hit.id] for hit in found.hits]
    assert names[: len(case.first)] == list(case.first), found
    assert not set(names) & set(case.absent), found
    assert found.counts is not None
    assert found.counts.total == len(names)
