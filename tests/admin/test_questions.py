"""An editor at the queue of doctors' questions: filter, merge, answer, make an episode, set aside."""

from typing import Any

import httpx
import pytest

from content import asked, inquiries, inquiry_listing
from server.core import clock
from server.core.db import connection
from server.core.roles import Reader, Role
from tests.viewing_fixtures import doctor, series

WORDS = "放化疗后完全缓解，还要手术吗？"
ALIKE = "放化疗以后完全缓解了，还需要手术吗？"


async def asks(reader: Reader, series_id: int, text: str) -> int:
    made = await asked.ask(reader=reader, series_id=series_id, text=text, at=clock.now())
    found: int = await connection().value("SELECT inquiry_id FROM asked_question WHERE id = $1", made.id)
    return found


@pytest.fixture
async def queue(client: httpx.AsyncClient) -> tuple[int, int, int]:
    """Two inquiries to one series, and the series."""
    series_id = await series("医探究竟")
    return await asks(await doctor(), series_id, WORDS), await asks(await doctor(), series_id, ALIKE), series_id


async def test_the_queue_is_for_who_answers(employ: Any, queue: tuple[int, int, int]) -> None:
    for role, status in ((Role.EDITOR, 200), (Role.MEDICAL, 200), (Role.AUTHOR, 403), (Role.ANALYST, 403)):
        desk = await employ(role)
        assert (await desk.read("/admin/questions")).status_code == status
        assert (await desk.read(f"/admin/questions/{queue[0]}")).status_code == status
        for deed in (f"{queue[0]}/answer", f"{queue[0]}/episode", f"{queue[0]}/aside", "merge"):
            if status == 403:
                assert (await desk.send(f"/admin/questions/{deed}")).status_code == 403
    stranger: httpx.AsyncClient = (await employ(Role.EDITOR)).client
    stranger.cookies.clear()
    assert (await stranger.get("/admin/questions")).status_code == 303


async def test_it_is_filtered_by_series_and_state(employ: Any, queue: tuple[int, int, int]) -> None:
    desk, other = await employ(Role.EDITOR), await series("另一个系列")
    await asks(await doctor(), other, "造口旁疝怎么预防比较好？")
    page = (await desk.read(f"/admin/questions?series={queue[2]}")).text
    assert WORDS in page
    assert "造口旁疝" not in page
    await inquiries.answer(inquiry_id=queue[0], text="先随访。", staff_id=1, at=clock.now())
    assert WORDS not in (await desk.read("/admin/questions")).text.replace(ALIKE, "")
    assert WORDS in (await desk.read("/admin/questions?state=answered")).text
    assert WORDS in (await desk.read("/admin/questions?state=all")).text
    assert "没有这样的问题" in (await desk.read("/admin/questions?state=set_aside")).text


async def test_the_same_questions_become_the_oldest(employ: Any, queue: tuple[int, int, int]) -> None:
    desk = await employ(Role.EDITOR)
    answer = await desk.send("/admin/questions/merge", {"inquiry": [str(queue[1]), str(queue[0])]})
    assert answer.headers["location"] == f"/admin/questions/{queue[0]}"
    page = (await desk.read(f"/admin/questions/{queue[0]}")).text
    assert WORDS in page
    assert ALIKE in page
    assert (await desk.read(f"/admin/questions/{queue[1]}")).status_code == 404
    refused = await desk.send("/admin/questions/merge", {"inquiry": [str(queue[0])]})
    assert refused.status_code == 422
    assert 'role="alert"' in refused.text


async def test_an_answer_that_is_refused_is_not_lost(employ: Any, queue: tuple[int, int, int]) -> None:
    desk = await employ(Role.MEDICAL)
    wrong = await desk.send(f"/admin/questions/{queue[0]}/answer", {"answer": "请电 13800138000 详谈"})
    assert wrong.status_code == 422
    assert "请电 13800138000 详谈" in wrong.text
    assert 'id="answer-error"' in wrong.text
    good = await desk.send(f"/admin/questions/{queue[0]}/answer", {"answer": "先随访，\r\n每三个月一次。"})
    assert good.status_code == 303
    kept = await inquiry_listing.inquiry_of(inquiry_id=queue[0])
    assert (kept.answer, kept.answered_by) == ("先随访，\n每三个月一次。", desk.staff_id)


async def test_a_question_becomes_a_draft_that_the_editor_goes_on_with(
    employ: Any, queue: tuple[int, int, int]
) -> None:
    desk = await employ(Role.EDITOR)
    wrong = await desk.send(f"/admin/questions/{queue[0]}/episode", {"wording": " "})
    assert (wrong.status_code, 'id="wording-error"' in wrong.text) == (422, True)
    answer = await desk.send(f"/admin/questions/{queue[0]}/episode", {"wording": "缓解之后，手术还是等待？"})
    page = await desk.read(answer.headers["location"])
    assert page.status_code == 200
    assert "缓解之后，手术还是等待？" in page.text
    assert answer.headers["location"] in (await desk.read(f"/admin/questions/{queue[0]}")).text


async def test_it_is_set_aside_and_taken_up_again(employ: Any, queue: tuple[int, int, int]) -> None:
    desk = await employ(Role.EDITOR)
    await desk.send(f"/admin/questions/{queue[0]}/aside")
    assert "恢复" in (await desk.read(f"/admin/questions/{queue[0]}")).text
    await desk.send(f"/admin/questions/{queue[0]}/aside", {"undo": "1"})
    await inquiries.answer(inquiry_id=queue[0], text="先随访。", staff_id=1, at=clock.now())
    assert (await desk.send(f"/admin/questions/{queue[0]}/aside")).status_code == 409


@pytest.mark.parametrize("address", ["/admin/questions/424242", "/admin/questions?page=x", "/admin/questions?series=x"])
async def test_odd_addresses_are_answered_in_a_page(employ: Any, address: str) -> None:
    answer = await (await employ(Role.EDITOR)).read(address)
    assert answer.status_code in {404, 422}
    assert "<h1" in answer.text
