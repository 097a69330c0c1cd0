"""Writing a body in a real browser: tools by keys, blocks in small forms, and what is pasted from elsewhere."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.async_api import Page, expect
from shelf import a_tag, a_text
from test_pages_browser import draft, findings, sit  # noqa: F401 -- a fixture

from content import items, tags
from server.core import clock
from server.core.roles import Role

pytestmark = pytest.mark.browser


async def an_article(**changes: Any) -> int:
    return (await items.create(kind="article", shape={"title": "x", **changes}, staff_id=1, at=clock.now())).item_id


async def paste(page: Page, html: str) -> None:
    """Paste into the body what another program has put on the clipboard."""
    await page.focus("#field-body")
    await page.evaluate(
        """html => {
            const given = new DataTransfer();
            given.setData('text/html', html);
            given.setData('text/plain', 'x');
            document.querySelector('#field-body').dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true }));
        }""",
        html,
    )


async def body(page: Page) -> str:
    return await page.locator("#field-body").input_value()


KINDS = ["article", "video", "activity", "brand_account", "product", "document"]


@pytest.mark.parametrize("kind", KINDS)
async def test_a_form_of_any_kind_changes_what_was_changed_alone(sit: Any, kind: str) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    item = await a_text(kind, tags=[await a_tag()])
    before = await draft(item)
    page = await window.open(f"/admin/items/{item}")
    await page.fill("#field-title", "只改标题")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    assert await draft(item) == {**before, "title": "只改标题"}
    assert await findings(page) == []
    assert window.faults == []


async def test_the_bar_and_the_keys_mark_the_text(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    page = await window.open(f"/admin/items/{await an_article()}")
    await page.focus("#field-body")
    await page.keyboard.type("保肛")
    await page.keyboard.press("Shift+ArrowLeft")
    await page.keyboard.press("Control+b")
    assert await body(page) == "保**肛**"
    await page.keyboard.press("Control+b")
    assert await body(page) == "保肛"
    await page.keyboard.press("Alt+F10")
    await expect(page.get_by_role("button", name="小标题", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    assert await body(page) == "## 保肛"
    await page.keyboard.press("Control+z")
    assert await body(page) == "保肛"
    await page.keyboard.press("Alt+F10")
    await page.keyboard.press("ArrowRight")
    await page.keyboard.press("Escape")
    await expect(page.locator("#field-body")).to_be_focused()
    await page.fill("#field-body", "")
    await page.keyboard.type("- 一\n二\n\n完")
    assert await body(page) == "- 一\n- 二\n完"
    assert window.faults == []


async def test_a_word_that_is_being_composed_is_left_alone(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    page = await window.open(f"/admin/items/{await an_article(body='- 一')}")
    await page.focus("#field-body")
    await page.keyboard.press("Control+End")
    session = await page.context.new_cdp_session(page)
    await session.send("Input.imeSetComposition", {"text": "bao", "selectionStart": 3, "selectionEnd": 3})
    assert await body(page) == "- 一bao"
    await page.wait_for_timeout(1700)
    await session.send("Input.imeSetComposition", {"text": "baogang", "selectionStart": 7, "selectionEnd": 7})
    await session.send("Input.insertText", {"text": "保肛"})
    assert await body(page) == "- 一保肛"
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    assert await page.evaluate("document.querySelector('#field-body').selectionStart") == 5


async def test_blocks_are_made_edited_and_removed_by_keys(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    article = await an_article(body="开头。")
    page = await window.open(f"/admin/items/{article}")
    await page.focus("#field-body")
    await page.keyboard.press("Control+End")
    await page.keyboard.press("Alt+F10")
    await page.keyboard.press("End")
    for _ in range(4):
        await page.keyboard.press("ArrowLeft")
    await expect(page.get_by_role("button", name="引文", exact=True)).to_be_focused()
    await page.keyboard.press("Enter")
    sheet = page.locator("#block")
    await expect(sheet.get_by_label("引文", exact=True)).to_be_focused()
    await page.keyboard.type("先听，再看。")
    await page.keyboard.press("Tab")
    await page.keyboard.type("陈知远")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await expect(sheet).to_be_hidden()
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    shape = await draft(article)
    assert shape["blocks"] == [{"type": "quote", "key": "quote-1", "text": "先听，再看。", "by": "陈知远"}]
    assert shape["body"] == "开头。\n\n[[quote-1]]\n"
    await page.get_by_role("button", name="编辑 引文 quote-1").focus()
    await page.keyboard.press("Enter")
    await sheet.get_by_label("出自").fill("")
    await sheet.get_by_role("button", name="完成").click()
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    await page.get_by_role("button", name="删除 引文 quote-1").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-block]")).to_have_count(0)
    await page.keyboard.press("Control+s")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    shape = await draft(article)
    assert "blocks" not in shape
    assert shape["body"].strip() == "开头。"
    assert window.faults == []


async def test_a_table_takes_cells_from_a_sheet_and_a_quiz_its_right_answers(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    article = await an_article()
    page = await window.open(f"/admin/items/{article}")
    sheet = page.locator("#block")
    await page.get_by_role("button", name="表格", exact=True).click()
    await page.evaluate(
        """() => {
            const given = new DataTransfer();
            given.setData('text/plain', '术式\\t例数\\tP\\nISR\\t12\\t0.03\\n');
            document.querySelector('#block .grid input').dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true }));
        }"""
    )
    await expect(sheet.get_by_label("第 2 行第 3 列")).to_have_value("0.03")
    assert await findings(page) == []
    await sheet.get_by_role("button", name="完成").click()
    await page.get_by_role("button", name="自测题", exact=True).click()
    await sheet.get_by_label("题目").fill("哪一层？")
    await sheet.get_by_label("选项", exact=True).nth(0).fill("神圣平面")
    await sheet.get_by_label("正确").nth(0).check()
    await sheet.get_by_label("选项", exact=True).nth(1).fill("随便")
    await sheet.get_by_role("button", name="完成").click()
    await page.keyboard.press("Control+s")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    table, quiz = (await draft(article))["blocks"]
    assert (table["header"], table["rows"]) == (["术式", "例数", "P"], [["ISR", "12", "0.03"]])
    assert quiz["options"] == [{"text": "神圣平面", "right": True}, {"text": "随便", "right": False}]
    assert (await items.draft_of(item_id=article)).kind == "article"
    await page.reload()
    await expect(page.locator("[data-block]")).to_have_count(2)


async def test_a_picture_is_pasted_into_the_library_and_a_product_is_picked(sit: Any, tmp_path: Path) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    product = (await items.create(kind="product", shape={"title": "示范产品"}, staff_id=1, at=clock.now())).item_id
    article = await an_article()
    page = await window.open(f"/admin/items/{article}")
    drawn = tmp_path / "clip.png"
    Image.new("RGB", (300, 200), "#0f766e").save(drawn)
    await page.evaluate(
        """bytes => {
            const given = new DataTransfer();
            given.items.add(new File([new Uint8Array(bytes)], 'clip.png', { type: 'image/png' }));
            document.querySelector('#field-body').dispatchEvent(
                new ClipboardEvent('paste', { clipboardData: given, bubbles: true, cancelable: true }));
        }""",
        list(drawn.read_bytes()),
    )
    sheet = page.locator("#block")
    await expect(sheet.locator(".file-name")).to_have_text("clip.png")
    await sheet.get_by_label("替代文字").fill("一块绿色")
    await sheet.get_by_role("button", name="完成").click()
    await page.get_by_role("button", name="产品卡片", exact=True).click()
    await sheet.get_by_role("button", name="选择产品").press("Enter")
    await page.keyboard.type("示范")
    await expect(page.locator("[data-choose-item]")).to_have_count(1)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(sheet.locator("[data-item-shown]")).to_contain_text("示范产品")
    await sheet.get_by_role("button", name="完成").click()
    await page.keyboard.press("Control+s")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    image, card = (await draft(article))["blocks"]
    assert image["picture"]["alt"] == "一块绿色"
    assert card == {"type": "product", "key": "product-1", "product": product}


WORD = """
<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p{color:red}</style></head><body>
<h1 style="mso-style-name:标题">手术<span>要点</span></h1>
<p class="MsoNormal" style="text-indent:2em"><b>第一</b>，找到<span style="font-weight:bold">层面</span>&nbsp;。
<o:p></o:p></p>
<p class="MsoListParagraph" style="mso-list:l0 level1 lfo1"><span style="mso-list:Ignore">·<span>&nbsp;&nbsp;</span>
</span>神经</p>
<p class="MsoListParagraph" style="mso-list:l0 level1 lfo1"><span>·&nbsp;&nbsp;</span>血管</p>
<table><tr><td><p>术式</p></td><td><p>例数</p></td></tr><tr><td>ISR</td><td>12</td></tr></table>
<p>见<a href="https://example.org/g">指南</a>与<a href="javascript:alert(1)">别处</a>。<img src="x"></p>
<script>window.broken = true</script></body></html>
"""
WORD_TEXT = """## 手术要点

**第一**，找到**层面** 。

- 神经
- 血管

| 术式 | 例数 |
| --- | --- |
| ISR | 12 |

见[指南](https://example.org/g)与别处。"""
WECHAT = """
<section style="margin:10px"><section><section style="border:1px solid">
<p><strong style="color:blue">一、背景</strong></p>
</section></section><section>
<p style="line-height:2"><span>第一段，</span><span>同一段。</span><br>换行。</p><p><br></p>
<ol><li><p>甲</p></li><li>乙<ul><li>丙</li></ul></li></ol>
<p><img data-src="https://mmbiz.qpic.cn/x" src="data:"><span style="display:none">暗</span></p></section></section>
"""
WECHAT_TEXT = "**一、背景**\n\n第一段，同一段。\n换行。\n\n1. 甲\n2. 乙\n  - 丙"


@pytest.mark.parametrize(("html", "text"), [(WORD, WORD_TEXT), (WECHAT, WECHAT_TEXT)], ids=["word", "wechat"])
async def test_what_is_pasted_keeps_its_words_and_loses_its_looks(sit: Any, html: str, text: str) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    page = await window.open(f"/admin/items/{await an_article()}")
    await paste(page, html)
    assert await body(page) == text
    await expect(page.locator("#toasts")).to_contain_text("粘贴的图片没有带过来")
    assert not await page.evaluate("Boolean(window.broken)")
    assert window.faults == []


async def test_tags_are_found_by_typing_and_taken_away_by_their_chip(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    await a_tag()
    await tags.save(slug="stoma", facet="topic", name_zh="造口护理", name_en="Stoma care", staff_id=1, at=clock.now())
    article = await an_article()
    page = await window.open(f"/admin/items/{article}")
    await page.get_by_role("searchbox", name="搜索标签").focus()
    await page.keyboard.type("stoma")
    await expect(page.locator(".tag-choice:visible")).to_have_count(1)
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await expect(page.locator(".tag-chip")).to_have_text("造口护理 ×")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    assert (await draft(article))["tags"] == ["stoma"]
    await page.locator(".tag-chip").press("Enter")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    await page.keyboard.press("Control+s")
    await page.wait_for_timeout(300)
    assert "tags" not in await draft(article)


async def test_a_copy_that_was_not_sent_brings_the_blocks_back(sit: Any) -> None:  # noqa: F811
    window = await sit(Role.AUTHOR)
    article = await an_article()
    page = await window.open(f"/admin/items/{article}")
    kept = json.dumps([{"type": "quote", "key": "quote-1", "text": "没有发出去"}], ensure_ascii=False)
    await page.evaluate(
        """blocks => {
            const text = new URLSearchParams({ title: 'x', audience: 'everyone', form: 'news',
                body: '[[quote-1]]', blocks, 'cover.asset': '', 'cover.alt': '' });
            const { draft, staff } = document.getElementById('draft').dataset;
            const kept = JSON.stringify({ at: Date.now(), text: text.toString() });
            localStorage.setItem(`draft:${draft}:${staff}`, kept);
        }""",
        kept,
    )
    await page.reload()
    await page.get_by_role("button", name="恢复这些修改").click()
    await expect(page.locator("[data-block]")).to_contain_text("没有发出去")
    await expect(page.locator("#save-state")).to_contain_text("已保存")
    assert (await draft(article))["blocks"][0]["text"] == "没有发出去"
