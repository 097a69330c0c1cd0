"""The demo documents: one page a demo episode, with its questions, as a PDF that is a picture of a page."""

import io
from typing import Final

from PIL import Image, ImageDraw

from server.demo.pictures import colour
from server.demo.telling import MARK, Episode, Series
from server.demo.typesetting import font, wrap

# A4 at 96 dots an inch.
WIDTH: Final = 794
HEIGHT: Final = 1123
MARGIN: Final = 76


def paper(series: Series, episode: Episode) -> bytes:
    """Draw the page."""
    page = Image.new("RGB", (WIDTH, HEIGHT), "white")
    draw = ImageDraw.Draw(page)
    ink = colour(series.hue, 0.5, 0.2)
    draw.rectangle((0, 0, WIDTH, 14), fill=ink)
    y = _lines(draw, 64, f"{series.title} · 本集要点一页纸{MARK}", size=18, tone=(86, 100, 97))
    y = _lines(draw, y + 6, episode.title, size=38, tone=ink, bold=True)
    y = _lines(draw, y + 10, episode.summary, size=21, tone=(40, 52, 50))
    for number, (question, _) in enumerate(episode.questions, start=1):
        y = _lines(draw, y + 34, f"{number}. {question}", size=23, tone=(29, 43, 42), bold=True)
        for _ in range(3):
            y += 42
            draw.line((MARGIN, y, WIDTH - MARGIN, y), fill=(214, 210, 200))
    _lines(draw, HEIGHT - 92, "人物与医院均为虚构。仅供试用本系统，不构成任何医疗建议。", size=16, tone=(86, 100, 97))
    written = io.BytesIO()
    page.save(written, "PDF", resolution=96, title=f"{series.title} · {episode.title}{MARK}")
    return written.getvalue()


def _lines(
    draw: ImageDraw.ImageDraw, y: int, text: str, *, size: int, tone: tuple[int, int, int], bold: bool = False
) -> int:
    face = font(size, bold=bold)
    for line in wrap(text, most=WIDTH - 2 * MARGIN, width=face.getlength):
        draw.text((MARGIN, y), line, font=face, fill=tone)
        y += round(size * 1.6)
    return y
