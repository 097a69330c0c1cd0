"""Text as it is searched: folding, units, words; and how characters sound."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.core import pinyin, words
from server.core.words import Cutter, fold, pairs, units

CHARACTERS = (
    "直肠癌造口人工肛門術後護理臺灣乾燥著作南京市長江大橋ＣＴct5-FU　·’é①㎝ﬁ\u200b\u0301\t。，（）\ud83d\ude00𠮷"
)
TEXTS = st.text(st.one_of(st.sampled_from(CHARACTERS), st.characters()), max_size=60)


@pytest.fixture(scope="module")
def cutter() -> Cutter:
    return Cutter(["人工肛门", "腹会阴联合切除术", "pd-1抑制剂"])


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("直腸癌術後造口護理", "直肠癌术后造口护理"),
        ("ＣＴ檢查①㎝", "ct检查1cm"),
        ("Ménière 病", "meniere 病"),
        ("Crohn’s", "crohn’s"),
        ("後天皇后以後", "后天皇后以后"),
        ("頭髮發展", "头发发展"),
        ("乾隆乾燥", "乾隆干燥"),
        ("直\u200b腸\u00ad癌", "直肠癌"),
        ("⼈工肛門", "人工肛门"),
        ("a\x00b\x1bc\nd", "a b c d"),
        ("\ud800直", " 直"),
        ("", ""),
    ],
)
def test_a_text_is_folded_into_one_form(text: str, folded: str) -> None:
    assert fold(text).text == folded


@given(TEXTS)
def test_every_folded_character_knows_where_it_comes_from(text: str) -> None:
    folded = fold(text)
    assert len(folded.origins) == len(folded.text)
    assert folded.origins == sorted(folded.origins)
    assert all(0 <= origin < len(text) for origin in folded.origins)
    folded.text.encode()


@given(TEXTS)
def test_units_are_parts_of_the_folded_text_in_its_order(text: str) -> None:
    folded = fold(text).text
    end = 0
    for unit in units(folded):
        assert end <= unit.start < unit.end <= len(folded)
        assert 0 < len(unit.text) <= words.LONGEST_UNIT
        assert not any(sign.isspace() or unicodedata.category(sign)[0] == "C" for sign in unit.text)
        end = unit.end


@given(TEXTS)
def test_case_and_width_make_no_difference(text: str) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text.upper())
    narrow = [unit.text for unit in units(fold(text.upper()).text)]
    assert [unit.text for unit in units(fold(wide).text)] == narrow


def test_letters_and_figures_are_units_and_hyphens_part_nothing() -> None:
    for text in ("PD-1", "pd1", "ＰＤ‐1"):
        found = units(fold(text).text)
        assert ([unit.text for unit in found], list(pairs(found))) == (["pd", "1"], [("pd", "1")])
    assert list(pairs(units("直肠。癌 变"))) == [("直", "肠")]
    assert [unit.text for unit in units("3.5厘米")] == ["3.5", "厘", "米"]


@pytest.mark.parametrize(("one", "other"), [("乾", "干"), ("著", "着"), ("瞭望", "了望"), ("於", "于")])
def test_what_one_writer_puts_for_another_is_one_unit(one: str, other: str) -> None:
    assert [unit.text for unit in units(fold(one).text)] == [unit.text for unit in units(fold(other).text)]


@given(TEXTS)
def test_every_unit_is_in_exactly_one_piece(text: str) -> None:
    folded = fold(text).text
    cut = CUTTER.pieces(folded)
    assert [unit for piece in cut for unit in piece.units] == [unit.text for unit in units(folded)]
    assert all(piece.text for piece in cut)


@given(TEXTS)
def test_every_piece_is_among_the_words_of_its_text(text: str) -> None:
    folded = fold(text).text
    assert {piece.text for piece in CUTTER.pieces(folded)} <= {word.text for word in CUTTER.words(folded)}


def test_a_word_within_another_is_no_word(cutter: Cutter) -> None:
    cut = {word.text for word in cutter.words("南京市长江大桥")}
    assert "市长" not in cut
    assert {"南京市", "长江大桥"} <= cut
    assert "市长" in {word.text for word in cutter.words("市长访问医院")}


def test_words_of_our_own_are_cut_as_one(cutter: Cutter) -> None:
    assert [piece.text for piece in cutter.pieces("腹会阴联合切除术后的人工肛门")] == [
        "腹会阴联合切除术",
        "后",
        "的",
        "人工肛门",
    ]
    assert "pd1抑制剂" in {piece.text for piece in cutter.pieces("pd-1抑制剂治疗")}


def test_words_are_learnt_and_forgotten_without_a_trace() -> None:
    text = "腹会阴联合切除术与人工肛门"
    plain, taught = Cutter(), Cutter(["人工肛门", "腹会阴联合切除术"])
    moving = Cutter(["腹会阴联合切除术"])
    moving.learn(["人工肛门", "腹会阴联合切除术"])
    assert moving.words(text) == taught.words(text) != plain.words(text)
    moving.learn([])
    assert moving.words(text) == plain.words(text)
    assert moving.own == frozenset()


def test_names_of_letters_are_words_within_longer_ones(cutter: Cutter) -> None:
    assert {"pd", "pd1抑制剂"} <= {word.text for word in cutter.words("pd-1抑制剂")}


@pytest.mark.parametrize(
    ("one", "other"), [("肠", "场"), ("癌", "挨"), ("造", "灶"), ("肛", "刚"), ("吻", "稳"), ("镜", "劲"), ("术", "素")]
)
def test_characters_that_sound_alike_share_a_syllable(one: str, other: str) -> None:
    assert set(pinyin.readings(one)) & set(pinyin.readings(other))


def test_a_character_has_its_usual_readings() -> None:
    assert set(pinyin.readings("长")) == {pinyin.alike("zhang"), pinyin.alike("chang")}
    assert pinyin.readings("x") == pinyin.readings("，") == ()


@pytest.mark.parametrize(
    ("letters", "row"),
    [
        ("zhichangai", ["zhi", "chang", "ai"]),
        ("ZaoKou", ["zao", "kou"]),
        ("tme", None),
        ("直", None),
        ("a" * 5000 + "x", None),
        ("an" * 2000 + "q", None),
    ],
)
def test_letters_are_read_as_syllables(letters: str, row: list[str] | None) -> None:
    assert pinyin.spelt(letters) == (row and [pinyin.alike(one) for one in row])


@given(TEXTS)
def test_any_letters_may_be_spelt(text: str) -> None:
    pinyin.spelt(text)
    for sign in text[:5]:
        pinyin.readings(sign)


CUTTER = Cutter()
