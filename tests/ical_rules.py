"""A strict reader of iCalendar (RFC 5545, RFC 7986): where a calendar app forgives, it fails.

The rule: it shares nothing with the library that writes the feed, and knows only what the feed may contain; anything
else is an error.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

MOST_OCTETS = 75
LINE = re.compile(
    r'(?P<name>[A-Za-z0-9-]+)(?P<params>(?:;[A-Za-z0-9-]+=(?:"[^"\x00-\x08\x0a-\x1f\x7f]*"|[^";:,\x00-\x1f\x7f]*))*)'
    r":(?P<value>.*)",
    re.DOTALL,
)
TEXT = re.compile(r"(?:\\[\\;,nN]|[^\\;,\x00-\x08\x0a-\x1f\x7f])*")
DURATION = re.compile(
    r"[+-]?P(?:\d+W|\d+D(?:T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))?|T(?:\d+H(?:\d+M(?:\d+S)?)?|\d+M(?:\d+S)?|\d+S))"
)
UTC_TIME = re.compile(r"\d{8}T\d{6}Z")
LOCAL_TIME = re.compile(r"\d{8}T\d{6}")
OFFSET = re.compile(r"[+-]\d{4}(?:\d{2})?")

# Component → property → (least, most, kind of its value).
RULES: dict[str, dict[str, tuple[int, int, str]]] = {
    "VCALENDAR": {
        "PRODID": (1, 1, "text"),
        "VERSION": (1, 1, "text"),
        "CALSCALE": (0, 1, "text"),
        "NAME": (1, 1, "text"),
        "X-WR-CALNAME": (1, 1, "text"),
        "X-WR-TIMEZONE": (0, 1, "text"),
        "REFRESH-INTERVAL": (1, 1, "duration"),
        "X-PUBLISHED-TTL": (1, 1, "duration"),
    },
    "VTIMEZONE": {"TZID": (1, 1, "text")},
    "STANDARD": {
        "DTSTART": (1, 1, "floating"),
        "TZOFFSETFROM": (1, 1, "offset"),
        "TZOFFSETTO": (1, 1, "offset"),
        "TZNAME": (0, 1, "text"),
    },
    "VEVENT": {
        "UID": (1, 1, "text"),
        "DTSTAMP": (1, 1, "utc"),
        "LAST-MODIFIED": (1, 1, "utc"),
        "SEQUENCE": (1, 1, "integer"),
        "DTSTART": (1, 1, "zoned"),
        "DTEND": (1, 1, "zoned"),
        "SUMMARY": (1, 1, "text"),
        "DESCRIPTION": (0, 1, "text"),
        "LOCATION": (0, 1, "text"),
        "STATUS": (1, 1, "text"),
        "TRANSP": (0, 1, "text"),
    },
    "VALARM": {"ACTION": (1, 1, "text"), "DESCRIPTION": (1, 1, "text"), "TRIGGER": (1, 1, "duration")},
}
INSIDE = {"": {"VCALENDAR"}, "VCALENDAR": {"VTIMEZONE", "VEVENT"}, "VTIMEZONE": {"STANDARD"}, "VEVENT": {"VALARM"}}


@dataclass
class Component:
    """A component with its properties (the value still escaped, with its parameters) and the components in it."""

    name: str
    values: dict[str, tuple[str, dict[str, str]]] = field(default_factory=dict)
    inside: list["Component"] = field(default_factory=list)

    def all(self, name: str) -> list["Component"]:
        return [component for component in self.inside if component.name == name]

    def text(self, name: str) -> str:
        """Give a text as a person reads it."""
        return re.sub(r"\\(.)", lambda found: "\n" if found[1] in "nN" else found[1], self.values[name][0])

    def time(self, name: str) -> datetime:
        return datetime.strptime(self.values[name][0].rstrip("Z"), "%Y%m%dT%H%M%S")


def read(feed: bytes) -> Component:
    """Read a feed; whatever is not by the rules fails."""
    calendar = _tree(_lines(feed))
    _check(calendar)
    zones = {zone.text("TZID") for zone in calendar.all("VTIMEZONE")}
    events = calendar.all("VEVENT")
    for event in events:
        for name in ("DTSTART", "DTEND"):
            assert event.values[name][1] == {"TZID": event.values[name][1].get("TZID")}, "nothing but the zone"
            assert event.values[name][1]["TZID"] in zones, "the zone of a time is defined in the feed"
        assert event.time("DTSTART") < event.time("DTEND")
        assert event.text("STATUS") in {"CONFIRMED", "CANCELLED", "TENTATIVE"}
        for alarm in event.all("VALARM"):
            assert alarm.text("ACTION") == "DISPLAY"
    uids = [event.text("UID") for event in events]
    assert len(set(uids)) == len(uids), "a UID is there once"
    return calendar


def duration(text: str) -> timedelta:
    """Read a duration without weeks."""
    sign, days, hours, minutes, seconds = re.fullmatch(
        r"([+-]?)P(?:(\d+)D)?T?(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?", text
    ).groups()  # type: ignore[union-attr]  # a text that is no duration has failed before
    length = timedelta(days=int(days or 0), hours=int(hours or 0), minutes=int(minutes or 0), seconds=int(seconds or 0))
    return -length if sign == "-" else length


def _lines(feed: bytes) -> list[str]:
    assert feed.endswith(b"\r\n"), "the last line is ended too"
    assert not feed.startswith(b"\xef\xbb\xbf"), "there is no mark of byte order"
    lines: list[str] = []
    for octets in feed[:-2].split(b"\r\n"):
        assert octets, "no line is empty"
        assert b"\r" not in octets and b"\n" not in octets, "a line ends with CR and LF together"
        assert len(octets) <= MOST_OCTETS, f"a line has at most {MOST_OCTETS} octets"
        line = octets.decode()  # fails where a fold splits a character
        if line[0] in " \t":
            assert lines, "the first line continues nothing"
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return lines


def _tree(lines: list[str]) -> Component:
    root = Component("")
    open_ones = [root]
    for line in lines:
        match = LINE.fullmatch(line)
        assert match, f"not a content line: {line!r}"
        name, value = match["name"].upper(), match["value"]
        if name == "BEGIN":
            assert value in INSIDE.get(open_ones[-1].name, set()), f"{value} cannot be in {open_ones[-1].name!r}"
            open_ones.append(Component(value))
            open_ones[-2].inside.append(open_ones[-1])
        elif name == "END":
            assert open_ones.pop().name == value
        else:
            rule = RULES[open_ones[-1].name].get(name)
            assert rule, f"{name} in {open_ones[-1].name} is not expected"
            assert name not in open_ones[-1].values or rule[1] > 1, f"{name} is there more than once"
            params = dict(part.split("=", 1) for part in match["params"].split(";")[1:])
            open_ones[-1].values[name] = (value, params)
    assert open_ones == [root] and len(root.inside) == 1, "one calendar, and closed"
    return root.inside[0]


def _check(component: Component) -> None:
    for name, (least, _, kind) in RULES[component.name].items():
        assert name in component.values or not least, f"{name} is missing in {component.name}"
        if name in component.values:
            _check_value(name, kind, *component.values[name])
    for inner in component.inside:
        _check(inner)


def _check_value(name: str, kind: str, value: str, params: dict[str, str]) -> None:
    pattern = {
        "text": TEXT,
        "duration": DURATION,
        "utc": UTC_TIME,
        "zoned": LOCAL_TIME,
        "floating": LOCAL_TIME,
        "offset": OFFSET,
        "integer": re.compile(r"\d+"),
    }[kind]
    assert pattern.fullmatch(value), f"{name} is no {kind}: {value!r}"
    if name == "REFRESH-INTERVAL":
        assert params == {"VALUE": "DURATION"}, "RFC 7986, 5.7: the value type has to be named"
    elif kind != "zoned":
        assert not params, f"{name} has parameters: {params}"
