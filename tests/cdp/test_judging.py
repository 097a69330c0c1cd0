"""Judging: what may be stored, what waits in quarantine, what is rejected and why; each event for itself."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log_samples import AGREED, AT, batch, event, judged, opened

from cdp.batches import MOST_BYTES, BatchTooLarge, EventOutcome, Row, Sender, Unknown, open_batch
from cdp.judging import judge
from server.core.errors import Invalid
from server.core.wire import BadField, Malformed

READ = {"item_id": 7, "kind": "article", "max_percent": 55, "active_ms": 1000, "expected_ms": 2000}


def one(text: str) -> Any:
    """Judge one event that is written as text."""
    body = json.dumps(batch()).replace('"events": []', f'"events": [{text}]')
    return judge(open_batch(body.encode()), AGREED, received_at=AT).events[0]


def with_body(body: str, name: str = "content_open") -> str:
    """Write an event whose body is written as text."""
    return json.dumps(event(name=name, body=0)).replace('"body": 0', f'"body": {body}')


def test_a_known_event_is_written_anew_from_its_shape() -> None:
    row = one(with_body('{ "kind" : "episode",\n "item_id": 7, "position": null }'))
    assert isinstance(row, Row)
    assert row.body == '{"item_id":7,"kind":"episode"}'


def test_an_event_s_times_are_derived_by_the_clock_of_the_house() -> None:
    sent = "2001-01-01T00:10:00.5+08:00"
    created = "2001-01-01T00:00:00.4999+08:00"
    row = judge(opened(event(created_at=created), sent_at=sent), AGREED, received_at=AT).events[0]
    assert isinstance(row, Row)
    assert (row.derived_ms, row.flags) == (int((AT - timedelta(minutes=10)).timestamp() * 1000) - 1, 0)


@pytest.mark.parametrize(
    ("text", "code", "field"),
    [
        ("7", "bad_field", "events[0]"),
        ("{}", "bad_field", "events[0].event_id"),
        (json.dumps(event(event_id="x" * 36)), "bad_field", "events[0].event_id"),
        (json.dumps(event(event_id="0" * 36)), "bad_field", "events[0].event_id"),
        (json.dumps(event(event_id=" 192f5a0-1111-7000-8000-00000000999 ")), "bad_field", "events[0].event_id"),
        (json.dumps(event(session="x" * 36)), "bad_field", "events[0].session"),
        (json.dumps(event(sequence=-1)), "bad_field", "events[0].sequence"),
        (json.dumps(event(sequence=2**31)), "bad_field", "events[0].sequence"),
        (json.dumps(event(sequence=2**70)), "bad_field", "events[0].sequence"),
        (json.dumps(event(created_at="2026-11-22T12:00:00")), "bad_field", "events[0].created_at"),
        (json.dumps(event(created_at="9999-12-31T23:59:59Z")), "bad_field", "events[0].created_at"),
        (json.dumps(event(created_at="0001-01-01T00:00:00+14:00")), "bad_field", "events[0].created_at"),
        (json.dumps(event(page="pages/reader?phone=13812345678")), "bad_field", "events[0].page"),
        (json.dumps(event(campaign="张医生")), "bad_field", "events[0].campaign"),
        (json.dumps(event(account_id=8)), "bad_field", "events[0].account_id"),
        (json.dumps(event(name="Content Open")), "bad_field", "events[0].name"),
        (json.dumps(event(name="content_zoom", schema="one")), "bad_field", "events[0].schema"),
        (json.dumps(event(name="video_finish")), "server_event", "events[0].name"),
        (with_body('{"item_id":7}'), "bad_field", "events[0].body.kind"),
        (with_body('{"item_id":7,"kind":"episode","phone":"1"}'), "bad_field", "events[0].body.phone"),
        (with_body('{"item_id":"7","kind":"episode"}'), "bad_field", "events[0].body.item_id"),
        (with_body('{"item_id":7.0,"kind":"episode"}'), "bad_field", "events[0].body.item_id"),
        (with_body('{"item_id":99999999999999999999,"kind":"episode"}'), "bad_field", "events[0].body.item_id"),
        (with_body('{"item_id":7,"kind":"a\\u0000"}'), "bad_field", "events[0].body.kind"),
        (with_body('{"item_id":7,"kind":"a\\ud800"}'), "malformed", "events[0].body.kind"),
        (with_body('{"item_id":7,"position_s":1e200000}', "video_pause"), "bad_field", "events[0].body.position_s"),
        (with_body('{"item_id":7,"position_s":-1}', "video_pause"), "bad_field", "events[0].body.position_s"),
        (json.dumps(event(page="x" * 70_000)), "too_large", "events[0]"),
        (json.dumps(event(name="content_zoom", body={"a": "\ud800"})), "malformed", "events[0].body.a"),
        (json.dumps(event(name="content_zoom", body={"\ud800": 1})), "malformed", "events[0].body.?"),
        (json.dumps(event(page="pages/\udc00")), "malformed", "events[0].page"),
        (json.dumps(event(name="content_zoom", body=0)).replace(' 0}', " 1e999}"), "malformed", "events[0].body"),
        (with_body('{"a":[1,{"b.c":1e999}]}', "content_zoom"), "malformed", "events[0].body.a[1].b.c"),
        (with_body('{"a":%s}' % ("9" * 5000), "content_zoom"), "malformed", "events[0].body.a"),
        (with_body('{"item_id":%s,"kind":"episode"}' % ("9" * 5000)), "bad_field", "events[0].body.item_id"),
    ],
    ids=lambda value: value[-60:] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_bad_event_is_rejected_by_name(text: str, code: str, field: str) -> None:
    rejected = one(text)
    assert isinstance(rejected, EventOutcome)
    assert (rejected.outcome, rejected.code, rejected.field) == ("rejected", code, field)


def test_a_bad_event_costs_its_neighbours_nothing() -> None:
    bad = event(body={"item_id": "seven"})
    kinds = [type(found) for found in judged(event(), bad, event()).events]
    assert kinds == [Row, EventOutcome, Row]


HALVES = ["\\ud800", "\\uDC00", "\\ud800\\u0041", "\\ud83d\\ud83d\\ude00", "\\ude00\\ud83d", "\\\\\\ud800 and more"]


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("name", ["content_open", "content_zoom"])
def test_half_of_a_character_costs_its_own_event_only_and_says_where_it_is(half: str, name: str) -> None:
    bad = event(name=name, body={"item_id": 7, "kind": "HALF"})
    # Raw, this is within the 64 kB of an event; escaped, it would be twice as long.
    long = event(name="content_zoom", body={"said": "病" * 15_000})
    number = event(name="content_zoom", body={"a": "NUMBER"})
    text = json.dumps(batch(event(), bad, long, number, event()), ensure_ascii=False)
    text = text.replace("HALF", half).replace('"NUMBER"', "9" * 5000)
    found = judge(open_batch(text.encode()), AGREED, received_at=AT)
    assert [type(one) for one in found.events] == [Row, EventOutcome, Unknown, EventOutcome, Row]
    assert found.events[1] == EventOutcome(
        bad["event_id"], "rejected", "malformed", "events[1].body.kind",
        "A text contains half of a character (a lone surrogate).",
    )  # fmt: skip
    assert found.events[3] == EventOutcome(
        number["event_id"], "rejected", "malformed", "events[3].body.a", "Integer value out of range."
    )
    kept = found.events[2]
    assert isinstance(kept, Unknown)
    assert kept.payload == json.dumps(long, ensure_ascii=False)


def test_whole_characters_and_escaped_backslashes_are_no_halves() -> None:
    good = event(name="content_zoom", body={"said": "\U0001f600 \\ud800"})
    bad = event(body={"item_id": 7, "kind": "\ud800"})
    found = judged(good, bad)
    assert [type(one) for one in found.events] == [Unknown, EventOutcome]
    assert getattr(found.events[0], "payload", None) == json.dumps(good)


def test_without_consent_an_event_with_half_of_a_character_is_still_told_by_its_id() -> None:
    bad = event(body={"item_id": 7, "kind": "\ud800"})
    assert judged(bad, event(event_id="\ud800"), sender=Sender()).ids == [bad["event_id"], None]


def test_a_rejected_event_is_told_by_its_id_where_it_has_one() -> None:
    bad = event(sequence="x")
    assert judged(bad, {"event_id": 5}).ids == [bad["event_id"], None]


@pytest.mark.parametrize(
    ("parts", "reason"),
    [({"name": "content_zoom"}, "unknown_event"), ({"schema": "1-0-1"}, "unknown_version")],
    ids=["a new name", "a new version"],
)
def test_what_nobody_knows_is_kept_as_it_came(parts: dict[str, Any], reason: str) -> None:
    text = json.dumps(event(**parts, body={"any": ["thing\0", 1e300, {"at": "all"}]}), indent=2)
    unknown = one(text)
    assert isinstance(unknown, Unknown)
    assert (unknown.reason, unknown.payload) == (reason, text)


@pytest.mark.parametrize(
    "sender",
    [Sender(), Sender(account_id=7), Sender(account_id=7, purposes=("service", "marketing"))],
    ids=["a guest", "an account", "an account that agreed to other things"],
)
def test_without_consent_to_analytics_nothing_is_taken(sender: Sender) -> None:
    sent = [event(), event(name="content_zoom"), {"broken": True}]
    found = judged(*sent, sender=sender)
    assert [getattr(outcome, "code", None) for outcome in found.events] == ["no_consent"] * 3
    assert found.ids == [sent[0]["event_id"], sent[1]["event_id"], None]


@pytest.mark.parametrize(
    ("body", "refusal", "field"),
    [
        (b"", Malformed, ""),
        (b"{", Malformed, ""),
        (b"[]", BadField, ""),
        (b"{}", BadField, "events"),
        (b'{"events":[NaN]}', Malformed, ""),
        (json.dumps(batch()).encode(), BadField, "events"),
        (json.dumps(batch(event(), sent_at="1970-01-01T00:00:00Z")).encode(), BadField, "sent_at"),
        (json.dumps(batch(event(), sent_at="now")).encode(), BadField, "sent_at"),
        (json.dumps(batch(event(), anonymous_id="13812345678")).encode(), BadField, "anonymous_id"),
        (json.dumps(batch(event(), openid="o")).encode(), BadField, "openid"),
        (json.dumps(batch(event(), app="\ud800")).encode(), Malformed, ""),
        (json.dumps(batch(event(page="\ud800"))).encode()[:-1], Malformed, ""),
        (json.dumps(batch(event())).encode("utf-16"), Malformed, ""),
        (json.dumps(batch(event(page="x"))).encode().replace(b'"x"', b'"\xff"'), Malformed, ""),
        (json.dumps(batch(event(body=0))).encode().replace(b'"body": 0', b'"body": ' + b"[" * 90_000), Malformed, ""),
        (
            json.dumps(batch(event(body=0))).encode().replace(b'"body": 0', b'"body": ' + b"[" * 9000 + b"]" * 9000),
            Malformed,
            "",
        ),
        (json.dumps(batch(*[event()] * 501)).encode(), BatchTooLarge, "events"),
        (b" " * (MOST_BYTES + 1), BatchTooLarge, ""),
    ],
    ids=[
        "nothing", "half", "a list", "an empty object", "no number", "no events", "sent in 1970", "sent at no time",
        "a phone number for a device", "an unknown field", "half of a character outside the events",
        "half of a character and half a batch", "UTF-16", "no UTF-8", "nested without end",
        "nested too deeply", "501 events", "more than 1 MB",
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_batch_itself_refuses_it(body: bytes, refusal: type[Invalid], field: str) -> None:
    with pytest.raises(refusal) as refused:
        open_batch(body)
    assert refused.value.field == field


def fingerprint_of(sent: dict[str, Any], **dumping: Any) -> bytes:
    row = one(json.dumps(sent, **dumping))
    assert isinstance(row, Row)
    return row.fingerprint


OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    st.permutations(list(READ)), st.permutations(list(event())), st.sampled_from([None, 1, 7]), OFFSETS,
)  # fmt: skip
def test_how_an_event_is_written_does_not_change_what_it_is(
    body_order: list[str], order: list[str], indent: int | None, offset: timezone
) -> None:
    sent = event(name="content_read_progress", body=READ)
    local = datetime.fromisoformat(sent["created_at"]).astimezone(offset).isoformat()
    again = {**sent, "created_at": local, "body": {name: READ[name] for name in body_order}}
    again = {name: again[name] for name in order}
    assert fingerprint_of(again, indent=indent) == fingerprint_of(sent)


def test_a_number_is_the_same_however_it_is_written_and_so_is_a_field_that_is_left_out() -> None:
    whole, fraction = with_body('{"item_id":7,"position_s":5}', "video_pause"), '{"position_s":5.0,"item_id":7}'
    sent = json.loads(whole)
    again = json.dumps({**sent, "body": 0, "page": None}).replace('"body": 0', f'"body": {fraction}')
    first, second = one(whole), one(again)
    assert first.fingerprint == second.fingerprint


@given(
    st.sampled_from(
        [
            {"sequence": 2}, {"page": "pages/home"}, {"campaign": "spring"}, {"channel": "scan"},
            {"name": "content_impression"}, {"created_at": "2026-11-22T12:00:00.001Z"},
            {"session": "0192f5a0-1111-7000-8000-000000001235"}, {"body": {"item_id": 8, "kind": "episode"}},
            {"experiment": "a"}, {"share_id": "0" * 22}, {"recommendation_id": "0192f5a0-1111-7000-8000-000000001235"},
        ]
    )
)  # fmt: skip
def test_another_event_has_another_fingerprint(change: dict[str, Any]) -> None:
    sent = event()
    assert fingerprint_of({**sent, **change}) != fingerprint_of(sent)


def test_the_times_of_sending_and_receipt_are_no_part_of_an_event() -> None:
    sent = event()
    first = judged(sent).events[0]
    later = judge(opened(sent, sent_at="2026-11-25T00:00:00Z"), AGREED, received_at=AT + timedelta(days=3)).events[0]
    assert isinstance(first, Row)
    assert isinstance(later, Row)
    assert first.fingerprint == later.fingerprint


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(JSON | st.dictionaries(st.sampled_from(list(event())), JSON), min_size=1, max_size=5))
def test_whatever_a_client_sends_every_event_is_judged(sent: list[Any]) -> None:
    body = json.dumps({**batch(), "events": [event(), *sent]}).encode()
    found = judge(open_batch(body), AGREED, received_at=datetime.now(UTC))
    assert isinstance(found.events[0], Row)
    assert len(found.events) == len(found.ids) == len(sent) + 1
