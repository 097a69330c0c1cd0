"""The demo pictures and films: where lines break, what is drawn, and whether it can be played."""

import io
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from content import inspection
from server.core.clock import day_of
from server.demo import chapters, figures, papers, pictures, sounds, texts
from server.demo.films import Slide, film
from server.demo.programme import NOW, airs_at, numbered
from server.demo.script import ALL, GASTRIC
from server.demo.typesetting import NOT_FIRST, NOT_LAST, wrap

SIGNS = st.text(alphabet="杏林医生手术第一集，。？！（）“”《》、：abc 12", max_size=60)
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC))


@given(SIGNS, st.integers(min_value=4, max_value=20))
def test_lines_keep_the_rules_of_their_beginnings_and_ends(text: str, most: int) -> None:
    lines = wrap(text, most=most, width=len)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    for before, after in pairwise(lines):
        assert after[0] not in NOT_FIRST
        assert before[-1] not in NOT_LAST


@pytest.mark.parametrize(
    ("text", "most", "lines"),
    [
        ("皮肤在说话", 9, ["皮肤在说话"]),
        ("一张报告单，怎样读给患者听", 9, ["一张报告单，", "怎样读给患者听"]),
        ("没有标点的一长串标题文字", 8, ["没有标点的", "一长串标题文字"]),
        ("MDT 讨论会", 4, ["MDT", "讨论会"]),
        ("", 4, []),
    ],
    ids=["one line", "after the comma", "between words", "a word stays whole", "nothing"],
)
def test_a_title_breaks_where_one_would_break_it(text: str, most: int, lines: list[str]) -> None:
    assert wrap(text, most=most, width=len) == lines


def test_a_cover_is_a_picture_of_its_size_and_the_same_each_time() -> None:
    drawn = [
        pictures.cover(
            title="面诊", over="台前一问 · 第 1 集", under="第一季", hue=196, theme="lamp", seed="x", stages=[True] * 4
        )
        for _ in range(2)
    ]
    assert drawn[0] == drawn[1]
    with Image.open(io.BytesIO(drawn[0])) as picture:
        assert picture.size == (1280, 720)


def test_a_plate_says_what_it_is_in_the_middle_which_no_list_cuts_away() -> None:
    drawn = pictures.plate(label="资讯", hue=20, theme="grid", seed="x")
    assert drawn == pictures.plate(label="资讯", hue=20, theme="grid", seed="x")
    with Image.open(io.BytesIO(drawn)) as picture:
        assert picture.size == (1280, 720)
        words = picture.convert("L").crop((280, 640, 1000, 690))
        beside = picture.convert("L").crop((0, 640, 280, 690))
    assert words.getextrema()[1] > 180 > beside.getextrema()[1]


def test_a_paper_is_a_document() -> None:
    assert papers.paper(GASTRIC, GASTRIC.seasons[0].episodes[0]).startswith(b"%PDF-")


@pytest.mark.parametrize("step_s", [1, 5], ids=["running", "in steps"])
def test_a_film_runs_its_time_with_pictures_and_sound(tmp_path: Path, step_s: int) -> None:
    path = tmp_path / "film.mp4"
    slides = [Slide(0, 0, "面诊要点"), Slide(20, 2, "术中难点")]
    film(path=path, slides=slides, seconds=60, over="演示", hue=200, step_s=step_s)
    with av.open(str(path)) as container:
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(60, abs=0.2)
        names = [stream.codec_context.name for stream in (container.streams.video[0], container.streams.audio[0])]
        frames = [frame.to_image() for frame in container.decode(video=0)]
    assert names == ["h264", "aac"]
    assert len(frames) == 60 / step_s
    assert frames[0].tobytes() != frames[-1].tobytes()
    # Players begin before all is loaded only if the index comes first.
    assert path.read_bytes().find(b"moov") < path.read_bytes().find(b"mdat")


def test_a_film_with_a_tune_is_heard_for_its_whole_time(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    slides = [Slide(0, 0, "面诊要点"), Slide(12, 1, "手术方案")]
    film(path=path, slides=slides, seconds=24, over="演示", hue=200, tune=sounds.tune(24, seed="x"))
    with av.open(str(path)) as container:
        heard = [bytes(frame.planes[0]) for frame in container.decode(audio=0)]
    assert len(heard) * 1024 / sounds.RATE == pytest.approx(24, abs=0.3)
    loud = [number for number, plane in enumerate(heard) if any(plane)]
    assert len(loud) > 0.6 * len(heard)


def test_a_tune_is_the_same_each_time_another_by_another_name_and_never_too_loud() -> None:
    sounds.tune.cache_clear()
    first = sounds.tune(12, seed="x")
    sounds.tune.cache_clear()
    assert sounds.tune(12, seed="x") == first
    assert sounds.tune(12, seed="y") != first
    assert len(first) == 12 * sounds.RATE
    assert 0.05 < max(map(abs, first)) < 0.9


def test_a_recording_is_a_sound_of_its_own(tmp_path: Path) -> None:
    sounds.recording(tmp_path / "tune.m4a", 12, seed="x")
    assert inspection.sniff((tmp_path / "tune.m4a").read_bytes()[:64]) == ("audio", "audio/mp4")
    with av.open(str(tmp_path / "tune.m4a")) as container:
        assert container.duration is not None
        assert container.duration / av.time_base == pytest.approx(12, abs=0.2)


@pytest.mark.parametrize("kind", ["steps", "cycle", "layers"])
def test_a_figure_is_as_wide_as_a_text_and_grows_with_its_labels(kind: figures.Figure) -> None:
    sizes = []
    for labels in (
        ["测漏", "清洗", "干燥"],
        ["预处理", "测漏", "清洗", "漂洗", "消毒灭菌", "终末漂洗", "干燥", "储存"],
    ):
        with Image.open(io.BytesIO(figures.figure(kind, labels, hue=20))) as picture:
            sizes.append(picture.size)
    assert {wide for wide, _ in sizes} == {figures.WIDTH}
    assert sizes[0][1] <= sizes[1][1]


def test_a_sheet_is_a_document_of_one_page() -> None:
    for handout in texts.handouts():
        assert papers.sheet(handout).startswith(b"%PDF-")


def test_every_question_of_the_script_has_a_chapter_in_its_stage() -> None:
    for show in numbered(ALL):
        plan = chapters.planned(show.episode)
        starts = [chapter.starts_at_s for chapter in plan]
        assert starts == sorted(set(starts))
        assert starts[0] == 0
        assert starts[-1] < show.episode.minutes * 60
        assert [chapter.stage for chapter in plan] == sorted(
            (chapter.stage for chapter in plan), key=chapters.STAGES.index
        )
        for number, (_, stage) in enumerate(show.episode.questions):
            key = chapters.answering(plan, number)
            assert next(chapter.stage for chapter in plan if chapter.key == key) == chapters.STAGES[stage]


@given(MOMENTS)
def test_whenever_it_is_first_started_something_has_aired_airs_today_and_is_to_come(at: datetime) -> None:
    times = [airs_at(show, at=at) for show in numbered(ALL)]
    assert any(time < at - timedelta(days=30) for time in times)
    assert any(time > at + timedelta(days=20) for time in times)
    assert sum(day_of(time) == day_of(at) for time in times) >= 2
    now = next(show for show in numbered(ALL) if show.place == NOW)
    on_air = airs_at(now, at=at)
    assert on_air <= at < on_air + timedelta(minutes=now.episode.minutes)
