"""The licence footer is for everybody, and says what the settings say."""

from dataclasses import replace
from typing import Any

import httpx


async def test_the_footer_says_what_the_settings_say(client: httpx.AsyncClient, app: Any) -> None:
    settings = app.ctx.settings
    app.ctx.settings = replace(
        settings,
        company="示例药业",
        icp_number="沪ICP备00000000号-1",
        drug_information_number="(沪)-非经营性-0000-0000",
    )
    try:
        answer = await client.get("/api/about", headers={"authorization": "Bearer of.some.thing"})
    finally:
        app.ctx.settings = settings
    assert answer.status_code == 200
    assert answer.json() == {
        "company": "示例药业",
        "icp_number": "沪ICP备00000000号-1",
        "drug_information_number": "(沪)-非经营性-0000-0000",
        "notice": "内容面向医疗卫生专业人士，不能代替面诊与医嘱",
        "demo": True,
    }


async def test_whoever_has_it_is_not_sent_it_again(client: httpx.AsyncClient) -> None:
    first = await client.get("/api/about")
    again = await client.get("/api/about", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
