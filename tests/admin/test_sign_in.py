"""The way in to the admin pages: through it, and around it."""

import dataclasses
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pyotp
import pytest
from desk import PASSWORD

from server.core import clock, staff_sessions, staff_totp
from server.core.roles import Role
from server.core.staff_sessions import StaffRules
from server.core.tables import Staff, StaffSession

OWN = re.compile(r'name="csrf" value="([0-9A-Za-z]+)"')


async def token_of(client: httpx.AsyncClient, address: str = "/admin/sign-in") -> str:
    found = OWN.search((await client.get(address)).text)
    assert found
    return found[1]


async def sign_in(client: httpx.AsyncClient, email: str, password: str = PASSWORD, **values: str) -> httpx.Response:
    csrf = await token_of(client)
    return await client.post("/admin/sign-in", data={"csrf": csrf, "email": email, "password": password, **values})


class TestTheWayIn:
    async def test_email_and_password_open_the_overview(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        answer = await sign_in(client, "lin@example.org")
        assert (answer.status_code, answer.headers["location"]) == (303, "/admin/")
        page = await client.get("/admin/")
        assert page.status_code == 200
        assert "概览" in page.text

    async def test_the_cookie_is_out_of_reach(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        answer = await sign_in(client, "lin@example.org")
        (cookie,) = [line for line in answer.headers.get_list("set-cookie") if line.startswith("xinglin_staff=")]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "Path=/" in cookie
        assert "Domain" not in cookie

    async def test_a_session_of_before_is_not_the_one_after(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        client.cookies.set("xinglin_staff", "planted-by-somebody-else", domain="127.0.0.1")
        await sign_in(client, "lin@example.org")
        tokens = [cookie.value for cookie in client.cookies.jar if cookie.name == "xinglin_staff"]
        assert any(value != "planted-by-somebody-else" for value in tokens)
        assert await StaffSession.filter(token_hash=staff_sessions.hash_of("planted-by-somebody-else")).count() == 0

    async def test_what_is_wrong_is_said_without_saying_what(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        known = await sign_in(client, "lin@example.org", "wrong")
        unknown = await sign_in(client, "nobody@example.org", "wrong")
        assert known.status_code == unknown.status_code == 401
        assert "邮箱或密码不正确" in known.text
        assert known.text.replace("lin@example.org", "") == unknown.text.replace("nobody@example.org", "")

    async def test_whoever_fails_too_often_has_to_wait(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        for _ in range(5):
            await sign_in(client, "lin@example.org", "wrong")
        answer = await sign_in(client, "lin@example.org")
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 800
        assert "15 分钟" in answer.text

    async def test_signing_out_ends_the_session_for_good(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        token = desk.client.cookies["xinglin_staff"]
        assert (await desk.send("/admin/sign-out")).status_code == 303
        desk.client.cookies.set("xinglin_staff", token, domain="127.0.0.1")
        assert (await desk.read("/admin/")).headers["location"].startswith("/admin/sign-in")

    @pytest.mark.parametrize(
        "further",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example",
            "/admin/../../evil",
            "/admin/..%2f",
            "/admin/\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
            "/admin/sign-in\t//evil",
            "/adminevil",
            "/admin@evil.example",
            "/admin/" + "x" * 600,
        ],
    )
    async def test_nobody_is_led_elsewhere(self, client: httpx.AsyncClient, employ: Any, further: str) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        answer = await sign_in(client, "lin@example.org", next=further)
        assert answer.headers["location"] == "/admin/"

    async def test_one_is_led_on_to_where_one_wanted(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.COMPLIANCE, email="lin@example.org")
        away = await client.get("/admin/audit?deed=staff.sign_in")
        assert away.headers["location"] == "/admin/sign-in?next=%2Fadmin%2Faudit%3Fdeed%3Dstaff.sign_in"
        answer = await sign_in(client, "lin@example.org", next="/admin/audit?deed=staff.sign_in")
        assert answer.headers["location"] == "/admin/audit?deed=staff.sign_in"

    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            (b"email=%ff%fe&password=x", "application/x-www-form-urlencoded"),
            (b"\xff\xfe", "application/x-www-form-urlencoded"),
            (b"a=1&" * 5000, "application/x-www-form-urlencoded"),
            (b"email=a%00b&password=x", "application/x-www-form-urlencoded"),
            (b'{"email": 1}', "application/json"),
            (b"--x\r\n", "multipart/form-data; boundary=x"),
            (b"email=" + b"x" * 100_000, "application/x-www-form-urlencoded"),
        ],
        ids=["not-utf-8", "not-ascii", "many-fields", "nul", "json", "multipart", "huge"],
    )
    async def test_a_form_that_is_none_is_refused(self, client: httpx.AsyncClient, body: bytes, kind: str) -> None:
        csrf = await token_of(client)
        answer = await client.post("/admin/sign-in", content=body, headers={"content-type": kind, "x-csrf-token": csrf})
        assert 400 <= answer.status_code < 500
        assert answer.headers["content-type"].startswith("text/html")


class TestTheSecondFactor:
    async def test_the_code_page_stands_between(self, client: httpx.AsyncClient, app: Any, employ: Any) -> None:
        desk = await employ(Role.EDITOR, email="lin@example.org")
        totp = await _set_up(app, desk)
        await sign_in(client, "lin@example.org", next="/admin/account/")
        assert (await client.get("/admin/audit")).headers["location"].startswith("/admin/sign-in/code")
        wrong = await client.post(
            "/admin/sign-in/code", data={"csrf": await token_of(client, "/admin/sign-in/code"), "code": "12"}
        )
        assert wrong.status_code == 422
        assert "验证码不正确" in wrong.text
        before = client.cookies["xinglin_staff"]
        right = await client.post(
            "/admin/sign-in/code",
            data={
                "csrf": await token_of(client, "/admin/sign-in/code"),
                "code": totp.at(clock.now() + timedelta(seconds=30)),
                "next": "/admin/account/",
            },
        )
        assert right.headers["location"] == "/admin/account/"
        assert client.cookies["xinglin_staff"] != before
        assert (await client.get("/admin/")).status_code == 200

    async def test_a_code_that_was_used_opens_nothing(self, client: httpx.AsyncClient, app: Any, employ: Any) -> None:
        desk = await employ(Role.EDITOR, email="lin@example.org")
        totp = await _set_up(app, desk)
        await sign_in(client, "lin@example.org")
        csrf = await token_of(client, "/admin/sign-in/code")
        used = totp.at((await Staff.get(id=desk.staff_id)).totp_last_step * 30)
        answer = await client.post("/admin/sign-in/code", data={"csrf": csrf, "code": used})
        assert answer.status_code == 422

    async def test_it_can_be_set_up_with_a_picture_or_by_typing(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        page = await desk.send("/admin/account/totp/begin")
        secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)
        assert secret
        picture = await desk.read("/admin/account/totp.svg")
        assert picture.headers["content-type"] == "image/svg+xml"
        assert picture.headers["cache-control"] == "no-store"
        totp = pyotp.TOTP(secret[1].replace(" ", ""))
        answer = await desk.send("/admin/account/totp", {"code": totp.now()})
        assert answer.headers["location"] == "/admin/account"
        assert (await desk.read("/admin/account/")).text.count("badge-green") == 1


async def _set_up(app: Any, desk: Any) -> pyotp.TOTP:
    now = clock.now()
    sealer = app.ctx.sealer
    begun = await staff_totp.begin(staff_id=desk.staff_id, sealer=sealer, at=now)
    totp = pyotp.TOTP(begun.secret)
    await staff_totp.confirm(
        staff_id=desk.staff_id,
        code=totp.at(now),
        session=staff_sessions.hash_of(desk.client.cookies["xinglin_staff"]),
        sealer=sealer,
        at=now,
        rules=StaffRules.of(app.ctx.settings),
    )
    return totp


class TestAround:
    async def test_a_deed_without_the_token_of_the_session_is_refused(self, employ: Any) -> None:
        desk = await employ(Role.ADMINISTRATOR)
        for csrf in ("", "x", desk.csrf[:-1]):
            desk.csrf = csrf
            answer = await desk.send("/admin/staff/new", {"email": "a@example.org", "name": "甲"})
            assert answer.status_code == 403
        assert await Staff.all().count() == 1

    async def test_the_token_of_another_session_is_no_token(self, employ: Any) -> None:
        desk, other = await employ(Role.EDITOR), await employ(Role.EDITOR)
        desk.csrf = other.csrf
        assert (await desk.send("/admin/sign-out")).status_code == 403

    async def test_signing_in_needs_a_page_of_ours_too(self, client: httpx.AsyncClient, employ: Any) -> None:
        await employ(Role.EDITOR, email="lin@example.org")
        answer = await client.post("/admin/sign-in", data={"email": "lin@example.org", "password": PASSWORD})
        assert answer.status_code == 403

    @pytest.mark.parametrize(
        "headers",
        [
            {"origin": "https://evil.example"},
            {"origin": "null"},
            {"sec-fetch-site": "cross-site"},
            {"sec-fetch-site": "same-site"},
        ],
        ids=str,
    )
    async def test_another_site_cannot_act_through_the_browser(self, employ: Any, headers: dict[str, str]) -> None:
        desk = await employ(Role.EDITOR)
        assert (await desk.send("/admin/sign-out", **headers)).status_code == 403

    async def test_our_own_origin_is_welcome(self, app: Any, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        answer = await desk.send("/admin/sign-out", **{"origin": app.ctx.test_url, "sec-fetch-site": "same-origin"})
        assert answer.status_code == 303

    async def test_a_session_that_rested_too_long_leads_to_signing_in(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR, at=clock.now() - timedelta(minutes=31))
        answer = await desk.read("/admin/account/")
        assert answer.headers["location"] == "/admin/sign-in?next=%2Fadmin%2Faccount%2F"
        page = await desk.client.get(answer.headers["location"])
        assert "登录已过期" in page.text

    async def test_htmx_is_told_to_leave_the_page(self, client: httpx.AsyncClient) -> None:
        answer = await client.get(
            "/admin/audit", headers={"hx-request": "true", "hx-current-url": "http://127.0.0.1/admin/audit?deed=x"}
        )
        assert answer.status_code == 401
        assert answer.headers["hx-redirect"] == "/admin/sign-in?next=%2Fadmin%2Faudit%3Fdeed%3Dx"

    async def test_a_script_of_ours_gets_a_problem_document(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/admin/audit", headers={"accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")

    async def test_a_password_given_by_another_must_be_changed_first(self, employ: Any) -> None:
        desk = await employ(Role.ADMINISTRATOR)
        await Staff.filter(id=desk.staff_id).update(must_change_password=True)
        for address in ("/admin/", "/admin/staff", "/admin/audit", "/admin/account"):
            assert (await desk.read(address)).headers["location"].startswith("/admin/account/password")
        page = await desk.read("/admin/account/password")
        assert page.status_code == 200
        answer = await desk.send(
            "/admin/account/password",
            {"current": PASSWORD, "password": "Grey-Heron-rests-7", "again": "Grey-Heron-rests-7"},
        )
        assert answer.status_code == 303
        assert (await desk.read("/admin/")).status_code == 200


@pytest.fixture
def settings_of(app: Any) -> Iterator[Callable[..., None]]:
    """Let the house run on other settings for a test."""
    before = app.ctx.settings

    def change(**values: Any) -> None:
        app.ctx.settings = dataclasses.replace(before, **values)
        app.ctx.staff_rules = StaffRules.of(app.ctx.settings)

    yield change
    app.ctx.settings, app.ctx.staff_rules = before, StaffRules.of(before)


class TestTheSettings:
    async def test_under_https_no_other_host_can_set_the_cookie(
        self, client: httpx.AsyncClient, employ: Any, settings_of: Any
    ) -> None:
        settings_of(public_url="https://xinglin.example.org")
        await employ(Role.EDITOR, email="lin@example.org")
        page = await client.get("/admin/sign-in")
        browser = re.search(r"(__Host-xinglin_browser)=([^;]+)", page.headers["set-cookie"])
        found = OWN.search(page.text)
        assert browser
        assert found
        answer = await client.post(
            "/admin/sign-in",
            data={"csrf": found[1], "email": "lin@example.org", "password": PASSWORD},
            headers={"cookie": f"{browser[1]}={browser[2]}", "origin": "https://xinglin.example.org"},
        )
        (cookie,) = [line for line in answer.headers.get_list("set-cookie") if "xinglin_staff" in line]
        assert cookie.startswith("__Host-xinglin_staff=")
        assert "Secure" in cookie
        assert "max-age=" in answer.headers["strict-transport-security"]
        token = cookie.split("=", 1)[1].split(";")[0]
        inside = await client.get("/admin/", headers={"cookie": f"__Host-xinglin_staff={token}"})
        assert inside.status_code == 200
        # The name without the prefix, which another host could set, opens nothing.
        outside = await client.get("/admin/", headers={"cookie": f"xinglin_staff={token}"})
        assert outside.status_code == 303

    async def test_a_second_factor_can_be_required(self, employ: Any, settings_of: Any) -> None:
        settings_of(staff_totp_required=True)
        desk = await employ(Role.ADMINISTRATOR)
        for address in ("/admin/", "/admin/staff", "/admin/account", "/admin/account/password"):
            answer = await desk.read(address)
            assert answer.headers["location"].startswith("/admin/account/totp"), address
        assert (
            (await desk.send("/admin/staff/new", {"name": "x"})).headers["location"].startswith("/admin/account/totp")
        )
        page = await desk.send("/admin/account/totp/begin")
        secret = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)
        assert secret
        code = pyotp.TOTP(secret[1].replace(" ", "")).now()
        assert (await desk.send("/admin/account/totp", {"code": code})).status_code == 303
        assert (await desk.read("/admin/")).status_code == 200


class TestLanguages:
    async def test_pages_are_chinese_until_one_switches(self, client: httpx.AsyncClient, employ: Any) -> None:
        page = await client.get("/admin/sign-in", headers={"accept-language": "en"})
        assert '<html lang="zh-CN">' in page.text
        answer = await client.post(
            "/admin/language",
            data={"csrf": await token_of(client), "language": "en", "next": "/admin/sign-in"},
        )
        assert answer.headers["location"] == "/admin/sign-in"
        page = await client.get("/admin/sign-in")
        assert '<html lang="en">' in page.text
        assert "Password" in page.text
        assert "密码" not in page.text

    async def test_the_choice_of_a_member_of_staff_is_kept_with_them(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        await desk.send("/admin/language", {"language": "en"})
        desk.client.cookies.delete("xinglin_language")
        assert '<html lang="en">' in (await desk.read("/admin/")).text

    async def test_a_language_that_there_is_not_changes_nothing(self, employ: Any) -> None:
        desk = await employ(Role.EDITOR)
        assert (await desk.send("/admin/language", {"language": "tlh"})).status_code == 303
        assert (await Staff.get(id=desk.staff_id)).language == "zh-CN"
