"""The languages of the pages: every sentence is there in each, with the same values to fill in."""

import re

import pytest

from server.web import catalogue
from server.web.languages import LANGUAGES, SOURCE, translations

OTHERS = [language for language in LANGUAGES if language != SOURCE]


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_translated(language: str) -> None:
    left = catalogue.missing(language)
    assert left == [], "run `python -m server.web.catalogue`, then translate these in server/web/locale"


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_fills_in_the_same_values(language: str) -> None:
    told = translations(language)
    for sentence in catalogue.sentences():
        translated = told.gettext(sentence)
        assert sorted(re.findall(r"%\(\w+\)s", translated)) == sorted(re.findall(r"%\(\w+\)s", sentence)), sentence


def test_the_sentences_of_pages_code_and_refusals_are_all_gathered() -> None:
    found = catalogue.sentences()
    for sentence in ("跳到主要内容", "已发布。", "邮箱或密码不正确", "新密码不能与当前密码相同。", "锁定至 %(time)s"):
        assert sentence in found


def test_a_sentence_that_nobody_has_translated_stays_chinese() -> None:
    assert translations("en").gettext("从来没有写过的一句话") == "从来没有写过的一句话"
