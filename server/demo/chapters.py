"""How a demo episode is divided: chapters in the four stages, each question with a chapter that answers it."""

from dataclasses import dataclass
from typing import Final

from content.parts import Stage
from server.demo.telling import Episode

STAGES: Final = (Stage.CONSULTATION, Stage.PLAN, Stage.DIFFICULTY, Stage.NURSING)
_TITLES: Final = {
    Stage.CONSULTATION: ("从患者的话说起", "把线索排成时间", "还不知道的部分"),
    Stage.PLAN: ("方案摆上桌面", "不同意见写在一起", "定下来的与留着的"),
    Stage.DIFFICULTY: ("慢下来的地方", "停一停再往前", "回头看一眼"),
    Stage.NURSING: ("交接与核对", "一天里的几个时刻", "回到病房之后"),
}
# A chapter that answers a question takes so many times as long as one that leads on.
_WEIGHT: Final = 3
STEP_S: Final = 5


@dataclass(frozen=True, slots=True)
class Planned:
    """A chapter, and the question that it answers by its place in the episode; -1 for none."""

    key: str
    title: str
    stage: Stage
    starts_at_s: int
    question: int
    lines: tuple[str, ...]


def planned(episode: Episode) -> list[Planned]:
    """Divide an episode: every stage has a chapter, and every question one of its own."""
    parts: list[tuple[Stage, str, int]] = []
    for number, stage in enumerate(STAGES):
        asked = [place for place, (_, of) in enumerate(episode.questions) if of == number]
        for title, question in zip(_TITLES[stage], asked or [-1], strict=False):
            parts.append((stage, title, question))
    weights = [1 if question < 0 else _WEIGHT for _, _, question in parts]
    seconds = episode.minutes * 60
    found: list[Planned] = []
    for index, (stage, title, question) in enumerate(parts):
        starts = sum(weights[:index]) * seconds // sum(weights) // STEP_S * STEP_S
        lines = (title,) if question < 0 else (title, episode.questions[question][0])
        found.append(Planned(f"part-{index + 1}", title, stage, starts, question, lines))
    return found


def answering(plan: list[Planned], question: int) -> str:
    """Give the key of the chapter that answers a question."""
    return next(chapter.key for chapter in plan if chapter.question == question)
