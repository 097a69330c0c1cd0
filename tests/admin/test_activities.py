"""The desk of activities: planning, who has registered, the sheet, the door, and the live desk."""

import re
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
import python_calamine

from content import activity_plans, broadcast_questions, check_in, polls
from server.core import clock
from server.core.db import connection
from server.core.roles import Role
from tests.content import hall, studio

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
JSON = {"accept": "application/json"}


async def activity(**plan: Any) -> int:
    now = clock.now()
    times = {"starts_at": now + HOUR, "ends_at": now + 4 * HOUR}
    return await hall.published_activity(at=now - DAY, plan={**times, **plan})


async def registered(activity_id: int, *names: str) -> list[int]:
    found = []
    for name in names:
        reader = await hall.guest_of(name=name)
        await hall.registered(reader, activity_id, at=clock.now())
        found.append(
            await connection().value("SELECT max(id) FROM registration WHERE account_id = $1", reader.account_id)
        )
    return found


PLAN = {
    "starts_at": "2027-03-01T09:00",
    "ends_at": "2027-03-01T17:00",
    "capacity": "30",
    "place_name": "示范会议中心",
    "place_address": "江城大道 1 号",
}


@pytest.mark.usefixtures("client")
class TestPlan:
    async def test_an_activity_is_planned_changed_and_cancelled(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await studio.draft("activity", await hall.activity_text())
        assert "示范会议中心" not in (await desk.read(f"/admin/activities/{activity_id}")).text
        answer = await desk.send(f"/admin/activities/{activity_id}/plan", PLAN)
        assert answer.status_code == 303
        page = (await desk.read(f"/admin/activities/{activity_id}")).text
        assert 'value="2027-03-01T09:00"' in page and 'value="示范会议中心"' in page
        assert 'name="capacity" value="30"' in page
        await desk.send(f"/admin/activities/{activity_id}/cancel", {"reason": "台风"})
        plan = await activity_plans.plan_of(activity_id=activity_id)
        assert plan is not None and plan.cancel_reason == "台风"
        assert "台风" in (await desk.read(f"/admin/activities/{activity_id}")).text
        deeds = await connection().fetch("SELECT deed FROM audit_entry WHERE subject_kind = 'activity' ORDER BY id")
        assert [row["deed"] for row in deeds] == ["activity.set", "activity.cancelled"]

    @pytest.mark.parametrize(
        ("changes", "said"),
        [
            ({"starts_at": ""}, "请填写开始和结束时间。"),
            ({"ends_at": "2027-03-01T08:00"}, "结束时间须晚于开始时间"),
            ({"capacity": "0"}, "名额数量有误"),
            ({"capacity": "many"}, "应为整数。"),
            ({"stream": "ftp://x"}, "直播流名称或地址有误"),
            ({"registration_closes_at": "2027-03-02T09:00"}, "报名截止须在活动结束之前。"),
            ({"starts_at": "gestern"}, "应为日期和时间。"),
        ],
    )
    async def test_what_is_wrong_is_said_and_what_was_typed_stays(
        self, employ: Any, changes: dict[str, str], said: str
    ) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await studio.draft("activity", await hall.activity_text())
        answer = await desk.send(f"/admin/activities/{activity_id}/plan", {**PLAN, **changes})
        assert answer.status_code == 422
        assert said in answer.text
        assert 'value="江城大道 1 号"' in answer.text
        assert await activity_plans.plan_of(activity_id=activity_id) is None

    async def test_who_does_not_host_sees_the_plan_and_no_names(self, employ: Any) -> None:
        activity_id = await activity()
        await registered(activity_id, "周明")
        analyst = await employ(Role.ANALYST)
        page = await analyst.read(f"/admin/activities/{activity_id}")
        assert page.status_code == 200
        assert "报名名单" not in page.text and "保存安排" not in page.text
        for address in ("registrations", "check-in", "check-in/now", "check-in/find", "broadcast", "broadcast/now"):
            answer = await analyst.read(f"/admin/activities/{activity_id}/{address}", **JSON)
            assert answer.status_code == 403, address

    async def test_the_form_of_the_plan_comes_alone_for_the_page_of_the_item(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity()
        part = await desk.read(f"/admin/activities/{activity_id}/plan", **{"hx-request": "true"})
        assert part.status_code == 200 and "<html" not in part.text
        sent = await desk.send(f"/admin/activities/{activity_id}/plan", {**PLAN, "next": f"/admin/items/{activity_id}"})
        assert sent.headers["location"] == f"/admin/items/{activity_id}"

    async def test_activities_are_found_by_title_and_time(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        await activity()
        await studio.draft("activity", await hall.activity_text(title="没有时间的会"))
        listed = (await desk.read("/admin/activities?when=unplanned")).text
        assert "没有时间的会" in listed and "低位直肠癌" not in listed
        assert "低位直肠癌" in (await desk.read("/admin/activities?text=直肠癌&when=coming")).text
        assert "没有符合条件的活动" in (await desk.read("/admin/activities?text=%25")).text
        assert "没有符合条件的活动" in (await desk.read("/admin/activities?when=past")).text


@pytest.mark.usefixtures("client")
class TestRegistrations:
    async def test_hosts_see_who_registered_and_find_them_by_name_or_hospital(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity(capacity=2)
        await registered(activity_id, "周明", "吴敏", "郑和")
        page = (await desk.read(f"/admin/activities/{activity_id}/registrations")).text
        assert all(name in page for name in ("周明", "吴敏", "郑和", "候补 1"))
        found = (await desk.read(f"/admin/activities/{activity_id}/registrations?text=吴")).text
        assert "吴敏" in found and "周明" not in found
        assert "周明" in (await desk.read(f"/admin/activities/{activity_id}/registrations?text=江城")).text
        waiting = (await desk.read(f"/admin/activities/{activity_id}/registrations?state=waiting")).text
        assert "郑和" in waiting and "周明" not in waiting

    async def test_the_sheet_has_the_least_no_formula_runs_in_it_and_it_is_audited(self, employ: Any) -> None:
        desk = await employ(Role.PUBLISHER)
        activity_id = await activity()
        await registered(activity_id, '=HYPERLINK("https://evil.example","x")', "周明")
        answer = await desk.send(f"/admin/activities/{activity_id}/registrations/sheet")
        assert answer.headers["content-type"].startswith("application/vnd.openxmlformats")
        assert "attachment" in answer.headers["content-disposition"]
        book = python_calamine.load_workbook(BytesIO(answer.content))
        rows = book.get_sheet_by_name("报名名单").to_python()
        assert rows[0] == ["序号", "姓名", "医院", "科室", "职称", "状态", "报名时间", "签到时间"]
        assert [row[1] for row in rows[1:]] == ['=HYPERLINK("https://evil.example","x")', "周明"]
        assert b"<f>" not in _sheet_xml(answer.content)
        entry = await connection().row("SELECT actor, after::text FROM audit_entry WHERE deed = 'registration.export'")
        assert entry is not None and entry["actor"] == f"staff:{desk.staff_id}" and '"rows": 2' in entry["after"]

    async def test_a_registration_is_ended_and_the_next_moves_up(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity(capacity=1)
        first, second = await registered(activity_id, "周明", "吴敏")
        answer = await desk.send(f"/admin/activities/{activity_id}/registrations/{first}/remove", {"reason": "电话"})
        assert answer.status_code == 303
        state = await connection().value("SELECT state FROM registration WHERE id = $1", second)
        assert state == "registered"
        again = await desk.send(f"/admin/activities/{activity_id}/registrations/{first}/remove")
        assert again.status_code == 404


def _sheet_xml(data: bytes) -> bytes:
    import zipfile

    with zipfile.ZipFile(BytesIO(data)) as archive:
        return archive.read("xl/worksheets/sheet1.xml")


@pytest.mark.usefixtures("client")
class TestDoor:
    async def test_a_code_lets_in_and_the_second_time_says_when_the_first_was(self, app: Any, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity()
        reader = await hall.guest_of(name="周明")
        await hall.registered(reader, activity_id, at=clock.now())
        code = await check_in.code_of(reader=reader, activity_id=activity_id, codes=app.ctx.door_codes, at=clock.now())
        address = f"/admin/activities/{activity_id}/check-in"
        first = await desk.send(address, {"code": code.short, "attempt": "attempt-1"}, **JSON)
        assert (first.status_code, first.json()["name"]) == (200, "周明")
        same = await desk.send(address, {"code": code.short, "attempt": "attempt-1"}, **JSON)
        assert same.json() == first.json()
        second = await desk.send(address, {"code": code.long, "attempt": "attempt-2"}, **JSON)
        assert (second.status_code, second.json()["code"]) == (409, "already_checked_in")
        assert "at" in second.json()["facts"]
        plain = await desk.send(address, {"code": code.long, "attempt": "attempt-3"})
        assert plain.status_code == 409 and "首次签到时间：" in plain.text
        wrong = await desk.send(address, {"code": "AAAA-BBBB"}, **JSON)
        assert wrong.json()["code"] == "door_code_unknown"
        part = (await desk.read(f"{address}/now", **{"hx-request": "true"})).text
        assert "周明" in part and re.search(r'data-testid="entered">1', part)

    async def test_somebody_without_a_code_is_found_and_let_in_by_name_and_undone_with_a_reason(
        self, employ: Any
    ) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity()
        [registration_id] = await registered(activity_id, "周明")
        address = f"/admin/activities/{activity_id}/check-in"
        found = (await desk.read(f"{address}/find?text=周", **{"hx-request": "true"})).text
        assert "周明" in found and f'value="{registration_id}"' in found
        assert "周明" not in (await desk.read(f"{address}/find?text=", **{"hx-request": "true"})).text
        await desk.send(address, {"registration": str(registration_id)})
        assert await connection().value("SELECT way FROM check_in") == "name"
        refused = await desk.send(f"{address}/{registration_id}/undo", {"reason": " "})
        assert refused.status_code == 422 and "请写明撤销签到的原因" in refused.text
        undone = await desk.send(f"{address}/{registration_id}/undo", {"reason": "扫错了"})
        assert undone.status_code == 303
        assert await connection().value("SELECT undo_reason FROM check_in") == "扫错了"

    async def test_the_page_of_the_door_may_use_the_camera_and_no_other_may(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await activity()
        door = await desk.read(f"/admin/activities/{activity_id}/check-in")
        assert door.headers["permissions-policy"].startswith("camera=(self)")
        other = await desk.read(f"/admin/activities/{activity_id}")
        assert other.headers["permissions-policy"].startswith("camera=()")

    async def test_what_is_on_line_has_no_door(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.read(f"/admin/activities/{await hall.published_broadcast()}/check-in")
        assert answer.status_code == 404


@pytest.mark.usefixtures("client")
class TestLiveDesk:
    async def test_a_host_closes_and_opens_the_broadcast(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await _on_air()
        address = f"/admin/activities/{activity_id}/broadcast"
        assert 'data-phase="on"' in (await desk.read(address)).text
        await desk.send(f"{address}/close")
        assert 'data-phase="over"' in (await desk.read(address)).text
        again = await desk.send(f"{address}/close")
        assert again.status_code == 409
        await desk.send(f"{address}/open")
        assert 'data-phase="on"' in (await desk.read(address)).text

    async def test_a_question_is_approved_answered_and_hidden_and_its_asker_is_not_shown(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await _on_air()
        reader = await hall.guest_of(name="周明")
        asked = await broadcast_questions.ask(
            reader=reader, activity_id=activity_id, text="<b>吻合口</b>距肛缘多少？", at=clock.now()
        )
        address = f"/admin/activities/{activity_id}/broadcast"
        page = (await desk.read(address)).text
        assert "&lt;b&gt;吻合口" in page and "周明" not in page
        for state, answer in (("approved", ""), ("answered", "四厘米。"), ("hidden", "")):
            sent = await desk.send(f"{address}/questions/{asked.id}", {"state": state, "answer": answer})
            assert sent.status_code == 303
        [row] = await broadcast_questions.queue(activity_id=activity_id)
        assert (row.state, row.answer) == ("hidden", "四厘米。")
        bad = await desk.send(f"{address}/questions/{asked.id}", {"state": "sold"})
        assert bad.status_code == 422
        assert (await desk.send(f"{address}/questions/999999", {"state": "hidden"})).status_code == 404

    async def test_a_poll_is_made_opened_and_closed(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        activity_id = await _on_air()
        address = f"/admin/activities/{activity_id}/broadcast"
        refused = await desk.send(f"{address}/polls", {"question": "造口吗？", "options": "是"})
        assert refused.status_code == 422 and "造口吗？" in refused.text
        await desk.send(f"{address}/polls", {"question": "造口吗？", "options": "是\r\n否\r\n\r\n"})
        [poll] = await polls.listing(activity_id=activity_id)
        assert poll.options == ["是", "否"]
        for deed in ("open", "close"):
            assert (await desk.send(f"{address}/polls/{poll.id}/{deed}")).status_code == 303
        assert (await desk.send(f"{address}/polls/{poll.id}/remove")).status_code == 409
        assert (await desk.send(f"{address}/polls/{poll.id}/sell")).status_code == 404

    async def test_a_recording_becomes_the_draft_of_a_video(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        now = clock.now()
        activity_id = await hall.published_broadcast(
            at=now - DAY, plan={"starts_at": now - 5 * HOUR, "ends_at": now - 3 * HOUR}
        )
        address = f"/admin/activities/{activity_id}/broadcast"
        film = await studio.a_file("video", seconds=3600.0)
        begins = f"{(now - 5 * HOUR).astimezone(clock.SHANGHAI):%Y-%m-%dT%H:%M:%S}"
        empty = await desk.send(f"{address}/recording", {"recorded_from": begins})
        assert empty.status_code == 422
        sent = await desk.send(f"{address}/recording", {"recording": str(film), "recorded_from": begins})
        replay_id = await connection().value("SELECT replay_id FROM broadcast WHERE activity_id = $1", activity_id)
        assert sent.headers["location"] == f"/admin/items/{replay_id}"
        assert f"/admin/items/{replay_id}" in (await desk.read(address)).text


async def _on_air() -> int:
    now = clock.now()
    plan = {"starts_at": now - HOUR, "ends_at": now + HOUR, "open_to_all": True}
    return await hall.published_broadcast(at=now - DAY, plan=plan)
