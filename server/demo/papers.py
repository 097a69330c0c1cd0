"""The demo documents: pages as PDFs that are pictures of pages, one a demo episode, and sheets to fill in."""

import io
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

from server.demo.pictures import Colour, colour
from server.demo.telling import MARK, Episode, Series
from server.demo.texts import Handout, SheetPart
from server.demo.typesetting import font, wrap

# A4 at 96 dots an inch.
WIDTH: Final = 794
HEIGHT: Final = 1123
MARGIN: Final = 76
FOOT: Final = "人物与医院均为虚构。仅供试用本系统，不构成任何医疗建议。"
QUIET: Final = (86, 100, 97)
PLAIN: Final = (29, 43, 42)
RULE: Final = (196, 192, 182)


def paper(series: Series, episode: Episode) -> bytes:
    """Draw the page of an episode: its questions, and room to write beside them."""
    page, y = _begun(f"{series.title} · 本集要点一页纸{MARK}", episode.title, episode.summary, hue=series.hue)
    draw = ImageDraw.Draw(page)
    for number, (question, _) in enumerate(episode.questions, start=1):
        y = _lines(draw, y + 34, f"{number}. {question}", size=23, tone=PLAIN, bold=True)
        y = _blank(draw, y, 3)
    return _finished(page, title=f"{series.title} · {episode.title}{MARK}")


def sheet(handout: Handout) -> bytes:
    """Draw a sheet to fill in."""
    page, y = _begun(f"{handout.edition}{MARK}", handout.title, handout.summary, hue=handout.hue)
    draw = ImageDraw.Draw(page)
    for part in handout.parts:
        y = _lines(draw, y + 28, part.heading, size=22, tone=colour(handout.hue, 0.5, 0.24), bold=True)
        y = _ticks(draw, y + 4, part.ticks)
        y = _table(draw, y + 6, part, ground=colour(handout.hue, 0.3, 0.94))
        y = _blank(draw, y, part.blank)
    return _finished(page, title=f"{handout.title}{MARK}")


def _begun(over: str, title: str, summary: str, *, hue: float) -> tuple[Image.Image, int]:
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(page)
    ink = colour(hue, 0.5, 0.2)
    draw.rectangle((0, 0, WIDTH, 14), fill=ink)
    y = _lines(draw, 64, over, size=18, tone=QUIET)
    y = _lines(draw, y + 6, title, size=38, tone=ink, bold=True)
    return page, _lines(draw, y + 10, summary, size=21, tone=(40, 52, 50))


def _finished(page: Image.Image, *, title: str) -> bytes:
    _lines(ImageDraw.Draw(page), HEIGHT - 92, FOOT, size=16, tone=QUIET)
    written = io.BytesIO()
    page.save(written, "PDF", resolution=96, title=title)
    return written.getvalue()


def _ticks(draw: ImageDraw.ImageDraw, y: int, ticks: Sequence[str]) -> int:
    for text in ticks:
        draw.rectangle((MARGIN + 2, y + 9, MARGIN + 22, y + 29), outline=QUIET, width=2)
        y = _lines(draw, y + 4, text, size=19, tone=PLAIN, left=MARGIN + 38) + 2
    return y


def _table(draw: ImageDraw.ImageDraw, y: int, part: SheetPart, *, ground: Colour) -> int:
    if not part.header:
        return y
    wide = (WIDTH - 2 * MARGIN) / len(part.header)
    empty = ("",) * len(part.header)
    for number, row in enumerate((part.header, *part.rows, *(empty for _ in range(part.empty)))):
        high = 38 if number == 0 else 44
        for column, text in enumerate(row):
            box = (MARGIN + column * wide, y, MARGIN + (column + 1) * wide, y + high)
            draw.rectangle(box, fill=ground if number == 0 else None, outline=RULE, width=1)
            draw.text((box[0] + 10, y + high / 2), text, font=font(17), fill=PLAIN, anchor="lm")
        y += high
    return y


def _blank(draw: ImageDraw.ImageDraw, y: int, lines: int) -> int:
    for _ in range(lines):
        y += 42
        draw.line((MARGIN, y, WIDTH - MARGIN, y), fill=(214, 210, 200))
    return y


def _lines(
    draw: ImageDraw.ImageDraw, y: int, text: str, *, size: int, tone: Colour, bold: bool = False, left: int = MARGIN
) -> int:
    face = font(size, bold=bold)
    for line in wrap(text, most=WIDTH - MARGIN - left, width=face.getlength):
        draw.text((left, y), line, font=face, fill=tone)
        y += round(size * 1.6)
    return y
