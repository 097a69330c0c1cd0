"""Which hospital a name means: a table of cases on the dictionary that comes with the house."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cdp import hospital_lists
from cdp.hospital_matching import Dictionary, Entry, is_generic
from cdp.hospital_names import Names

ENTRIES = [entry for _, entry in hospital_lists.standard()]
HOSPITALS = Dictionary(ENTRIES)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.key)
def test_every_hospital_is_found_by_its_name_and_by_the_aliases_that_are_its_own(entry: Entry) -> None:
    assert HOSPITALS.match(entry.name).kind == "exact"
    for name in (entry.name, *entry.aliases):
        found = HOSPITALS.match(name)
        sharers = [other for other in ENTRIES if name in other.aliases]
        if len(sharers) > 1:
            assert found.kind == "ambiguous"
            assert {one.hospital.key for one in found.candidates} == {other.key for other in sharers}
        else:
            assert found.best is not None
            assert found.best.hospital.key == entry.key


def test_the_list_of_the_house_is_sound() -> None:
    assert len(ENTRIES) >= 150
    assert len({entry.key for entry in ENTRIES}) == len({entry.name for entry in ENTRIES}) == len(ENTRIES)
    assert not any(is_generic(alias) for entry in ENTRIES for alias in entry.aliases)
    assert all(entry.province and entry.city and entry.level for entry in ENTRIES)


@pytest.mark.parametrize(
    ("name", "kind", "key", "reason"),
    [
        ("北京协和医院", "exact", "pumch", "equal_exact"),
        ("协和", "alias", "pumch", "equal_alias"),
        ("中国医学科学院北京协和医院", "alias", "pumch", "equal_alias"),
        ("四川大學華西醫院", "exact", "west-china", "written"),
        ("華西醫院", "alias", "west-china", "written"),
        ("四川大学华西医院（温江院区）", "exact", "west-china", "brackets"),
        ("华西医院上锦院区", "alias", "west-china", "campus"),
        ("浙江大学医学院附属第１医院", "exact", "zju-first", "numerals"),
        ("北医3院", "alias", "pku-third", "numerals"),
        ("301 医院", "alias", "pla-general", "equal_alias"),
        ("浙江人民医院", "exact", "zhejiang-peoples", "equal_exact"),
        ("杭州第一人民医院", "exact", "hangzhou-first", "equal_exact"),
        ("广西人民医院", "exact", "guangxi-peoples", "equal_exact"),
        ("新疆自治区人民医院", "exact", "xinjiang-peoples", "region_suffix"),
        ("中山大学第一附属医院", "exact", "sysu-first", "equal_exact"),
        ("郑州大学附属第一医院", "exact", "zzu-first", "equal_exact"),
        ("南昌大学一附院", "exact", "ncu-first", "abbreviation"),
        ("湘雅二院", "alias", "csu-xiangya-second", "abbreviation"),
        ("北京协合医院", "fuzzy", "pumch", "sounds_alike"),
        ("复旦大学附属化山医院", "fuzzy", "fudan-huashan", "sounds_alike"),
        ("上海交通大学附属瑞金医院", "fuzzy", "ruijin", "alike"),
        ("河北医科大学附属第二医院", "fuzzy", "hebmu-second", "alike"),
        ("浙大附属第一医院", "fuzzy", "zju-first", "alike"),
        ("人民医院", "ambiguous", "", "generic"),
        ("第一医院", "ambiguous", "", "generic"),
        ("市第一人民医院", "ambiguous", "", "generic"),
        ("省人民医院", "ambiguous", "", "generic"),
        ("附一院", "ambiguous", "", "generic"),
        ("附属医院", "ambiguous", "", "generic"),
        ("儿童医院", "ambiguous", "", "generic"),
        ("中医院", "ambiguous", "", "generic"),
        ("妇幼保健院", "ambiguous", "", "generic"),
        ("医院", "ambiguous", "", "generic"),
        ("协和医院", "ambiguous", "", "shared"),
        ("中山医院", "ambiguous", "", "shared"),
        ("首都医科大学附属医院", "ambiguous", "", "several_alike"),
        ("成都市第一人民医院", "none", "", "nothing_alike"),
        ("上海第四人民医院", "none", "", "nothing_alike"),
        ("北京大学第五医院", "none", "", "nothing_alike"),
        ("华西第四医院", "none", "", "nothing_alike"),
        ("天津市中心医院", "none", "", "nothing_alike"),
        ("宁波市第一医院", "none", "", "nothing_alike"),
        ("杏林演示医院", "none", "", "nothing_alike"),
        ("Peking Union", "none", "", "nothing_alike"),
        ("", "none", "", "empty"),
        ("（）", "none", "", "empty"),
    ],
)
def test_a_name_means_what_people_mean_by_it(name: str, kind: str, key: str, reason: str) -> None:
    found = HOSPITALS.match(name)
    assert (found.kind, found.best.hospital.key if found.best else "") == (kind, key)
    assert reason in found.reasons


@pytest.mark.parametrize("name", ["协和医院", "第一医院", "市第一人民医院", "儿童医院", "北京大学第五医院", "协和"])
def test_what_a_name_could_mean_besides_is_listed(name: str) -> None:
    assert len(HOSPITALS.match(name).candidates) > 1


def test_what_speaks_against_a_likely_name_is_said() -> None:
    against = {one.hospital.key: one.against for one in HOSPITALS.match("北京大学第五医院").candidates}
    assert against["pku-third"] == ("ordinal_differs",)
    against = {one.hospital.key: one.against for one in HOSPITALS.match("四川大学华西妇产医院").candidates}
    assert against["west-china"] == ("kind_differs",)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_answered_and_never_matched_beyond_reason(name: str) -> None:
    found = HOSPITALS.match(name)
    assert (found.best is not None) == (found.kind in {"exact", "alias", "fuzzy"})
    if found.kind in {"exact", "alias"}:
        assert found.best is not None
        form = HOSPITALS.form(name)
        assert form.text in {
            HOSPITALS.form(one).text for one in (found.best.hospital.name, *found.best.hospital.aliases)
        }
    assert len(HOSPITALS.suggest(name)) <= 8


REGIONS = st.sampled_from(["", "北京", "上海市", "四川省", "成都市", "省", "市"])
TAILS = st.sampled_from(
    ["医院", "人民医院", "第一医院", "第三人民医院", "中心医院", "附属医院", "附属第二医院", "附一院", "中医院"]
)


@settings(max_examples=200)
@given(REGIONS, TAILS)
def test_a_name_without_one_of_its_own_is_never_matched_by_likeness(region: str, tail: str) -> None:
    assert HOSPITALS.match(region + tail).kind in {"exact", "alias", "ambiguous", "none"}


@given(st.sampled_from(ENTRIES), st.sampled_from(["　", " ", "\t"]), st.booleans())
def test_width_and_spaces_never_matter(entry: Entry, space: str, wide: bool) -> None:
    name = space.join(entry.name) if wide else f"{space}{entry.name}{space}"
    found = HOSPITALS.match(name)
    assert found.kind == "exact"
    assert found.best is not None
    assert found.best.hospital.key == entry.key


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("华西", "west-china"),
        ("湘雅", "csu-xiangya"),
        ("浙一", "zju-first"),
        ("301", "pla-general"),
        ("瑞进医院", "ruijin"),
        ("北京儿", "ccmu-children"),
        ("協和", "pumch"),
        ("四川大学华西口", "west-china-stomatology"),
    ],
)
def test_who_is_typing_is_offered_what_they_may_mean(typed: str, first: str) -> None:
    assert HOSPITALS.suggest(typed)[0].hospital.key == first


def test_one_sign_is_too_little_to_offer_anything() -> None:
    assert HOSPITALS.suggest("华") == []
    assert HOSPITALS.suggest(" ") == []


def test_every_way_in_which_a_form_changes_a_name_is_told() -> None:
    names = Names(["成都市"])
    assert names.form("成都市第２人民醫院（東區）").steps == ("written", "brackets", "numerals", "region_suffix")
    assert names.form("成都第二人民医院").steps == ()
    assert names.form("成都市第２人民醫院（東區）").text == names.form("成都第二人民医院").text
