"""Consent, the phone number, export and erasure, through the doors: what is stored, what is told, what is gone."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from people_fixtures import People, Visitor, Visitors

from cdp import accounts, erasure, mini_programs, phones, stewards
from cdp import people as oneid
from cdp.erasure import Erased
from server.core import clock
from server.core.db import connection
from server.core.idempotency import once
from server.core.keys import KeyDestroyed
from server.core.roles import Audience
from server.demo.consent_texts import MARK, VERSION
from server.sandbox.demo import DOCTOR, DOCTOR_APPID, SECOND_DOCTOR

PHONE = "13800138001"


async def bind_phone(visitors: Visitors, visitor: Visitor, user: str = DOCTOR) -> httpx.Response:
    code = await visitors.sandbox.phone_code(user)
    return await visitors.client.put("/api/doctor/me/phone", json={"code": code}, headers=visitor.headers)


async def say(client: httpx.AsyncClient, visitor: Visitor, **word: Any) -> httpx.Response:
    return await client.post(f"/api/{visitor.audience}/consents", json=word, headers=visitor.headers)


async def stored() -> dict[str, list[str]]:
    """Read every row of every table as text, for looking for what must not be there."""
    tables = await connection().fetch(
        "SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = 'public' "
        "AND relkind IN ('r', 'p') AND NOT relispartition"
    )
    names = [table["relname"] for table in tables]
    return {
        name: [row["line"] for row in await connection().fetch(f'SELECT t::text AS line FROM "{name}" AS t')]
        for name in names
    }


async def everything_stored() -> str:
    return str(await stored())


async def tables_with_rows() -> set[str]:
    return {name for name, rows in (await stored()).items() if rows}


async def test_a_guest_reads_the_texts_and_has_agreed_to_nothing(people: People, client: httpx.AsyncClient) -> None:
    for portal, further in (("doctor", ["verification"]), ("patient", [])):
        told = (await client.get(f"/api/{portal}/consents")).json()["items"]
        assert [item["purpose"] for item in told] == ["service", "analytics", "marketing", *further]
        assert [item["purpose"] for item in told if item["required"]] == ["service"]
        assert [item["purpose"] for item in told if item["separate"]] == further
        assert not any(item["granted"] or item["must_ask"] or item["agreed_version"] for item in told)
        assert all(item["body"].startswith(MARK) and item["version"] == VERSION for item in told)


async def test_consent_is_given_and_taken_back_with_effect_at_once(people: People, client: httpx.AsyncClient) -> None:
    chen = await people.doctor(consents=())
    for purpose in ("service", "marketing"):
        answer = await say(client, chen, purpose=purpose, version=VERSION, granted=True)
        assert answer.status_code == 200
    me = (await client.get("/api/doctor/me", headers=chen.headers)).json()
    assert (me["consent_needed"], me["consent_version"], me["purposes"]) == (False, VERSION, ["marketing", "service"])
    answer = await say(client, chen, purpose="marketing", granted=False)
    assert [(item["purpose"], item["granted"]) for item in answer.json()["items"]] == [
        ("service", True),
        ("analytics", False),
        ("marketing", False),
        ("verification", False),
    ]
    me = (await client.get("/api/doctor/me", headers=chen.headers)).json()
    assert me["purposes"] == ["service"]


async def test_the_word_reaches_the_standing_at_once(app: Any, people: People, client: httpx.AsyncClient) -> None:
    chen = await people.doctor(consents=())
    standing = app.ctx.standings
    assert (
        await standing(account_id=chen.account_id, session_id=chen.session_id, at=clock.now())
    ).consented == frozenset()
    await say(client, chen, purpose="service", version=VERSION, granted=True)
    assert (await standing(account_id=chen.account_id, session_id=chen.session_id, at=clock.now())).consented == {
        "service"
    }
    await say(client, chen, purpose="service", granted=False)
    assert (
        await standing(account_id=chen.account_id, session_id=chen.session_id, at=clock.now())
    ).consented == frozenset()


@pytest.mark.parametrize(
    ("word", "status", "code", "field"),
    [
        ({"purpose": "service", "version": "2020-01-01", "granted": True}, 409, "consent_text_outdated", "version"),
        ({"purpose": "service", "granted": True}, 409, "consent_text_outdated", "version"),
        ({"purpose": "health", "version": VERSION, "granted": True}, 404, "purpose_missing", "purpose"),
        ({"purpose": "analytics", "version": VERSION, "granted": True}, 403, "consent_needed", None),
        ({"purpose": "spying", "version": VERSION, "granted": True}, 422, "bad_field", "purpose"),
        ({"purpose": "service", "version": "x" * 17, "granted": True}, 422, "bad_field", "version"),
        ({"purpose": "service", "version": VERSION, "granted": "yes"}, 422, "bad_field", "granted"),
        ({"purpose": "service", "version": VERSION}, 422, "bad_field", "granted"),
    ],
    ids=["old", "none", "no text", "before the service", "unknown", "long", "wrong type", "missing"],
)
async def test_words_that_do_not_count(
    people: People, client: httpx.AsyncClient, word: dict[str, Any], status: int, code: str, field: str | None
) -> None:
    chen = await people.doctor(consents=())
    answer = await say(client, chen, **word)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field")) == (status, code, field)
    assert await connection().value("SELECT count(*) FROM consent") == 0


async def test_without_consent_no_number_is_even_asked_for(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    answer = await bind_phone(visitors, chen)
    assert (answer.status_code, answer.json()["code"]) == (403, "consent_needed")
    assert visitors.sandbox.calls("/wxa/business/getuserphonenumber") == 0
    everything = await everything_stored()
    assert PHONE not in everything


async def test_before_consent_nothing_is_stored_but_the_sign_in(visitors: Visitors) -> None:
    await visitors.sign_in(DOCTOR)
    everything = await everything_stored()
    assert await tables_with_rows() <= {
        "account",
        "account_session",
        "audit_entry",
        "consent_text",
        "event",
        "event_key",
        "identity_key",
        "mini_program",
        "person",
        "person_map",
        "refresh_token",
        "sealing_key",
        "tortoise_migrations",
    }
    openid = visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    assert openid not in everything
    assert openid.encode().hex() not in everything
    kinds = await connection().fetch("SELECT kind FROM identity_key")
    assert [row["kind"] for row in kinds] == ["unionid"]


async def test_a_number_is_bound_sealed_and_shown_masked(app: Any, visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    bound = await bind_phone(visitors, chen)
    assert (bound.status_code, bound.json()["masked"]) == (200, "138****8001")
    me = await visitors.client.get("/api/doctor/me", headers=chen.headers)
    assert me.json()["phone"]["masked"] == "138****8001"
    everything = await everything_stored()
    assert PHONE not in everything
    assert PHONE.encode().hex() not in everything
    found = await phones.accounts_with(sealer=app.ctx.sealer, audience=Audience.DOCTOR, number=PHONE)
    assert found == [chen.account_id]
    assert await phones.accounts_with(sealer=app.ctx.sealer, audience=Audience.PATIENT, number=PHONE) == []


async def test_another_number_takes_the_place_of_the_first(app: Any, visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    await bind_phone(visitors, chen)
    await visitors.sandbox.pull("users", user=DOCTOR, name="演示医生陈", phone="13900139000")
    assert (await bind_phone(visitors, chen)).json()["masked"] == "139****9000"
    assert await phones.accounts_with(sealer=app.ctx.sealer, audience=Audience.DOCTOR, number=PHONE) == []


async def test_a_number_is_forgotten_when_asked(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    await bind_phone(visitors, chen)
    for _ in range(2):
        assert (await visitors.client.delete("/api/doctor/me/phone", headers=chen.headers)).status_code == 200
    assert (await visitors.client.get("/api/doctor/me", headers=chen.headers)).json()["phone"] is None
    assert await connection().value("SELECT count(*) FROM identity_key WHERE kind = 'phone'") == 0


async def test_taking_back_the_service_forgets_the_number(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen, "service", "analytics")
    await bind_phone(visitors, chen)
    await say(visitors.client, chen, purpose="service", granted=False)
    me = (await visitors.client.get("/api/doctor/me", headers=chen.headers)).json()
    assert (me["phone"], me["purposes"], me["consent_needed"]) == (None, [], True)


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [
        ({"kind": "error", "code": 1400001}, 429, "wechat_quota"),
        ({"kind": "error", "code": 40013}, 503, "wechat_failed"),
        ({"kind": "busy"}, 503, "wechat_busy"),
        ({"kind": "expired_token", "times": 1}, 200, None),
    ],
    ids=["no allowance", "wrong app", "busy", "token"],
)
async def test_what_wechat_answers_to_a_number_becomes_a_named_refusal(
    visitors: Visitors, fault: dict[str, Any], status: int, code: str | None
) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    await visitors.sandbox.pull("faults", path="/wxa/business/getuserphonenumber", **fault)
    answer = await bind_phone(visitors, chen)
    assert (answer.status_code, answer.json().get("code")) == (status, code)


async def test_a_phone_code_works_once_is_no_login_code_and_is_its_owners(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    code = await visitors.sandbox.phone_code(DOCTOR)

    async def put(code: str) -> tuple[int, str | None]:
        answer = await visitors.client.put("/api/doctor/me/phone", json={"code": code}, headers=chen.headers)
        return answer.status_code, answer.json().get("code")

    assert await put(code) == (200, None)
    assert (await put(code))[0] in {409, 422}
    assert await put(await visitors.code(DOCTOR)) == (422, "code_invalid")
    assert (await put(await visitors.sandbox.phone_code(SECOND_DOCTOR)))[0] in {422, 503}
    assert (await visitors.client.get("/api/doctor/me", headers=chen.headers)).json()["phone"]["masked"] == (
        "138****8001"
    )


async def test_tries_that_cost_money_are_limited(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen)
    answers = [
        await visitors.client.put("/api/doctor/me/phone", json={"code": "0" * 64}, headers=chen.headers)
        for _ in range(6)
    ]
    assert [answer.status_code for answer in answers] == [422] * 5 + [429]


async def test_two_people_with_one_number_are_both_served_and_a_steward_is_asked(visitors: Visitors) -> None:
    chen, lin = await visitors.sign_in(DOCTOR), await visitors.sign_in(SECOND_DOCTOR)
    await visitors.sandbox.pull("users", user=SECOND_DOCTOR, name="演示医生林", phone=PHONE)
    for visitor, user in ((chen, DOCTOR), (lin, SECOND_DOCTOR)):
        await visitors.agree(visitor)
        assert (await bind_phone(visitors, visitor, user)).json()["masked"] == "138****8001"
    (review,) = await stewards.reviews()
    assert {review.one.account_id, review.other.account_id} == {chen.account_id, lin.account_id}
    exported = (await visitors.client.get("/api/doctor/me/export", headers=lin.headers)).text
    assert visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR) not in exported


async def test_two_who_bind_one_number_at_once_are_asked_about_once(visitors: Visitors) -> None:
    await visitors.sandbox.pull("users", user=SECOND_DOCTOR, name="演示医生林", phone=PHONE)
    both = [(await visitors.sign_in(user), user) for user in (DOCTOR, SECOND_DOCTOR)]
    for visitor, _ in both:
        await visitors.agree(visitor)
    for _ in range(5):
        for visitor, _ in both:
            await visitors.client.delete("/api/doctor/me/phone", headers=visitor.headers)
        assert await stewards.reviews() == []
        await connection().execute("DELETE FROM merge_review")
        answers = await asyncio.gather(*(bind_phone(visitors, visitor, user) for visitor, user in both))
        assert [answer.status_code for answer in answers] == [200, 200]
        assert len(await stewards.reviews()) == 1


@pytest.fixture
def rooms() -> Iterator[dict[str, Any]]:
    """A room that holds something of people, beside those of the house."""
    asked: dict[str, Any] = {"calls": []}

    async def export(*, account_ids: Any) -> Any:
        return {"of": list(account_ids), "notes": ["术后随访"]}

    async def erase(*, account_ids: Any, at: Any) -> Erased:
        asked["calls"].append(list(account_ids))
        if asked.get("fails"):
            raise RuntimeError("the room is on fire")
        return Erased(rows=3, kept=1, why_kept="不良反应报告须留存")

    exports, erasers = dict(erasure._exports), dict(erasure._erasers)
    erasure.contribute(exports={**exports, "notes": export}, erasers={**erasers, "notes": erase})
    yield asked
    erasure.contribute(exports=exports, erasers=erasers)


async def test_an_export_holds_everything_of_the_person_and_of_nobody_else(
    visitors: Visitors, rooms: dict[str, Any]
) -> None:
    chen, lin = await visitors.sign_in(DOCTOR), await visitors.sign_in(SECOND_DOCTOR)
    await visitors.agree(chen, "service", "analytics")
    await visitors.agree(lin, "service")
    await bind_phone(visitors, chen)
    answer = await visitors.client.get("/api/doctor/me/export", headers=chen.headers)
    assert answer.headers["cache-control"] == "no-store"
    assert "attachment" in answer.headers["content-disposition"]
    told = answer.json()
    (account,) = told["accounts"]
    assert account["account_id"] == chen.account_id
    assert account["openid"] == visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    assert account["phone"] == f"+86{PHONE}"
    assert [(word["purpose"], word["granted"]) for word in told["consents"]] == [
        ("service", True),
        ("analytics", True),
    ]
    assert len(told["sessions"]) == 1
    assert told["notes"] == {"of": [chen.account_id], "notes": ["术后随访"]}
    assert visitors.sandbox.world.openid(DOCTOR_APPID, SECOND_DOCTOR) not in answer.text


async def test_after_erasure_nothing_can_be_opened_and_nobody_is_let_in(
    app: Any, visitors: Visitors, rooms: dict[str, Any]
) -> None:
    chen, lin = await visitors.sign_in(DOCTOR), await visitors.sign_in(SECOND_DOCTOR)
    for visitor, user in ((chen, DOCTOR), (lin, SECOND_DOCTOR)):
        await visitors.agree(visitor, "service", "analytics")
        await bind_phone(visitors, visitor, user)
    sealed = await connection().row("SELECT openid, phone FROM account WHERE id = $1", chen.account_id)

    answer = await visitors.client.delete("/api/doctor/me", headers=chen.headers)

    assert answer.status_code == 200
    receipts = {receipt["room"]: receipt for receipt in answer.json()["receipts"]}
    assert receipts["notes"] == {"room": "notes", "erased": 3, "kept": 1, "why_kept": "不良反应报告须留存"}
    assert receipts["accounts"]["erased"] > 0
    assert rooms["calls"] == [[chen.account_id]]
    owner = accounts.owner(chen.account_id)
    for field in ("openid", "phone"):
        with pytest.raises(KeyDestroyed):
            await app.ctx.sealer.open(owner=owner, field=field, sealed=sealed[field])
    with pytest.raises(KeyDestroyed):
        await app.ctx.sealer.seal(owner=owner, field="phone", text="x", at=clock.now())
    for method, path in (("GET", "me"), ("GET", "me/export"), ("DELETE", "me"), ("DELETE", "me/phone")):
        gone = await visitors.client.request(method, f"/api/doctor/{path}", headers=chen.headers)
        assert (gone.status_code, gone.json()["code"]) == (401, "session_ended")
    refreshed = await visitors.client.post("/api/doctor/sessions/refresh", json={"refresh_token": chen.refresh_token})
    assert (refreshed.status_code, refreshed.json()["code"]) == (401, "refresh_invalid")
    row = await connection().row("SELECT * FROM account WHERE id = $1", chen.account_id)
    assert (row["openid"], row["openid_hash"], row["phone"]) == (None, None, None)
    assert await connection().value("SELECT count(*) FROM identity_key WHERE account_id = $1", chen.account_id) == 0
    assert (await visitors.client.get("/api/doctor/me", headers=lin.headers)).json()["phone"] is not None


async def test_whoever_comes_back_after_an_erasure_begins_anew(app: Any, visitors: Visitors) -> None:
    before = await visitors.sign_in(DOCTOR)
    await visitors.agree(before, "service", "analytics")
    await bind_phone(visitors, before)
    told_at = clock.now()
    await visitors.client.delete("/api/doctor/me", headers=before.headers)

    after = await visitors.sign_in(DOCTOR)

    assert after.account_id != before.account_id
    me = (await visitors.client.get("/api/doctor/me", headers=after.headers)).json()
    assert (me["phone"], me["consent_needed"], me["purposes"]) == (None, True, [])
    assert await oneid.person_of(account_id=after.account_id) != await oneid.person_of(account_id=before.account_id)
    hashed = accounts.openid_hash(app.ctx.sealer, DOCTOR_APPID, visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR))
    assert await erasure.is_suppressed(kind="openid", hashed=hashed, told_at=told_at)
    assert not await erasure.is_suppressed(kind="openid", hashed=hashed, told_at=clock.now())
    app_of_doctors = visitors.sandbox.world.apps[DOCTOR_APPID]
    for kind, value in (("unionid", visitors.sandbox.world.unionid(app_of_doctors, DOCTOR)), ("phone", f"+86{PHONE}")):
        hashed = oneid.key_hash(app.ctx.sealer, kind=kind, audience=Audience.DOCTOR, value=value)  # type: ignore[arg-type]  # both are kinds
        assert await erasure.is_suppressed(kind=kind, hashed=hashed, told_at=told_at)
    await visitors.agree(after)
    assert (await bind_phone(visitors, after)).status_code == 200
    assert await stewards.reviews() == []


@pytest.fixture
async def second_app(app: Any, people: People) -> str:
    """A second mini-program for doctors."""
    program = await mini_programs.register(
        sealer=app.ctx.sealer,
        app_id="wx0000000000d0c702",
        audience=Audience.DOCTOR,
        name="第二个小程序",
        secret="secret",
        actor="test",
        at=clock.now(),
    )
    return program.app_id


async def test_nobody_joins_a_person_who_is_being_erased(app: Any, people: People, second_app: str) -> None:
    for number in range(8):
        chen = await people.sign_in(f"chen{number}", unionid=f"u{number}", consents=())
        erased, _ = await asyncio.gather(
            erasure.erase(
                sealer=app.ctx.sealer,
                changes=app.ctx.changes,
                account_id=chen.account_id,
                asked_by="test",
                at=clock.now(),
            ),
            people.sign_in(f"chen{number}", app_id=second_app, unionid=f"u{number}", consents=()),
        )
        alive = await connection().value(
            "SELECT count(*) FROM account JOIN person_map ON account_id = account.id "
            "JOIN person ON person.id = person_id "
            "WHERE until_at IS NULL AND account.erased_at IS NULL AND person.erased_at IS NOT NULL"
        )
        assert alive == 0, erased


async def test_an_erasure_takes_all_accounts_of_the_person_and_leaves_the_other_portal(
    people: People, second_app: str, client: httpx.AsyncClient
) -> None:
    one = await people.sign_in("chen", unionid="u")
    other = await people.sign_in("chen", app_id=second_app, unionid="u")
    patient = await people.sign_in("chen", Audience.PATIENT, unionid="u")
    answer = await client.delete("/api/doctor/me", headers=one.headers)
    assert answer.json()["accounts"] == 2
    assert (await client.get("/api/doctor/me", headers=other.headers)).status_code == 401
    assert (await client.get("/api/patient/me", headers=patient.headers)).status_code == 200
    back = await people.sign_in("chen", unionid="u", consents=())
    assert back.account_id not in {one.account_id, other.account_id}


async def test_an_erasure_that_fails_in_one_room_changes_nothing(visitors: Visitors, rooms: dict[str, Any]) -> None:
    rooms["fails"] = True
    chen = await visitors.sign_in(DOCTOR)
    answer = await visitors.client.delete("/api/doctor/me", headers=chen.headers)
    assert (answer.status_code, answer.json()["code"]) == (500, "fault")
    assert (await visitors.client.get("/api/doctor/me", headers=chen.headers)).status_code == 200
    assert await connection().value("SELECT count(*) FROM erasure") == 0


async def test_two_erasures_and_a_sign_in_at_once_end_in_one_erasure(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    code = await visitors.code(DOCTOR)
    first, second, again = await asyncio.gather(
        visitors.client.delete("/api/doctor/me", headers=chen.headers),
        visitors.client.delete("/api/doctor/me", headers=chen.headers),
        visitors.try_sign_in("doctor", DOCTOR_APPID, code),
    )
    assert sorted((first.status_code, second.status_code)) == [200, 401]
    assert again.status_code == 200
    assert await connection().value("SELECT count(*) FROM erasure") == 1
    headers = {"authorization": f"Bearer {again.json()['access_token']}"}
    me = await visitors.client.get("/api/doctor/me", headers=headers)
    same = again.json()["account_id"] == chen.account_id
    assert me.status_code == (401 if same else 200)


async def test_erasure_forgets_replies_under_keys_and_questions_about_people(app: Any, visitors: Visitors) -> None:
    chen, lin = await visitors.sign_in(DOCTOR), await visitors.sign_in(SECOND_DOCTOR)
    await visitors.sandbox.pull("users", user=SECOND_DOCTOR, name="演示医生林", phone=PHONE)
    for visitor, user in ((chen, DOCTOR), (lin, SECOND_DOCTOR)):
        await visitors.agree(visitor)
        await bind_phone(visitors, visitor, user)

    async def act() -> str:
        return "done"

    await once(account_id=chen.account_id, key="k" * 8, deed="d", request={}, at=clock.now(), act=act, shape=str)
    await visitors.client.delete("/api/doctor/me", headers=chen.headers)
    assert await connection().value("SELECT count(*) FROM idempotency_key") == 0
    assert await stewards.reviews() == []
    assert await connection().value("SELECT hash FROM merge_review") is None


async def test_the_log_tells_of_the_erasure_and_holds_nothing_that_names_the_person(visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen, "service", "analytics")
    await bind_phone(visitors, chen)
    await visitors.client.delete("/api/doctor/me", headers=chen.headers)
    rows = await connection().fetch("SELECT name, body FROM event ORDER BY received_at")
    names = [row["name"] for row in rows]
    assert names.count("erasure_requested") == names.count("erasure_done") == 1
    openid = visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    assert not any(openid in str(row["body"]) or PHONE in str(row["body"]) for row in rows)
    everything = await everything_stored()
    assert openid not in everything
    assert PHONE not in everything


async def test_the_platforms_word_that_permission_was_taken_back_is_followed(app: Any, visitors: Visitors) -> None:
    chen = await visitors.sign_in(DOCTOR)
    await visitors.agree(chen, "service", "analytics", "marketing")
    await bind_phone(visitors, chen)
    openid = visitors.sandbox.world.openid(DOCTOR_APPID, DOCTOR)
    told = {"sealer": app.ctx.sealer, "changes": app.ctx.changes, "app_id": DOCTOR_APPID, "at": clock.now()}
    assert await erasure.authorization_revoked(openid=openid, **told)
    me = (await visitors.client.get("/api/doctor/me", headers=chen.headers)).json()
    assert (me["phone"], me["purposes"]) == (None, ["service"])
    assert await erasure.authorization_cancelled(openid=openid, **told)
    assert (await visitors.client.get("/api/doctor/me", headers=chen.headers)).status_code == 401
    assert not await erasure.authorization_cancelled(openid=openid, **told)
    assert not await erasure.authorization_revoked(openid=openid, **told)


async def test_the_database_itself_refuses_an_erased_account_with_a_name(people: People) -> None:
    chen = await people.doctor()
    with pytest.raises(asyncpg.CheckViolationError):
        await connection().execute("UPDATE account SET erased_at = now() WHERE id = $1", chen.account_id)


async def test_an_export_can_be_read_as_json_by_anything(people: People, client: httpx.AsyncClient) -> None:
    chen = await people.doctor()
    told = json.loads((await client.get("/api/doctor/me/export", headers=chen.headers)).content)
    assert told["exported_at"].endswith(("Z", "+00:00"))
