"""Mini-programs: registered and rotated by app id, their secrets sealed."""

from typing import Any

import pytest
from people_fixtures import People

from cdp import mini_programs
from cdp.mini_programs import AppInvalid, AppUnknown, AudienceFixed, MiniProgram
from server.core import clock
from server.core.db import connection
from server.core.keys import Sealer
from server.core.roles import Audience
from server.sandbox.demo import DOCTOR_APPID, DOCTOR_SECRET, PUSH_AES_KEY, PUSH_TOKEN


async def register(sealer: Sealer, **parts: Any) -> MiniProgram:
    values: dict[str, Any] = {
        "app_id": "wx1234",
        "audience": Audience.DOCTOR,
        "name": "新的",
        "secret": "s3cret",
        **parts,
    }
    return await mini_programs.register(sealer=sealer, actor="staff:1", at=clock.now(), **values)


async def test_a_secret_lies_sealed_and_comes_out_only_for_the_client(app: Any, people: People) -> None:
    sealer = app.ctx.sealer
    found = await mini_programs.credentials(sealer=sealer, app_id=DOCTOR_APPID)
    assert (found.appid, found.secret) == (DOCTOR_APPID, DOCTOR_SECRET)
    stored = await connection().row("SELECT * FROM mini_program WHERE app_id = $1", DOCTOR_APPID)
    assert DOCTOR_SECRET.encode() not in bytes(stored["secret"])
    push = await mini_programs.push_secrets(sealer=sealer, app_id=DOCTOR_APPID)
    assert (push.token, push.aes_key) == (PUSH_TOKEN, PUSH_AES_KEY)
    noted = str([dict(row) for row in await connection().fetch("SELECT * FROM audit_entry")])
    for secret in (DOCTOR_SECRET, PUSH_TOKEN, PUSH_AES_KEY):
        assert secret not in noted
        assert secret not in repr(found) + repr(push)


async def test_rotating_replaces_what_is_given_and_keeps_the_rest(app: Any, people: People) -> None:
    sealer = app.ctx.sealer
    await register(sealer, app_id=DOCTOR_APPID, secret="", push_token="another", name="改名")
    assert (await mini_programs.credentials(sealer=sealer, app_id=DOCTOR_APPID)).secret == DOCTOR_SECRET
    assert (await mini_programs.push_secrets(sealer=sealer, app_id=DOCTOR_APPID)).token == "another"
    assert (await mini_programs.push_secrets(sealer=sealer, app_id=DOCTOR_APPID)).aes_key == PUSH_AES_KEY
    await register(sealer, app_id=DOCTOR_APPID, secret="rotated")
    assert (await mini_programs.credentials(sealer=sealer, app_id=DOCTOR_APPID)).secret == "rotated"


async def test_a_mini_program_keeps_its_audience(app: Any, people: People) -> None:
    with pytest.raises(AudienceFixed):
        await register(app.ctx.sealer, app_id=DOCTOR_APPID, audience=Audience.PATIENT)


async def test_a_disabled_mini_program_lets_nobody_in_until_it_is_registered_again(app: Any, people: People) -> None:
    sealer = app.ctx.sealer
    await mini_programs.disable(app_id=DOCTOR_APPID, actor="staff:1", at=clock.now())
    with pytest.raises(AppUnknown):
        await mini_programs.credentials(sealer=sealer, app_id=DOCTOR_APPID)
    with pytest.raises(AppUnknown):
        await mini_programs.first(audience=Audience.DOCTOR)
    assert [app.enabled for app in await mini_programs.listed() if app.app_id == DOCTOR_APPID] == [False]
    await register(sealer, app_id=DOCTOR_APPID, secret="")
    assert await mini_programs.first(audience=Audience.DOCTOR) == DOCTOR_APPID


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"app_id": "wx 1"}, "app_id"),
        ({"app_id": ""}, "app_id"),
        ({"app_id": "wx1234\n"}, "app_id"),
        ({"name": ""}, "name"),
        ({"name": "长" * 81}, "name"),
        ({"secret": ""}, "secret"),
        ({"push_key": "short"}, "push_key"),
    ],
    ids=lambda value: str(value)[:24],
)
async def test_what_cannot_be_registered(app: Any, people: People, parts: dict[str, Any], field: str) -> None:
    with pytest.raises(AppInvalid) as refused:
        await register(app.ctx.sealer, **parts)
    assert refused.value.field == field


async def test_a_mini_program_of_the_other_audience_is_unknown_here(app: Any, people: People) -> None:
    with pytest.raises(AppUnknown):
        await mini_programs.credentials(sealer=app.ctx.sealer, app_id=DOCTOR_APPID, audience=Audience.PATIENT)
    with pytest.raises(AppUnknown):
        await mini_programs.push_secrets(sealer=app.ctx.sealer, app_id="wx0000")
    with pytest.raises(AppUnknown):
        await mini_programs.disable(app_id="wx0000", actor="staff:1", at=clock.now())
