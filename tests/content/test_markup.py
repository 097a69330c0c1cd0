"""Bodies: what Markdown becomes, where blocks stand, and that nothing runs."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import markup
from content.markup import Part, parts, places, plain, reading_s

ATTACKS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<iframe src='javascript:alert(1)'></iframe>",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\tscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,<script>alert(1)</script>)",
    "[x](vbscript:msgbox)",
    "[x](//evil.example)",
    "[x](http://plain.example)",
    "<javascript:alert(1)>",
    "![x](https://spy.example/pixel.png)",
    '[x](https://a.example "onmouseover=alert(1)")',
    "[x]: javascript:alert(1)\n\n[x]",
    "| a |\n|--|\n| <b onclick=alert(1)>x</b> |",
    "```html\n</code><script>alert(1)</script>\n```",
    "<!--><script>alert(1)</script>-->",
    "<style>*{display:none}</style>",
    "<math><mi//xlink:href='data:x,<script>alert(4)</script>'>",
    "<a href='https://a.example' style='position:fixed'>x</a>",
    "<form action=https://evil.example><input name=q></form>",
]


def html(body: str) -> str:
    return "".join(part.html for part in parts(body, []))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_an_attack_is_more_than_text(attack: str) -> None:
    drawn = html(attack)
    tags = re.findall(r"<\s*/?\s*([a-zA-Z0-9]+)([^>]*)>", drawn)
    assert {name for name, _ in tags} <= markup.TAGS
    for name, attributes in tags:
        assert not re.search(r"\bon\w+\s*=\s*[^\"]", re.sub(r'"[^"]*"', '""', attributes)), (name, attributes)
        assert "style" not in re.sub(r'"[^"]*"', '""', attributes)
        for address in re.findall(r'href="([^"]*)"', attributes):
            assert address.startswith(("https://", "/")) and not address.startswith("//")


@given(st.text(max_size=200))
def test_whatever_is_written_only_known_tags_come_out(body: str) -> None:
    drawn = html(body)
    assert set(re.findall(r"</?([a-zA-Z0-9]+)[\s>/]", drawn)) <= markup.TAGS
    assert "javascript:" not in "".join(re.findall(r'href="([^"]*)"', drawn)).lower()


@pytest.mark.parametrize(
    ("written", "drawn"),
    [
        ("**注意：**请先阅读", "<p><strong>注意：</strong>请先阅读</p>"),
        ("说明**“重点”**在此", "<p>说明<strong>“重点”</strong>在此</p>"),
        ("这是*强调。*下一句", "<p>这是<em>强调。</em>下一句</p>"),
        ("a **b** c", "<p>a <strong>b</strong> c</p>"),
        ("2 * 3 * 4", "<p>2 * 3 * 4</p>"),
        ("snake_case_name", "<p>snake_case_name</p>"),
    ],
)
def test_emphasis_closes_beside_chinese_signs(written: str, drawn: str) -> None:
    assert html(written) == drawn


def test_headings_stand_below_that_of_the_page() -> None:
    assert html("# 一\n\n###### 六") == "<h2>一</h2>\n<h6>六</h6>"


def test_a_block_stands_where_its_line_is() -> None:
    fig = {"key": "fig-1", "type": "quote", "text": "话"}
    found = parts("前\n\n[[fig-1]]\n\n后", [fig])
    assert found == [Part(html="<p>前</p>"), Part(block=fig), Part(html="<p>后</p>")]


def test_a_line_that_places_a_block_ends_a_paragraph() -> None:
    fig = {"key": "fig-1", "type": "quote", "text": "话"}
    assert parts("前\n[[fig-1]]\n后", [fig]) == [Part(html="<p>前</p>"), Part(block=fig), Part(html="<p>后</p>")]


@pytest.mark.parametrize(
    "body", ["- [[fig-1]]", "> [[fig-1]]", "```\n[[fig-1]]\n```", "    [[fig-1]]", "a [[fig-1]] b"]
)
def test_only_a_line_of_its_own_places_a_block(body: str) -> None:
    assert places(body) == []
    assert "[[fig-1]]" in html(body)


def test_places_without_a_block_and_blocks_without_a_place_are_left_out() -> None:
    assert parts("[[none]]\n\n字", [{"key": "lone", "type": "quote"}]) == [Part(html="<p>字</p>")]
    assert places("[[one]]\n\n[[two]]\n\n[[one]]") == ["one", "two", "one"]


def test_the_plain_words_have_no_marks() -> None:
    body = "# 标题\n\n**粗**与[链接](https://a.example)\n\n| 甲 | 乙 |\n|--|--|\n| 1 | 2 |\n\n[[fig-1]]"
    assert plain(body) == "标题\n粗与链接\n甲\n乙\n1\n2"


def test_four_hundred_characters_are_read_in_a_minute() -> None:
    assert reading_s("字" * 400) == 60
    assert reading_s("") == 1


def test_the_sides_of_cells_need_no_inline_style() -> None:
    assert 'data-align="right"' in html("| a |\n|--:|\n| 1 |")
    assert "style" not in html("| a |\n|--:|\n| 1 |")


def test_a_very_long_body_is_drawn_in_time() -> None:
    nested = "> " * 500 + "字"
    assert html(nested)
    assert html("*" * 5000)
    assert html("[" * 5000)
