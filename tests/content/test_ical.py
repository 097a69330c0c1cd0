"""The feed as bytes, held against a strict reader of the standard that shares nothing with its writer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from icalendar import Calendar

from content.ical import FeedEpisode, feed, uid
from tests import ical_rules

AIRS = datetime(2026, 11, 30, 16, 5, tzinfo=UTC)
HARD = "面诊要点, 术中难点; C:\\造口\n第二行：「𠮷」😀" + "吻合口漏" * 30


def episode(**parts: object) -> FeedEpisode:
    given = {
        "episode_id": 17,
        "series": "医探究竟",
        "title": "直肠癌保肛",
        "summary": "",
        "airs_at": AIRS,
        "seconds": 725,
        "sequence": 0,
        "changed_at": datetime(2026, 11, 1, tzinfo=UTC),
    }
    return FeedEpisode(**{**given, **parts})  # type: ignore[arg-type]  # the values are those above


def only(made: bytes) -> ical_rules.Component:
    [event] = ical_rules.read(made).all("VEVENT")
    return event


def test_an_episode_has_its_times_in_shanghai_and_its_stamps_in_utc() -> None:
    event = only(feed([episode(sequence=3)]))
    assert event.values["DTSTART"] == ("20261201T000500", {"TZID": "Asia/Shanghai"})
    assert event.values["DTEND"] == ("20261201T001705", {"TZID": "Asia/Shanghai"})
    assert event.values["DTSTAMP"][0] == event.values["LAST-MODIFIED"][0] == "20261101T000000Z"
    assert event.values["SEQUENCE"][0] == "3"
    assert event.text("UID") == uid(17) == "episode-17@xinglin"
    assert event.text("STATUS") == "CONFIRMED"


def test_an_alarm_rings_half_an_hour_before_and_says_for_what() -> None:
    [alarm] = only(feed([episode()])).all("VALARM")
    assert ical_rules.duration(alarm.values["TRIGGER"][0]) == timedelta(minutes=-30)
    assert alarm.text("DESCRIPTION") == "直肠癌保肛 即将开播"


def test_a_cancelled_episode_keeps_its_uid_and_rings_no_more() -> None:
    event = only(feed([episode(cancelled=True, sequence=4)]))
    assert event.text("UID") == uid(17)
    assert event.text("STATUS") == "CANCELLED"
    assert event.text("SUMMARY").startswith("【已取消】")
    assert not event.all("VALARM")


def test_the_calendar_says_its_name_its_zone_and_how_often_to_come_back() -> None:
    calendar = ical_rules.read(feed([]))
    assert calendar.text("NAME") == calendar.text("X-WR-CALNAME") == "杏林追剧日历"
    for name in ("REFRESH-INTERVAL", "X-PUBLISHED-TTL"):
        assert ical_rules.duration(calendar.values[name][0]) == timedelta(hours=1)
    assert "METHOD" not in calendar.values
    [zone] = calendar.all("VTIMEZONE")
    assert zone.text("TZID") == "Asia/Shanghai"
    assert zone.inside[0].values["TZOFFSETTO"][0] == "+0800"


def test_the_same_episodes_make_the_same_bytes() -> None:
    assert feed([episode(), episode(episode_id=18)]) == feed([episode(), episode(episode_id=18)])


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)
LETTERS = [",", ";", "\\", "\n", "\\n", ":", '"', "造口", "😀", " ", "\t", "é"]
hard_texts = st.lists(st.sampled_from(LETTERS)).map("".join)


@given(title=texts | hard_texts, summary=texts | hard_texts)
@example(title=HARD, summary=HARD)
@example(title="\r", summary="a\rb\r\nc\n\rd")
@example(title="\x00\x07\x1f\x7f", summary="a\x0b\x0c\x85\u2028\u2029b")
def test_any_text_is_escaped_and_folded_and_comes_back(title: str, summary: str) -> None:
    event = only(feed([episode(title=title, summary=summary)]))
    assert event.text("SUMMARY") == f"医探究竟｜{readable(title)}"
    if readable(summary):
        assert event.text("DESCRIPTION") == readable(summary)
    [parsed] = Calendar.from_ical(feed([episode(title=title, summary=summary)])).walk("VEVENT")
    assert str(parsed["UID"]) == uid(17)


def readable(text: str) -> str:
    """Say what is left of a text that a calendar may hold: other ends of line as our own, no control characters."""
    for end in ("\r\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"):
        text = text.replace(end, "\n")
    return "".join(letter for letter in text if letter in "\n\t" or (ord(letter) >= 32 and letter != "\x7f"))


@pytest.mark.parametrize(
    "broken",
    [
        lambda made: made.replace(b"\r\n", b"\n"),
        lambda made: made.replace(b"\\,", b","),
        lambda made: made.replace(b"\r\n ", b""),
        lambda made: made.replace(b"VERSION:2.0", b"VERSION:2.0\r\nMETHOD:PUBLISH"),
        lambda made: made.replace(b";VALUE=DURATION", b""),
        lambda made: made.replace(b"TZID:Asia/Shanghai", b"TZID:Asia/Tokyo"),
        lambda made: made.replace(b"DTSTAMP:20261101T000000Z", b"DTSTAMP:20261101T000000"),
        lambda made: made[:-2],
        lambda made: made.replace("直肠".encode(), "直".encode() + b"\xe8\r\n \x82\xa0"),
    ],
    ids=["bare LF", "bare comma", "long line", "method", "no type", "no zone", "local stamp", "no end", "split letter"],
)
def test_the_strict_reader_notices_what_is_broken(broken: object) -> None:
    made = broken(feed([episode(summary=HARD)]))  # type: ignore[operator]  # a lambda of the table above
    with pytest.raises((AssertionError, UnicodeDecodeError, KeyError)):
        ical_rules.read(made)
