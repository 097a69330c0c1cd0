"""The demo content, loaded into a real house: all of it once, also after a start that was cut off."""

from dataclasses import replace
from typing import Any

import pytest

from content import filming, items, library, series
from content.calendar import State
from content.parts import Audience
from content.series_progress import series_progress
from content.workflow import State as Standing
from server import demo
from server.core import clock, staff
from server.core.db import connection
from server.core.roles import GUEST, Reader, Role
from server.demo.script import ALL
from server.demo.telling import Series
from server.sandbox.demo import DOCTOR, DOCTOR_APPID
from server.sandbox.world import World

HEARD: list[str] = []


def short(script: tuple[Series, ...]) -> tuple[Series, ...]:
    """Cut every episode to a minute, so that its film is made at once."""
    return tuple(
        replace(
            one,
            seasons=tuple(
                replace(season, episodes=tuple(replace(episode, minutes=1) for episode in season.episodes))
                for season in one.seasons
            ),
        )
        for one in script
    )


SHORT = short(ALL)
FEW = tuple(replace(one, seasons=tuple(replace(s, episodes=s.episodes[:2]) for s in one.seasons)) for one in SHORT)


class CutOffError(Exception):
    """The start is cut off here."""


async def counts() -> dict[str, int]:
    tables = ("item", "version", "publication", "asset", "staff", "account", "viewing", "follow", "reaction", "event")
    return {name: await connection().value(f"SELECT count(*) FROM {name}") for name in tables}


async def chen(ctx: Any) -> Reader:
    from cdp import accounts

    openid = World().openid(DOCTOR_APPID, DOCTOR)
    account_id = await accounts.find(sealer=ctx.sealer, app_id=DOCTOR_APPID, openid=openid)
    return Reader(account_id=account_id, roles=frozenset({Role.DOCTOR}))


async def test_the_house_is_furnished_once_and_shows_every_state(app: Any, database: None) -> None:
    said: list[str] = []
    await demo.seed(app.ctx, said.append, script=SHORT, written=False)

    at = clock.now()
    cards, _, _ = await series.listing(reader=GUEST, at=at)
    assert {card.title for card in cards} == {one.title for one in ALL}
    doctor = await chen(app.ctx)
    states = [one.state for card in cards for one in await series_progress(reader=doctor, series_id=card.id, at=at)]
    assert len(states) == sum(len(season.episodes) for one in ALL for season in one.seasons)
    # What is on air is so for a minute here, which may be over by now.
    assert set(states) | {State.ON_AIR, State.MISSED} == set(State)
    moved = await connection().value("SELECT count(*) FROM airing WHERE previous_airs_at IS NOT NULL")
    cancelled = await connection().value("SELECT count(*) FROM airing WHERE cancelled_at IS NOT NULL")
    assert (moved, cancelled) == (1, 1)
    assert any("34" in sentence for sentence in said)

    before = await counts()
    await demo.seed(app.ctx, said.append, script=SHORT, written=False)
    assert await counts() == before


async def test_everything_says_that_it_is_a_demonstration(app: Any, database: None) -> None:
    await demo.seed(app.ctx, HEARD.append, script=FEW, written=False)
    rows = (await items.listing(at=clock.now(), size=100)).rows
    assert {row.state for row in rows} == {Standing.PUBLISHED}
    for row in rows:
        text = (await items.draft_of(item_id=row.item_id)).shape
        assert "演示" in text["summary"], row.slug
        if text.get("cover"):
            assert "演示" in text["cover"]["alt"], row.slug
    files = (await library.listing(size=100)).rows
    assert files
    assert all(asset.name.startswith("demo-") for asset in files)
    assert all("演示" in member.name for member in await staff.members())


async def test_a_start_that_was_cut_off_goes_on_where_it_stopped(app: Any, database: None) -> None:
    def cut(sentence: str) -> None:
        if " of " in sentence:
            raise CutOffError

    with pytest.raises(CutOffError):
        await demo.seed(app.ctx, cut, script=SHORT[:1], written=False)
    assert 0 < (await counts())["item"] < 1 + 2 + 10

    await demo.seed(app.ctx, HEARD.append, script=SHORT[:1], written=False)
    assert (await counts())["item"] == 1 + 2 + 10
    names = await connection().fetch("SELECT name FROM asset GROUP BY name HAVING count(*) > 1")
    assert names == []
    # The filmed patient of the demo has agreed, to doctors only.
    (consent,) = await filming.listing()
    assert (consent.scope, consent.de_identified, consent.uses) == (Audience.DOCTOR, True, 1)


def test_the_welcome_names_the_addresses_and_who_may_sign_in(settings: Any) -> None:
    told = "\n".join(demo.welcome(settings))
    assert f"{settings.origin}/h5/doctor/" in told
    assert f"{settings.origin}/admin/" in told
    assert "admin@demo.example" in told
    assert "演示医生陈" in told
    assert "演示医生何 (a verified professional)" in told


def test_a_house_that_is_not_for_trying_names_nobody(settings: Any) -> None:
    told = "\n".join(demo.welcome(replace(settings, demo=False)))
    assert f"{settings.origin}/admin/" in told
    assert "demo.example" not in told


async def test_a_demo_doctor_is_verified_and_another_waits(app: Any, database: None) -> None:
    from cdp import accounts, professional_records, standings
    from server.sandbox.demo import VERIFIED_DOCTOR, WAITING_DOCTOR

    await demo.seed(app.ctx, HEARD.append, script=())
    at = clock.now()
    seen = {}
    for user in (VERIFIED_DOCTOR, WAITING_DOCTOR):
        openid = World().openid(DOCTOR_APPID, user)
        account_id = await accounts.find(sealer=app.ctx.sealer, app_id=DOCTOR_APPID, openid=openid)
        held = await professional_records.overview(sealer=app.ctx.sealer, account_id=account_id, at=at)
        assert len(held.applications) == 1
        seen[user] = (await standings.is_professional(account_id=account_id, at=at), held.open)
    assert seen == {VERIFIED_DOCTOR: (True, False), WAITING_DOCTOR: (False, True)}
