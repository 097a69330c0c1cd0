"""An administrator at work: taking on, changing, closing doors, reading the audit."""

from typing import Any

from desk import PASSWORD

from server.core import audit
from server.core.roles import Role
from server.core.tables import Staff


async def test_somebody_is_taken_on_and_has_to_change_the_password(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR)
    answer = await boss.send(
        "/admin/staff/new",
        {"email": "new@example.org", "name": "新同事", "password": "Grey-Heron-rests-7", "roles": ["editor", "author"]},
    )
    assert answer.headers["location"] == "/admin/staff"
    row = await Staff.get(email="new@example.org")
    assert (row.roles, row.must_change_password) == (["author", "editor"], True)
    listed = (await boss.client.get("/admin/staff")).text
    assert "新同事" in listed
    assert "首次登录时需要修改" in listed
    assert "首次登录时需要修改" not in (await boss.client.get("/admin/staff")).text
    (entry,) = await audit.entries(deed="staff.create")
    assert entry.actor == f"staff:{boss.staff_id}"


async def test_what_is_wrong_stands_at_its_field_and_nothing_typed_is_lost(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR)
    answer = await boss.send(
        "/admin/staff/new", {"email": "new@example.org", "name": "新同事", "password": "short", "roles": "editor"}
    )
    assert answer.status_code == 422
    assert 'id="password-error"' in answer.text
    assert 'value="新同事"' in answer.text
    assert 'value="editor" checked' in answer.text


async def test_roles_change_and_the_person_is_signed_out(employ: Any) -> None:
    boss, member = await employ(Role.ADMINISTRATOR), await employ(Role.EDITOR)
    answer = await boss.send(f"/admin/staff/{member.staff_id}", {"name": "林晓", "roles": ["analyst"]})
    assert answer.status_code == 303
    assert (await member.read("/admin/")).headers["location"].startswith("/admin/sign-in")


async def test_ones_own_roles_stay_whatever_is_sent(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR)
    await boss.send(f"/admin/staff/{boss.staff_id}", {"name": "新名字", "roles": ["editor", "publisher"]})
    row = await Staff.get(id=boss.staff_id)
    assert (row.name, row.roles) == ("新名字", ["administrator"])
    assert (await boss.send(f"/admin/staff/{boss.staff_id}/disable")).status_code == 403


async def test_a_disabled_person_is_out_at_once(employ: Any) -> None:
    boss, member = await employ(Role.ADMINISTRATOR), await employ(Role.EDITOR)
    await boss.send(f"/admin/staff/{member.staff_id}/disable")
    assert (await member.read("/admin/")).status_code == 303
    await boss.send(f"/admin/staff/{member.staff_id}/enable")
    assert (await Staff.get(id=member.staff_id)).disabled_at is None


async def test_the_audit_is_read_by_filter_and_page(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR)
    for number in range(60):
        await boss.send(f"/admin/staff/{boss.staff_id}", {"name": f"名字{number}"})
    page = (await boss.read("/admin/audit?deed=staff.change")).text
    assert "名字59" in page
    assert "名字5&#34;" not in page
    older = page.split('href="/admin/audit?deed=staff.change&amp;before=')[1].split('"')[0]
    assert "名字5" in (await boss.read(f"/admin/audit?deed=staff.change&before={older}")).text
    assert "没有符合条件的记录" in (await boss.read("/admin/audit?since=2199-01-01")).text


async def test_a_wrong_present_password_changes_nothing(employ: Any) -> None:
    desk = await employ(Role.EDITOR)
    before = (await Staff.get(id=desk.staff_id)).password_hash
    fresh = {"password": "Grey-Heron-rests-7", "again": "Grey-Heron-rests-7"}
    assert (await desk.send("/admin/account/password", {"current": "wrong", **fresh})).status_code == 422
    again = await desk.send("/admin/account/password", {"current": PASSWORD, **fresh, "again": "another"})
    assert "不一致" in again.text
    assert (await Staff.get(id=desk.staff_id)).password_hash == before
