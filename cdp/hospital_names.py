"""Names of hospitals, brought into one form in which they can be compared.

The rule: what writers do differently without meaning another hospital is evened out, and each step that changed
something is told: width and traditional characters, brackets, campuses, figures for numerals, 附一院 for 附属第一医院,
第一附属医院 for 附属第一医院, 省 and 市 after the name of a region. What tells hospitals apart stays apart: numerals,
what a hospital is for, and where it is.
"""

import re
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from server.core.pinyin import readings
from server.core.words import fold

_PROVINCES: Final = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 广东 海南 四川 贵州 "
    "云南 陕西 甘肃 青海 台湾 内蒙古 广西 西藏 宁夏 新疆 香港 澳门"
)
PROVINCES: Final = tuple(_PROVINCES.split())

_NUMERAL: Final = "[一二三四五六七八九十]{1,2}"
_BRACKETS: Final = re.compile(r"[(\[{<【〔《「][^()\[\]{}<>【】〔〕《》「」]*[)\]}>】〕》」]")
_NO_WORD: Final = re.compile(r"[\W_]+")
_CAMPUS: Final = re.compile(r"(?<=医院)[\u4e00-\u9fff]{1,4}(?:院区|分院)$|(?<=医院)(?:本部|总院|院本部)$")
_FIGURE: Final = re.compile(r"(?<![0-9])([1-9][0-9]?)(?![0-9])(?=[^0-9]|$)")
# Each way in which a name is shortened, and what it stands for.
_SHORT: Final = (
    (re.compile(rf"附属?({_NUMERAL})(?:医?院)?$"), r"附属第\1医院"),
    (re.compile(rf"第?({_NUMERAL})附属?(?:医?院)$"), r"附属第\1医院"),
    (re.compile(rf"(?<!第)(?<![一二三四五六七八九十])({_NUMERAL})医?院$"), r"第\1医院"),
    (re.compile(r"附院$"), "附属医院"),
)
_TENS: Final = ("", "十", "二十", "三十")

# What is in so many names that it names nobody: without a region or a name of its own such a name is anybody's.
_USUAL: Final = re.compile(
    rf"第{_NUMERAL}|附属|人民|医院|中心|大学|医学院|医科(?!院)|学院|总|省立|市立|综合|公立|职工|红十字会?|院|省|市|区|县|州"
)
# What a hospital is for: two that differ in it are two.
_KINDS: Final = (
    "中西医结合 中医药 中医 口腔 肿瘤 儿童 儿科 妇幼保健 妇女儿童 妇产科 妇产 眼耳鼻喉 眼科 眼视光 骨科 胸科 肺科 "
    "心血管 精神卫生 传染病 血液病 皮肤病 整形 康复 肝胆"
)
_KIND: Final = re.compile("|".join(_KINDS.split()))
_SAME_KIND: Final = {"中医药": "中医", "儿科": "儿童", "妇产科": "妇产", "眼视光": "眼科"}
_ORDINAL: Final = re.compile(rf"第?({_NUMERAL})(?=附属|人民|中心|中医|医院|院)")
_ANY_REGION: Final = re.compile("^[省市区县州]+")


class Form(Struct, frozen=True):
    """A name as it is compared: whole, and what of it tells this hospital from others of its kind.

    ``steps`` are the changes that were made to get there.
    """

    text: str
    own: str
    ordinals: frozenset[str]
    kinds: frozenset[str]
    regions: frozenset[str]
    steps: tuple[str, ...]

    @property
    def bare(self) -> str:
        """The name without a word for some region that is not named: 市第一医院."""
        return _ANY_REGION.sub("", self.text)

    @property
    def sound(self) -> str:
        """How the name sounds, without tones: who types by sound picks the wrong character, and not the wrong sound."""
        return " ".join((readings(sign) or (sign,))[0] for sign in self.text)

    @property
    def generic(self) -> bool:
        """Whether the name could be any hospital's of its kind, in any place."""
        return not self.own and not self.regions


class Names:
    """Makes forms, knowing the regions whose names may stand before a hospital's; a form that was made is kept."""

    def __init__(self, regions: Iterable[str]) -> None:
        self.regions = frozenset({*PROVINCES, *(bare_region(region) for region in regions if region)})
        self._made: dict[str, Form] = {}
        known = sorted(self.regions, key=len, reverse=True)
        anyone = "|".join(map(re.escape, known))
        self._before = re.compile(
            rf"({anyone})(?:维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区|省|市)?(?!(?:医科|中医药|理工|师范)?大学|医学院)"
        )
        self._suffix = re.compile(rf"({anyone})(?:维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区|省|市)")

    def kept(self, name: str) -> Form:
        """Give the form of a name of the dictionary, which is asked for again after every change."""
        form = self._made.get(name)
        if form is None:
            form = self._made[name] = self.form(name)
        return form

    def form(self, name: str) -> Form:
        """Bring a name into its form."""
        text, steps = _folded(name)
        shorter = self._suffix.sub(r"\1", text)
        if shorter != text:
            text, steps = shorter, (*steps, "region_suffix")
        regions: set[str] = set()
        rest = text
        while match := self._before.match(rest):
            regions.add(match[1])
            rest = rest[match.end() :]
        kinds = {_SAME_KIND.get(kind, kind) for kind in _KIND.findall(text)}
        return Form(
            text=text,
            own=_USUAL.sub("", _KIND.sub("", rest)),
            ordinals=frozenset(_ORDINAL.findall(text)),
            kinds=frozenset(kinds),
            regions=frozenset(regions),
            steps=steps,
        )


def bare_region(name: str) -> str:
    """Give the name of a province or city without what it is."""
    return re.sub(r"(?:维吾尔自治区|壮族自治区|回族自治区|自治区|特别行政区|自治州|地区|省|市)$", "", name.strip())


def _folded(name: str) -> tuple[str, tuple[str, ...]]:
    """Even out what has nothing to do with regions."""
    steps: list[str] = []

    def step(what: str, before: str, after: str) -> str:
        if before != after:
            steps.append(what)
        return after

    # Spaces and case are no change that anybody need hear of.
    text = step("written", re.sub(r"\s", "", name.lower()), re.sub(r"\s", "", fold(name).text))
    text = step("brackets", text, _BRACKETS.sub("", text))
    text = _NO_WORD.sub("", text)
    text = step("campus", text, _CAMPUS.sub("", text))
    text = step("numerals", text, _FIGURE.sub(lambda match: _numeral(int(match[1])), text))
    for pattern, whole in _SHORT:
        longer = pattern.sub(whole, text)
        if longer != text:
            # 第一附属医院 and 附属第一医院 are one way of writing as good as the other.
            text = step("abbreviation", text, longer) if len(longer) != len(text) else longer
            break
    return text, tuple(steps)


def _numeral(number: int) -> str:
    """Write a number up to 39 as names do; larger ones are no numerals of hospitals."""
    if number > 39:
        return str(number)
    tens, ones = divmod(number, 10)
    return _TENS[tens] + ("一二三四五六七八九"[ones - 1] if ones else "")
