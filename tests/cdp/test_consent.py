"""Consent: what counts, what does not any more, and that the record only grows."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
from people_fixtures import People

from cdp import consent
from cdp.consent import ConsentNeeded, PurposeMissing, TextInvalid, TextOutdated, TextPublished
from server.core import clock
from server.core.db import connection
from server.core.roles import Audience
from server.demo.consent_texts import VERSION

LATER = "2027-01-01"


async def publish(version: str = LATER, *, purpose: Any = "service", material: bool = True, **parts: Any) -> None:
    values: dict[str, Any] = {
        "audience": Audience.DOCTOR,
        "title": "新版规则",
        "body": "新版全文",
        "actor": "staff:1",
        "at": clock.now(),
        **parts,
    }
    await consent.publish_text(purpose=purpose, version=version, material=material, **values)


async def granted(account_id: int) -> frozenset[str]:
    return (await consent.purposes_of(account_id=account_id))[1]


async def test_whoever_has_said_nothing_has_agreed_to_nothing(people: People) -> None:
    chen = await people.doctor(consents=())
    assert await consent.purposes_of(account_id=chen.account_id) == ("", frozenset())
    assert await consent.purposes_of(account_id=999_999) == ("", frozenset())
    with pytest.raises(ConsentNeeded):
        await consent.require(account_id=chen.account_id)


async def test_the_service_comes_first(people: People) -> None:
    chen = await people.doctor(consents=())
    with pytest.raises(ConsentNeeded):
        await consent.grant(account_id=chen.account_id, purpose="analytics", version=VERSION, at=clock.now())
    await consent.grant(account_id=chen.account_id, purpose="service", version=VERSION, at=clock.now())
    await consent.grant(account_id=chen.account_id, purpose="analytics", version=VERSION, at=clock.now())
    assert await consent.purposes_of(account_id=chen.account_id) == (VERSION, frozenset({"service", "analytics"}))


async def test_saying_the_same_twice_is_said_once(people: People) -> None:
    chen = await people.doctor(consents=())
    await asyncio.gather(
        *(
            consent.grant(account_id=chen.account_id, purpose="service", version=VERSION, at=clock.now())
            for _ in range(6)
        )
    )
    assert len(await consent.given(account_ids=[chen.account_id])) == 1
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'consent_granted'") == 1


async def test_a_purpose_taken_back_has_no_effect_from_then_on(people: People) -> None:
    chen = await people.doctor()
    await consent.withdraw(account_id=chen.account_id, purpose="marketing", at=clock.now())
    await consent.withdraw(account_id=chen.account_id, purpose="marketing", at=clock.now())
    assert await granted(chen.account_id) == {"service", "analytics"}
    said = [(word.purpose, word.granted) for word in await consent.given(account_ids=[chen.account_id])]
    assert said == [("service", True), ("analytics", True), ("marketing", True), ("marketing", False)]
    await consent.grant(account_id=chen.account_id, purpose="marketing", version=VERSION, at=clock.now())
    assert await granted(chen.account_id) == {"service", "analytics", "marketing"}


async def test_with_the_service_goes_everything(people: People) -> None:
    chen = await people.doctor()
    assert not await consent.is_withdrawn(account_id=chen.account_id)
    await consent.withdraw(account_id=chen.account_id, purpose="service", at=clock.now())
    assert await granted(chen.account_id) == frozenset()
    assert await consent.is_withdrawn(account_id=chen.account_id)
    await consent.grant(account_id=chen.account_id, purpose="service", version=VERSION, at=clock.now())
    assert await granted(chen.account_id) == {"service"}, "what was taken back does not come back by itself"


async def test_whoever_never_spoke_has_not_taken_anything_back(people: People) -> None:
    chen = await people.doctor(consents=())
    assert not await consent.is_withdrawn(account_id=chen.account_id)


async def test_a_material_text_has_to_be_agreed_to_anew(people: People) -> None:
    chen = await people.doctor()
    await publish()
    assert await granted(chen.account_id) == frozenset()
    service = (await consent.words(account_id=chen.account_id, audience=Audience.DOCTOR))[0]
    assert (service.granted, service.version, service.outdated) == (False, VERSION, True)
    with pytest.raises(TextOutdated) as refused:
        await consent.grant(account_id=chen.account_id, purpose="service", version=VERSION, at=clock.now())
    assert refused.value.facts == {"version": LATER}
    await consent.grant(account_id=chen.account_id, purpose="service", version=LATER, at=clock.now())
    assert await consent.purposes_of(account_id=chen.account_id) == (
        LATER,
        frozenset({"service", "analytics", "marketing"}),
    )


async def test_a_text_that_is_not_material_leaves_what_was_agreed_to(people: People) -> None:
    chen = await people.doctor()
    await publish(material=False)
    assert await consent.purposes_of(account_id=chen.account_id) == (
        VERSION,
        frozenset({"service", "analytics", "marketing"}),
    )


async def test_a_text_of_one_portal_leaves_the_other_alone(people: People) -> None:
    patient = await people.patient()
    await publish()
    assert "service" in await granted(patient.account_id)


async def test_a_published_text_is_final(people: People) -> None:
    with pytest.raises(TextPublished):
        await publish(VERSION)
    with pytest.raises(TextPublished):
        await publish("2026-01-01")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection().execute("UPDATE consent_text SET body = 'anders'")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection().execute("DELETE FROM consent_text")


async def test_the_record_of_words_only_grows(people: People) -> None:
    await people.doctor()
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection().execute("UPDATE consent SET granted = true")
    with pytest.raises(asyncpg.RestrictViolationError):
        await connection().execute("DELETE FROM consent")


@pytest.mark.parametrize(
    "version", ["", "1", "2026-13-01", "2026-1-1", "20260101", "2026-01-01.", "2026-01-01.0", "2026-01-01.10"]
)
async def test_a_version_is_a_day(people: People, version: str) -> None:
    with pytest.raises(TextInvalid):
        await publish(version)


async def test_several_versions_of_one_day_follow_each_other(people: People) -> None:
    chen = await people.doctor()
    await publish(f"{VERSION}.1")
    await publish(f"{VERSION}.2")
    assert await granted(chen.account_id) == frozenset()
    (present,) = [text for text in await consent.texts(audience=Audience.DOCTOR) if text.purpose == "service"]
    assert present.version == f"{VERSION}.2"


async def test_texts_come_in_the_language_asked_for_where_there_is_one(people: People) -> None:
    await publish(VERSION, language="en", title="How we treat personal information", body="In English.")
    there = await consent.texts(audience=Audience.DOCTOR, language="en")
    assert [(text.purpose, text.language) for text in there] == [
        ("service", "en"),
        ("analytics", "zh-CN"),
        ("marketing", "zh-CN"),
        ("verification", "zh-CN"),
    ]


async def test_a_purpose_without_a_text_cannot_be_agreed_to(people: People) -> None:
    chen = await people.doctor()
    with pytest.raises(PurposeMissing):
        await consent.grant(account_id=chen.account_id, purpose="health", version=VERSION, at=clock.now())


async def test_events_of_consent_bear_the_person_only_where_analytics_is_agreed_to(people: People) -> None:
    chen = await people.doctor(consents=("service",))
    named = "SELECT count(*) FROM event WHERE account_id IS NOT NULL AND account_id > 0"
    assert await connection().value(named) == 0
    assert await connection().value("SELECT count(*) FROM event WHERE name = 'consent_granted'") == 1
    await consent.grant(account_id=chen.account_id, purpose="analytics", version=VERSION, at=clock.now())
    assert await connection().value(named) == 1


async def test_two_words_at_once_are_kept_one_after_the_other(people: People) -> None:
    chen = await people.doctor()
    at = clock.now()
    for turn in range(5):
        moment = at + timedelta(seconds=turn)
        await asyncio.gather(
            consent.withdraw(account_id=chen.account_id, purpose="service", at=moment),
            consent.grant(account_id=chen.account_id, purpose="analytics", version=VERSION, at=moment),
            return_exceptions=True,
        )
        assert await granted(chen.account_id) == frozenset()
        await consent.grant(account_id=chen.account_id, purpose="service", version=VERSION, at=moment)
