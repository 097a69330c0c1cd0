"""What all admin pages have in common: who may open them, and what they carry."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from shelf import a_series, an_episode

from content import items
from server.core import clock
from server.core.roles import STAFF, Role
from server.web.pages import Page

METHODS = {"GET", "POST"}


def pages_of(app: Any) -> list[tuple[str, str, Page]]:
    """List method, address and declaration of every page."""
    found = []
    for route in app.router.routes:
        declared = getattr(route.handler, "page", None)
        if isinstance(declared, Page) and route.path.startswith("admin"):
            address = re.sub(r"<([a-z_]+):int>", "999999", "/" + route.path)
            address = re.sub(r"<[a-z_]+:\(([a-z]+)[^>]*>", r"\1", address)
            address = re.sub(r"<[a-z_]+(:[^>]+)?>", "none", address)
            found += [(method, address, declared) for method in sorted(route.methods & METHODS)]
    return found


async def test_every_admin_address_declares_whom_it_is_for(app: Any) -> None:
    bare = [
        route.path
        for route in app.router.routes
        if route.path.startswith("admin") and not isinstance(getattr(route.handler, "page", None), Page)
    ]
    assert bare == []
    assert len(pages_of(app)) > 20


async def test_no_page_opens_for_nobody(app: Any, client: httpx.AsyncClient) -> None:
    for method, address, declared in pages_of(app):
        if declared.roles:
            answer = await client.request(method, address, headers={"accept": "application/json"})
            assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in"), (method, address)


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_page_opens_just_for_its_roles(app: Any, employ: Any, role: Role) -> None:
    desk = await employ(role)
    for method, address, declared in pages_of(app):
        if not declared.roles or method == "POST":
            continue
        answer = await desk.client.request(method, address, headers={"accept": "application/json"})
        refused = answer.status_code == 403
        assert refused == (role not in declared.roles), (method, address, answer.status_code)
        assert answer.status_code < 500, (method, address, answer.text)


@pytest.mark.parametrize("role", sorted(STAFF))
async def test_a_deed_is_done_just_for_its_roles(app: Any, employ: Any, role: Role) -> None:
    for method, address, declared in pages_of(app):
        if method == "POST" and declared.roles and role not in declared.roles:
            desk = await employ(role, email=f"{address.strip('/').replace('/', '.')}@example.org")
            headers = {"accept": "application/json", "x-csrf-token": desk.csrf}
            answer = await desk.client.post(address, headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (403, "wrong_role"), address


async def test_the_menu_shows_only_what_one_may_open(employ: Any) -> None:
    analyst, administrator = await employ(Role.ANALYST), await employ(Role.ADMINISTRATOR)
    assert 'href="/admin/staff"' not in (await analyst.read("/admin/")).text
    assert 'href="/admin/staff"' in (await administrator.read("/admin/")).text


@pytest.mark.parametrize("address", ["/admin/", "/admin/calendar", "/admin/nowhere", "/admin/staff/999999"])
async def test_a_page_carries_a_strict_policy_and_is_kept_nowhere(employ: Any, address: str) -> None:
    desk = await employ(Role.ADMINISTRATOR)
    answer = await desk.client.get(address)
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "style-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["x-request-id"]


async def test_no_page_has_a_script_or_a_style_in_its_markup(app: Any, employ: Any) -> None:
    desk = await employ(*STAFF)
    for method, address, _declared in pages_of(app):
        if method == "GET":
            page = (await desk.client.get(address, follow_redirects=True)).text
            assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", page), address
            assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page), address


async def test_what_is_refused_is_a_page_and_says_how_to_go_on(employ: Any) -> None:
    desk = await employ(Role.ANALYST)
    missing = await desk.read("/admin/nowhere")
    assert missing.status_code == 404
    assert "没有找到" in missing.text
    assert missing.headers["x-request-id"] in missing.text
    forbidden = await desk.read("/admin/staff")
    assert forbidden.status_code == 403
    assert "联系管理员" in forbidden.text
    part = await desk.read("/admin/staff", **{"hx-request": "true"})
    assert part.status_code == 403
    assert "<html" not in part.text


async def test_what_a_person_wrote_is_shown_and_never_run(employ: Any) -> None:
    boss = await employ(Role.ADMINISTRATOR, name='<img src=x onerror="alert(1)">')
    for address in ("/admin/", "/admin/staff", "/admin/audit?id=%3Cscript%3Ealert(1)%3C/script%3E"):
        page = (await boss.read(address)).text
        assert "<img src=x" not in page
        assert "<script>alert" not in page


async def test_bad_queries_are_refused_by_name(employ: Any) -> None:
    desk = await employ(*STAFF)
    for query in ("since=x", "until=0001-01-01", "before=x", f"before={2**70}", "id=%00", "id=" + "x" * 5000):
        answer = await desk.read(f"/admin/audit?{query}", accept="application/json")
        assert 400 <= answer.status_code < 500, query
        assert answer.json()["field"] == query.partition("=")[0]


async def test_pages_in_english_are_in_english(app: Any, employ: Any) -> None:
    desk = await employ(*STAFF, name="Lin")
    await desk.send("/admin/language", {"language": "en"})
    series = (await items.create(kind="series", shape={"title": "A series"}, staff_id=1, at=clock.now())).item_id
    episode = await items.create(
        kind="episode",
        parent_id=series,
        shape={
            "title": "An episode",
            "chapters": [{"key": "c1", "title": "One", "starts_at_s": 0}],
            "team": [{"name": "x"}],
        },
        staff_id=desk.staff_id,
        at=clock.now(),
    )
    await desk.send("/admin/calendar/2", {"airs_at": "2026-11-30T20:00"})
    addresses = [address for method, address, _ in pages_of(app) if method == "GET"]
    addresses += [f"/admin/items/{episode.item_id}", f"/admin/items/{series}", f"/admin/staff/{desk.staff_id}"]
    # What is Chinese in every language: who runs the house, the name of the other language, and what a phone shows.
    known = re.compile(r"杏林（演示）|简体中文")
    for address in addresses:
        page = await desk.client.get(address, follow_redirects=True)
        text = known.sub("", page.text)
        if not address.endswith(("/preview", "/preview.json")):
            assert re.findall(r"[\u4e00-\u9fff][^<\"]*", text) == [], address


HOSTILE = [
    "",
    "0",
    "-1",
    str(2**62),
    "9" * 18,
    "x" * 3000,
    "<script>",
    "'; DROP TABLE staff;--",
    "\ufffe\U0001f600",
    "%00",
    "１",
]
TEMPLATES = Path(__file__).parents[2] / "admin" / "templates"
FIELDS = sorted(
    {
        name
        for template in TEMPLATES.rglob("*.html")
        for name in re.findall(r'(?:\bname="|field\(")([a-z_.]+)"', template.read_text("utf-8"))
    }
)
ASKING = [
    "series",
    "episodes",
    "calendar",
    "assets",
    "assets/picker",
    "audit",
    "messages",
    "reviews",
    "tags",
    "items/new",
]


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_form_is_a_fault(app: Any, employ: Any, value: str) -> None:
    assert {"title", "airs_at", "starts_at", "password"} <= set(FIELDS)
    episode = await an_episode(parent_id=await a_series(), published=True)
    for method, address, declared in pages_of(app):
        if method == "POST" and declared.roles:
            # Some of these deeds end the session, so everybody comes fresh.
            desk = await employ(*STAFF)
            form = dict.fromkeys(FIELDS, value)
            answer = await desk.send(address.replace("999999", str(episode)), form, accept="application/json")
            assert answer.status_code < 500, (address, value, answer.text)
            await desk.client.aclose()


@pytest.mark.parametrize("value", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_query_is_a_fault(employ: Any, value: str) -> None:
    desk = await employ(*STAFF)
    names = {"before", "after", "page", "month", "account", "item", "edit", "decided", "since", "until"}
    names |= {"text", "state", "kind", "id", "actor", "deed", "series", "parent_id"}
    for place in ASKING:
        for name in sorted(names):
            answer = await desk.client.get(
                f"/admin/{place}", params={name: value}, headers={"accept": "application/json"}
            )
            assert answer.status_code < 500, (place, name, value, answer.text)
