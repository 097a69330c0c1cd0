"""The demo texts: told apart, marked, harmless, and made so that they can be published."""

import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import msgspec
import pytest

from content import markup
from content.parts import Audience
from content.written import ArticleForm, ProductClass
from content.written_checks import CLAIMS
from server.demo import persons, texts
from server.demo.script import ALL
from server.demo.taxonomy import TAXONOMY
from server.demo.texts import FOLDER, Article, TextUnfit, Told, articles, read

# Hospitals and makers that a text of the demo must never name, and words in which an effect would be promised.
REAL = re.compile(
    r"协和|华西|瑞金|湘雅|同济|齐鲁|中山医院|人民医院|附属医院|301|梅奥|辉瑞|罗氏|强生|默沙东|阿斯利康|诺华|恒瑞|迈瑞|美敦力|达芬奇|奥林巴斯"
)
PROMISES = re.compile(r"治愈率|有效率|生存率|根治|痊愈|100\s*[%％]|百分之百|零风险|零并发症|疗效|特效|神奇|奇迹")
DOSES = re.compile(r"\d\s*(?:mg|毫克|μg|微克|IU|国际单位)|每次\s*\d+\s*片")


EVERY: tuple[Told, ...] = (
    *articles(),
    *texts.handouts(),
    *texts.clips(),
    *texts.brands(),
    *texts.products(),
    *texts.occasions(),
)


def text_of(told: Told) -> str:
    return msgspec.json.encode(told).decode()


@pytest.mark.parametrize("article", articles(), ids=lambda article: article.slug)
def test_an_article_is_of_good_length_and_says_nothing_dangerous(article: Article) -> None:
    letters = len(re.sub(r"\s", "", markup.plain(article.body)))
    assert 400 <= letters <= 900
    assert 15 <= len(article.summary) <= 80
    assert all(source.startswith("演示来源：") for source in article.sources)
    assert article.sources


@pytest.mark.parametrize("told", EVERY, ids=lambda told: told.slug)
def test_a_text_says_nothing_dangerous_and_names_nobody_real(told: Told) -> None:
    for forbidden in (REAL, PROMISES, DOSES, CLAIMS):
        assert forbidden.search(text_of(told)) is None


def test_there_is_enough_of_every_other_kind() -> None:
    assert len(texts.handouts()) >= 6
    assert len(texts.clips()) >= 6
    assert len({brand.field for brand in texts.brands()}) >= 6
    classes = Counter(product.product_class for product in texts.products())
    assert set(classes) == set(ProductClass)
    assert len(texts.occasions()) >= 8


def test_products_and_brands_are_named_as_demonstration_and_prescription_is_for_professionals() -> None:
    for product in texts.products():
        assert "演示" in product.title
        assert "虚构" in product.maker
        assert all("虚构" in paper.number and "演示" in paper.name for paper in product.certificates)
        assert (product.product_class == ProductClass.PRESCRIPTION) == (product.audience == Audience.PROFESSIONAL)
    for brand in texts.brands():
        assert "演示" in brand.title
        assert "虚构" in brand.operator
        assert brand.link == "" or brand.link.startswith("https://example.com/")
    for occasion in texts.occasions():
        assert "虚构" in occasion.organiser
        assert "虚构" in occasion.place or occasion.stream


def test_what_a_text_refers_to_is_there() -> None:
    slugs = {
        "article": {article.slug for article in articles()},
        "document": {handout.slug for handout in texts.handouts()},
        "video": {clip.slug for clip in texts.clips()},
        "product": {product.slug for product in texts.products()},
    }
    for told in EVERY:
        for name in told.related:
            kind, slug = name.split("/")
            assert slug in slugs[kind], told.slug
    for occasion in texts.occasions():
        assert not occasion.replay or occasion.replay in slugs["video"]
        assert {name for point in occasion.agenda for name in point.speakers} <= set(occasion.speakers)
        assert all(point.at + point.minutes <= occasion.minutes for point in occasion.agenda)


def test_everything_but_the_articles_is_alike_as_little_as_they_are() -> None:
    assert len({(type(told), told.slug) for told in EVERY}) == len(EVERY)
    assert len({told.title for told in EVERY}) == len(EVERY)
    assert len({told.body for told in EVERY}) == len(EVERY)


def test_there_are_enough_articles_of_every_form_for_every_reader() -> None:
    forms = Counter(article.form for article in articles())
    audiences = Counter(article.audience for article in articles())
    assert sum(forms.values()) >= 50
    assert set(forms) == set(ArticleForm)
    assert min(forms.values()) >= 10
    assert audiences[Audience.EVERYONE] >= 20
    assert {Audience.EVERYONE, Audience.DOCTOR, Audience.PROFESSIONAL} == set(audiences)


def test_no_two_articles_are_alike() -> None:
    assert len({article.title for article in articles()}) == len(articles())
    assert len({article.published for article in articles()}) == len(articles())
    pieces = {}
    for article in articles():
        plain = re.sub(r"\W", "", markup.plain(article.body))
        pieces[article.slug] = {plain[at : at + 6] for at in range(len(plain) - 5)}
    for one, other in combinations(pieces.values(), 2):
        assert len(one & other) < 0.06 * min(len(one), len(other))


def test_every_tag_of_a_text_is_in_the_taxonomy_and_most_of_it_is_used() -> None:
    known = {entry.slug for entries in TAXONOMY.values() for entry in entries}
    used = {tag for told in EVERY for tag in told.tags} | {tag for series in ALL for tag in series.tags}
    assert used <= known
    assert len(known) >= 60
    assert len(used) >= 60


def test_the_taxonomy_has_both_languages_and_parents_that_come_first() -> None:
    for entries in TAXONOMY.values():
        seen: set[str] = set()
        for entry in entries:
            assert entry.name_zh
            assert entry.name_en.isascii()
            assert not entry.parent or entry.parent in seen
            seen.add(entry.slug)


def test_everybody_and_every_hospital_is_invented_and_says_so() -> None:
    for person in persons.PERSONS.values():
        assert person.hospital in persons.HOSPITALS
        assert "示范" in person.hospital
        assert "虚构" in person.hospital
        assert person.title
    for series in ALL:
        assert {guest.hospital for guest in series.team} <= set(persons.HOSPITALS)


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ('author = "陈知远"', 'author = "某某"', "nobody knows 某某"),
        ('form = "frontier"', 'form = "poem"', "poem"),
        ("published = -3", "published = 3", "published"),
        ("hue = 192", "hue = ", "Invalid value"),
        ("+++\n", "", "not enough values"),
    ],
    ids=["a stranger", "no such form", "out tomorrow", "no TOML", "no head"],
)
def test_a_text_that_is_not_made_well_is_named_with_its_fault(
    tmp_path: Path, before: str, after: str, fault: str
) -> None:
    text = (FOLDER / "articles" / "eras-is-a-thread.md").read_text("utf-8")
    assert before in text
    (tmp_path / "spoilt.md").write_text(text.replace(before, after), "utf-8")
    with pytest.raises(TextUnfit, match=rf"spoilt\.md: .*{fault}"):
        read(tmp_path / "spoilt.md", Article)
