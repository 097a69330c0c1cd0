"""What is asked of a text before readers may see it."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content import film_checks
from content.checks import ConsentFacts, FileFacts, Surroundings, is_safe, narrower
from content.kinds import KINDS
from content.parts import Audience, files_in
from content.shapes import Episode

FILES = {
    1: FileFacts(1, "image", "image/jpeg", "a" * 64, 10),
    2: FileFacts(2, "video", "video/mp4", "b" * 64, 10, seconds=720.4),
    3: FileFacts(3, "document", "application/pdf", "c" * 64, 10),
    4: FileFacts(4, "video", "video/mp4", "d" * 64, 10, seconds=720, consent_id=2),
    5: FileFacts(5, "video", "video/mp4", "e" * 64, 10, seconds=720, consent_id=3),
    6: FileFacts(6, "image", "image/jpeg", "f" * 64, 10, consent_id=3),
}
SIGNED = date(2026, 10, 1)
CONSENTS = {
    1: ConsentFacts(1, Audience.EVERYONE, True, SIGNED, False),
    2: ConsentFacts(2, Audience.DOCTOR, True, SIGNED, False),
    3: ConsentFacts(3, Audience.EVERYONE, True, SIGNED, True),
    4: ConsentFacts(4, Audience.EVERYONE, False, SIGNED, False),
    5: ConsentFacts(5, Audience.EVERYONE, True, date(2026, 12, 1), False),
}
AROUND = Surroundings(
    today=date(2026, 11, 15), files=FILES, consents=CONSENTS, tags=frozenset({"rectal-cancer"}), airs=True
)
CHAPTERS = [
    {"key": "exam", "title": "指检", "starts_at_s": 0, "stage": "consultation"},
    {"key": "image", "title": "影像", "starts_at_s": 240.5},
]
EPISODE: dict[str, Any] = {
    "title": "面诊",
    "summary": "简介",
    "duration_s": 720,
    "cover": {"asset": 1, "alt": "看片"},
    "video": {"asset": 2},
    "chapters": CHAPTERS,
    "questions": [{"text": "能保肛吗？", "chapter": "image"}],
    "tags": ["rectal-cancer"],
    "documents": [{"asset": 3, "title": "讲义"}],
}
ADDRESS = "https://media.example.com/film.mp4"
GONE = object()


def findings(kind: str = "episode", around: Surroundings = AROUND, **changes: Any) -> set[tuple[str, str]]:
    values = {name: value for name, value in (EPISODE | changes).items() if value is not GONE}
    return {(finding.field, finding.code) for finding in KINDS[kind].check(values, around)}


def test_nothing_speaks_against_a_good_episode() -> None:
    assert findings() == set()


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        pytest.param({"title": GONE}, "title", "missing", id="no title"),
        pytest.param({"title": ""}, "title", "missing", id="an empty title"),
        pytest.param({"title": "  　"}, "title", "missing", id="a title of spaces"),
        pytest.param({"title": "长" * 81}, "title", "too_long", id="a long title"),
        pytest.param({"title": 3}, "title", "bad_value", id="a number for a title"),
        pytest.param({"summary": ""}, "summary", "summary_missing", id="no summary"),
        pytest.param({"duration_s": GONE}, "duration_s", "missing", id="no duration"),
        pytest.param({"duration_s": 0}, "duration_s", "too_small", id="no seconds"),
        pytest.param({"duration_s": "ten"}, "duration_s", "not_a_number", id="a duration in words"),
        pytest.param({"duration_s": 700}, "duration_s", "duration_differs", id="another duration than the film's"),
        pytest.param({"cover": GONE}, "cover", "cover_missing", id="no cover"),
        pytest.param({"cover": {"asset": 1}}, "cover.alt", "alt_missing", id="a cover without words"),
        pytest.param({"cover": {"asset": 9, "alt": "x"}}, "cover.asset", "asset_unknown", id="an unknown cover"),
        pytest.param({"cover": {"asset": 2, "alt": "x"}}, "cover.asset", "asset_wrong_kind", id="a film for a cover"),
        pytest.param({"cover": {"asset": 6, "alt": "x"}}, "cover.asset", "consent_withdrawn", id="a closed cover"),
        pytest.param({"cover": {"alt": "x"}}, "cover.asset", "missing", id="a cover without a file"),
        pytest.param({"cover": {"asset": 1, "size": 2}}, "cover.size", "unknown_field", id="a field within a field"),
        pytest.param({"video": GONE}, "video", "video_missing", id="no film"),
        pytest.param({"video": {}}, "video", "video_missing", id="an empty film"),
        pytest.param({"video": {"asset": 2, "url": ADDRESS}}, "video.url", "video_twice", id="two films"),
        pytest.param({"video": {"asset": 1}}, "video.asset", "asset_wrong_kind", id="an image for a film"),
        pytest.param({"video": {"url": "http://a.cn/x"}}, "video.url", "url_unsafe", id="an open address"),
        pytest.param({"video": {"url": "javascript:alert(1)"}}, "video.url", "url_unsafe", id="a script"),
        pytest.param({"tags": ["unheard-of"]}, "tags[0]", "tag_unknown", id="an unknown tag"),
        pytest.param({"tags": ["rectal-cancer"] * 2}, "tags[1]", "tag_twice", id="a tag twice"),
        pytest.param({"tags": ["Ä"]}, "tags[0]", "bad_key", id="a tag that is none"),
        pytest.param({"audience": "nurses"}, "audience", "not_a_choice", id="an unknown audience"),
        pytest.param({"chapters": []}, "questions[0].chapter", "chapter_unknown", id="no chapters"),
        pytest.param({"chapters": CHAPTERS[::-1]}, "chapters[1].starts_at_s", "chapters_unsorted", id="backwards"),
        pytest.param(
            {"chapters": [CHAPTERS[0], {**CHAPTERS[1], "starts_at_s": 0}]},
            "chapters[1].starts_at_s",
            "chapters_unsorted",
            id="two at once",
        ),
        pytest.param(
            {"chapters": [{**CHAPTERS[1], "starts_at_s": 720}]},
            "chapters[0].starts_at_s",
            "chapter_outside",
            id="a chapter at the end",
        ),
        pytest.param(
            {"chapters": [{**CHAPTERS[1], "starts_at_s": -1}]}, "chapters[0].starts_at_s", "too_small", id="before 0"
        ),
        pytest.param(
            {"chapters": [CHAPTERS[0], {**CHAPTERS[1], "key": "exam"}]},
            "chapters[1].key",
            "chapter_twice",
            id="a key twice",
        ),
        pytest.param(
            {"chapters": [{**CHAPTERS[0], "key": "Not A Key"}]}, "chapters[0].key", "bad_key", id="a key that is none"
        ),
        pytest.param(
            {"chapters": [{**CHAPTERS[0], "stage": "lunch"}]}, "chapters[0].stage", "not_a_choice", id="no such stage"
        ),
        pytest.param({"questions": []}, "questions", "questions_missing", id="no questions"),
        pytest.param(
            {"questions": [{"text": "为什么？", "chapter": "gone"}]},
            "questions[0].chapter",
            "chapter_unknown",
            id="a question that no chapter answers",
        ),
        pytest.param({"questions": [{"chapter": "exam"}]}, "questions[0].text", "missing", id="a question of nothing"),
        pytest.param({"questions": "many"}, "questions", "bad_value", id="a text for a list"),
        pytest.param(
            {"documents": [{"asset": 1, "title": "图"}]}, "documents[0].asset", "asset_wrong_kind", id="an image"
        ),
        pytest.param({"filmed_patient": True}, "consent_id", "consent_missing", id="filmed without consent"),
        pytest.param({"consent_id": 9}, "consent_id", "consent_unknown", id="an unknown consent"),
        pytest.param({"consent_id": 3}, "consent_id", "consent_withdrawn", id="a withdrawn consent"),
        pytest.param({"consent_id": 4}, "consent_id", "not_de_identified", id="faces shown"),
        pytest.param({"consent_id": 5}, "consent_id", "consent_not_yet", id="signed tomorrow"),
        pytest.param({"consent_id": 2}, "consent_id", "consent_scope", id="shown to more than agreed"),
        pytest.param({"video": {"asset": 4}}, "consent_id", "consent_missing", id="a film of a patient"),
        pytest.param({"video": {"asset": 4}, "consent_id": 1}, "consent_id", "consent_differs", id="another's consent"),
        pytest.param({"video": {"asset": 5}}, "video.asset", "consent_withdrawn", id="a closed film"),
        pytest.param({"surgeon": "x"}, "surgeon", "unknown_field", id="a field of nobody"),
    ],
)
def test_an_episode_with_a_flaw_is_found_out(changes: dict[str, Any], field: str, code: str) -> None:
    assert (field, code) in findings(**changes)


def test_a_consent_covers_its_own_audience_and_narrower_ones() -> None:
    for audience in ("doctor", "professional"):
        assert findings(video={"asset": 4}, consent_id=2, audience=audience) == set()
    narrowed = Surroundings(
        today=AROUND.today, files=FILES, consents=CONSENTS, tags=AROUND.tags, airs=True, above=Audience.DOCTOR
    )
    assert findings(around=narrowed, video={"asset": 4}, consent_id=2) == set()
    assert ("consent_id", "consent_scope") in findings(video={"asset": 4}, consent_id=2, audience="patient")


def test_an_item_is_for_somebody() -> None:
    for_doctors = Surroundings(
        today=AROUND.today, files=FILES, consents=CONSENTS, tags=AROUND.tags, airs=True, above=Audience.DOCTOR
    )
    assert findings(around=for_doctors, audience="patient") == {("audience", "audience_empty")}


def test_all_flaws_are_named_at_once() -> None:
    found = findings(title="", duration_s="x", cover={"asset": 0}, chapters=7)
    assert {field for field, _ in found} == {"title", "duration_s", "cover.asset", "chapters"}


def test_what_is_only_advice_does_not_block() -> None:
    lacking = {"summary": "", "questions": [], "chapters": [], "duration_s": 720, "tags": []}
    around = Surroundings(today=AROUND.today, files=FILES, airs=False)
    found = KINDS["episode"].check(EPISODE | lacking | {"documents": []}, around)
    assert {finding.code for finding in found} == {
        "summary_missing",
        "questions_missing",
        "chapters_missing",
        "airing_missing",
    }
    assert not any(finding.blocks for finding in found)


@pytest.mark.parametrize("seconds", [599, 901])
def test_an_unusual_length_is_noticed(seconds: int) -> None:
    assert ("duration_s", "duration_unusual") in findings(duration_s=seconds, video={"url": ADDRESS})


@pytest.mark.parametrize("seconds", [600, 900])
def test_a_usual_length_is_not(seconds: int) -> None:
    assert findings(duration_s=seconds, video={"url": ADDRESS}) == set()


@pytest.mark.parametrize(
    "url",
    [
        "http://media.example.com/a.mp4",
        "https://127.0.0.1/a.mp4",
        "https://[::1]/a.mp4",
        "https://2130706433/a.mp4",
        "https://0x7f.1/a.mp4",
        "https://localhost/a.mp4",
        "https://db.internal/a.mp4",
        "https://user@media.example.com/a.mp4",
        "https://media.example.com:8443/a.mp4",
        "https://media.example.com:port/a.mp4",
        "https://media.example.com/a b.mp4",
        'https://media.example.com/"><script>',
        "https://media.example.com\\@evil.cn/",
        "https:///a.mp4",
        "https://media/a.mp4",
        "//media.example.com/a.mp4",
        "data:video/mp4;base64,AAAA",
        "javascript:alert(1)//https://media.example.com",
        "https://médiä.example.com/",
        "https://-a.example.com/",
        "",
    ],
)
def test_an_address_that_readers_must_not_get_is_unsafe(url: str) -> None:
    assert not is_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        ADDRESS,
        "https://a.cn",
        "https://media.example.com:443/v/1.m3u8?sign=a%20b&t=1#x",
        "https://xn--fiqs8s.xn--fiqs8s/",
    ],
)
def test_a_public_https_address_is_safe(url: str) -> None:
    assert is_safe(url)


@given(st.text())
def test_no_text_breaks_the_check_of_addresses(url: str) -> None:
    assert is_safe(url) in {True, False}
    assert is_safe("https://" + url) in {True, False}


@given(st.sampled_from(Audience), st.sampled_from(Audience))
def test_narrowing_does_not_depend_on_the_order(one: Audience, other: Audience) -> None:
    assert narrower(one, other) == narrower(other, one)
    assert narrower(one, one) == one
    assert narrower(one, Audience.EVERYONE) == one


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("asset"), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(sorted(KINDS["episode"].field_names), JSON)))
def test_whatever_a_draft_holds_is_answered_with_findings(values: dict[str, Any]) -> None:
    for finding in KINDS["episode"].check(values, AROUND):
        assert finding.field
        assert finding.sentence
    assert all(asset_id > 0 for asset_id, _ in files_in(values))


@given(st.lists(st.floats(0, 1000), max_size=8))
def test_chapters_pass_just_when_they_are_sorted_apart_and_inside(starts: list[float]) -> None:
    shape = [{"key": f"c{index}", "title": "x", "starts_at_s": start} for index, start in enumerate(starts)]
    found = {code for _, code in findings(chapters=shape, questions=[], duration_s=600, video={"url": ADDRESS})}
    good = all(one < two for one, two in pairwise(starts)) and all(start < 600 for start in starts)
    assert good == (not found & {"chapters_unsorted", "chapter_outside"})


def test_a_check_is_of_a_shape_and_raises_nothing() -> None:
    episode, found = KINDS["episode"].read(EPISODE)
    assert isinstance(episode, Episode)
    assert found == []
    assert list(film_checks.chapters(episode, AROUND)) == []
