"""Reviewers at their desk: the queue, the page on which a text is judged, notes at a field, who must approve what."""

from typing import Any

from shelf import a_series, an_episode

from content import items, review_notes, review_rules, workflow
from content.workflow import State
from server.core import clock
from server.core.roles import Role


async def hand_in(desk: Any, item_id: int) -> Any:
    revision = (await items.draft_of(item_id=item_id)).revision
    return await desk.send(f"/admin/reviewing/{item_id}/submit", {"revision": str(revision)})


async def judge(desk: Any, item_id: int, role: Role, verdict: str = "approved", **more: str) -> Any:
    content_hash = (await items.draft_of(item_id=item_id)).content_hash
    fields = {"role": role.value, "verdict": verdict, "content_hash": content_hash, **more}
    return await desk.send(f"/admin/reviewing/{item_id}/verdict", fields)


async def state(item_id: int) -> State:
    return (await workflow.standing(item_id=item_id, at=clock.now())).state


async def test_a_text_goes_from_its_author_by_two_reviewers_to_the_publisher(employ: Any) -> None:
    author, medical = await employ(Role.AUTHOR), await employ(Role.MEDICAL)
    compliance, publisher = await employ(Role.COMPLIANCE), await employ(Role.PUBLISHER)
    item_id = await an_episode(parent_id=await a_series())
    assert "提交审核" in (await author.read(f"/admin/items/{item_id}")).text
    assert (await hand_in(author, item_id)).status_code == 303
    assert "第一次面诊，先听什么" in (await medical.read("/admin/reviewing?role=medical")).text
    assert (await judge(medical, item_id, Role.MEDICAL)).status_code == 303
    assert "第一次面诊，先听什么" not in (await medical.read("/admin/reviewing?role=medical")).text
    assert "第一次面诊，先听什么" in (await compliance.read("/admin/reviewing?role=compliance")).text
    await judge(compliance, item_id, Role.COMPLIANCE, note="可以")
    assert await state(item_id) == State.APPROVED
    page = (await compliance.read(f"/admin/reviewing/{item_id}")).text
    assert "物料编号" in page
    assert "XL-" in page
    await publisher.send(f"/admin/items/{item_id}/publish", {"revision": "1", "when": "now"})
    assert await state(item_id) == State.PUBLISHED


async def test_nobody_judges_their_own_text_nor_in_a_role_that_is_not_theirs(employ: Any) -> None:
    both = await employ(Role.AUTHOR, Role.MEDICAL)
    made = await a_series(published=False)
    text = await items.draft_of(item_id=made)
    changed = {**text.shape, "title": "自己写的"}
    await items.save_draft(item_id=made, shape=changed, revision=text.revision, staff_id=both.staff_id, at=clock.now())
    await hand_in(both, made)
    assert "您写了这份内容" in (await both.read(f"/admin/reviewing/{made}")).text
    assert (await judge(both, made, Role.MEDICAL)).status_code == 403
    assert (await judge(both, made, Role.COMPLIANCE)).status_code == 403
    author = await employ(Role.AUTHOR)
    assert (await judge(author, made, Role.MEDICAL)).status_code == 403


async def test_a_text_that_was_edited_meanwhile_is_not_judged(employ: Any) -> None:
    author, medical = await employ(Role.AUTHOR), await employ(Role.MEDICAL)
    item_id = await a_series(published=False)
    await hand_in(author, item_id)
    read = (await items.draft_of(item_id=item_id)).content_hash
    text = await items.draft_of(item_id=item_id)
    await items.save_draft(item_id=item_id, shape={**text.shape, "title": "改"}, revision=1, staff_id=1, at=clock.now())
    fields = {"role": "medical", "verdict": "approved", "content_hash": read}
    answer = await medical.send(f"/admin/reviewing/{item_id}/verdict", fields)
    assert answer.status_code == 409
    assert "内容在审核期间已被修改" in answer.text


async def test_what_was_refused_waits_for_its_author_and_not_for_the_role(employ: Any) -> None:
    author, medical = await employ(Role.AUTHOR), await employ(Role.MEDICAL)
    item_id = await a_series(published=False, title="要退回的系列")
    await hand_in(author, item_id)
    await judge(medical, item_id, Role.MEDICAL, "refused", note="请补充来源")
    assert "要退回的系列" not in (await medical.read("/admin/reviewing?role=medical")).text
    everything = (await author.read("/admin/reviewing")).text
    assert "已退回" in everything
    assert "请补充来源" in (await author.read(f"/admin/reviewing/{item_id}")).text


async def test_a_note_is_made_at_a_field_and_settled(employ: Any) -> None:
    author, legal = await employ(Role.AUTHOR), await employ(Role.LEGAL)
    item_id = await a_series(published=False)
    await legal.send(f"/admin/reviewing/{item_id}/notes", {"field": "summary", "text": "这里说得太满"})
    assert "这里说得太满" in (await author.read(f"/admin/reviewing/{item_id}")).text
    (note,) = await review_notes.listing(item_id=item_id)
    assert (await author.send(f"/admin/reviewing/{item_id}/notes/{note.id}/settle")).status_code == 303
    assert (await author.send(f"/admin/reviewing/{item_id}/notes/{note.id}/settle")).status_code == 409
    assert (await legal.send(f"/admin/reviewing/{item_id}/notes", {"field": "x", "text": " "})).status_code == 422


async def test_the_administrator_says_who_must_approve_what(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR)
    assert "审核要求" in (await boss.read("/admin/reviewing/rules")).text
    await boss.send("/admin/reviewing/rules/series", {"roles": ["legal"]})
    assert await review_rules.roles_of("series") == {Role.LEGAL}
    assert (await boss.send("/admin/reviewing/rules/series", {"roles": ["publisher"]})).status_code == 422
    assert (await boss.send("/admin/reviewing/rules/nonsense", {"roles": ["legal"]})).status_code == 422
    editor = await employ(Role.EDITOR)
    assert (await editor.send("/admin/reviewing/rules/series", {"roles": []})).status_code == 403


async def test_a_draft_of_any_form_can_be_read(employ: Any) -> None:
    medical = await employ(Role.MEDICAL)
    shape = {
        "title": "半成品",
        "body": "字\n\n[[a]]\n\n[[b]]",
        "blocks": [{"key": "a"}, {"type": "image", "key": "b"}, 7],
    }
    made = await items.create(kind="article", shape=shape, staff_id=1, at=clock.now())
    page = await medical.read(f"/admin/reviewing/{made.item_id}")
    assert page.status_code == 200
    assert "半成品" in page.text


async def test_script_in_a_body_is_text_on_the_page_of_reviewers(employ: Any) -> None:
    medical = await employ(Role.MEDICAL)
    body = "<script>alert(1)</script>\n\n[x](javascript:alert(1))"
    made = await items.create(kind="article", shape={"title": "坏", "body": body}, staff_id=1, at=clock.now())
    page = (await medical.read(f"/admin/reviewing/{made.item_id}")).text
    assert "<script>alert" not in page
    assert 'href="javascript' not in page
