"""The figures within demo texts: steps that follow each other, things that go round, and layers.

The rule: a few words in simple forms, large enough for a phone, on a light ground; drawn here, and saying in a corner
that they are for demonstration.
"""

import io
import math
from collections.abc import Sequence
from typing import Final, Literal

from PIL import Image, ImageDraw

from server.demo.pictures import Colour, colour
from server.demo.typesetting import font, wrap

Figure = Literal["steps", "cycle", "layers"]
WIDTH: Final = 1080
MARGIN: Final = 56
MARK: Final = "示意图 · 演示"
SIZE: Final = 44


def figure(kind: Figure, labels: Sequence[str], *, hue: float) -> bytes:
    """Draw a figure as a PNG.

    :param labels: in their order, up to eight.
    """
    draw = {"steps": _steps, "cycle": _cycle, "layers": _layers}[kind]
    picture = draw(labels, hue)
    drawing = ImageDraw.Draw(picture)
    drawing.text((WIDTH - 28, picture.height - 24), MARK, font=font(24), fill=colour(hue, 0.12, 0.46), anchor="rm")
    written = io.BytesIO()
    picture.quantize(64).save(written, "PNG")
    return written.getvalue()


def _sheet(height: int, hue: float) -> Image.Image:
    return Image.new("RGB", (WIDTH, height), colour(hue, 0.30, 0.965))


def _steps(labels: Sequence[str], hue: float) -> Image.Image:
    """Draw boxes with arrows between them, in rows that all run from left to right."""
    across = len(labels) if len(labels) <= 4 else 3 if len(labels) <= 6 else 4
    rows = math.ceil(len(labels) / across)
    gap, high = 52, 150
    wide = (WIDTH - 2 * MARGIN - gap * (across - 1)) // across
    picture = _sheet(2 * MARGIN + rows * high + (rows - 1) * 70 + 20, hue)
    drawing = ImageDraw.Draw(picture)
    ink = colour(hue, 0.45, 0.26)
    for number, label in enumerate(labels):
        row, column = divmod(number, across)
        left, top = MARGIN + column * (wide + gap), MARGIN + row * (high + 70)
        middle = top + high / 2
        if column:
            _arrow(drawing, (left - gap + 6, middle), (left - 8, middle), ink)
        drawing.rounded_rectangle((left, top, left + wide, top + high), 22, fill="white", outline=ink, width=4)
        drawing.ellipse((left - 14, top - 14, left + 34, top + 34), fill=ink)
        drawing.text((left + 10, top + 10), str(number + 1), font=font(28, bold=True), fill="white", anchor="mm")
        _label(drawing, label, (left + wide / 2, middle + 4), most=wide - 24, tone=ink)
    for row in range(1, rows):
        top = MARGIN + row * (high + 70)
        line = top - 35
        last, first = MARGIN + across * (wide + gap) - gap - wide / 2, MARGIN + wide / 2
        drawing.line([(last, top - 70), (last, line), (first, line)], fill=ink, width=4, joint="curve")
        _arrow(drawing, (first, line), (first, top - 6), ink)
    return picture


def _cycle(labels: Sequence[str], hue: float) -> Image.Image:
    """Draw discs around a circle, with arrows from each to the next."""
    across, radius = 300.0, 128.0
    picture = _sheet(920, hue)
    drawing = ImageDraw.Draw(picture)
    x, y, ink = WIDTH / 2, 452, colour(hue, 0.45, 0.26)
    turn = math.tau / len(labels)
    apart = 2 * math.asin((radius + 14) / (2 * across))
    for number, label in enumerate(labels):
        angle = -math.pi / 2 + turn * number
        begin, end = math.degrees(angle + apart), math.degrees(angle + turn - apart)
        drawing.arc((x - across, y - across, x + across, y + across), begin, end, fill=ink, width=5)
        tip = (x + across * math.cos(math.radians(end)), y + across * math.sin(math.radians(end)))
        along = math.radians(end) + math.pi / 2
        back = (tip[0] - 26 * math.cos(along), tip[1] - 26 * math.sin(along))
        _arrow(drawing, back, tip, ink)
        centre = (x + across * math.cos(angle), y + across * math.sin(angle))
        box = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        drawing.ellipse(box, fill=colour(hue + 10 * number, 0.42, 0.90), outline=ink, width=4)
        _label(drawing, label, centre, most=2 * radius - 50, tone=ink)
    return picture


def _layers(labels: Sequence[str], hue: float) -> Image.Image:
    """Draw broad bars over each other, the deeper the darker."""
    high, gap = 116, 18
    picture = _sheet(2 * MARGIN + len(labels) * (high + gap) + 16, hue)
    drawing = ImageDraw.Draw(picture)
    for number, label in enumerate(labels):
        top, inset = MARGIN + number * (high + gap), MARGIN + 26 * number
        depth = number / max(1, len(labels) - 1)
        box = (inset, top, WIDTH - inset, top + high)
        drawing.rounded_rectangle(box, 24, fill=colour(hue + 6 * number, 0.38, 0.86 - 0.56 * depth))
        tone: Colour = (255, 255, 255) if depth > 0.45 else colour(hue, 0.5, 0.18)
        _label(drawing, label, (WIDTH / 2, top + high / 2), most=WIDTH - 2 * inset - 60, tone=tone)
    return picture


def _label(drawing: ImageDraw.ImageDraw, text: str, middle: tuple[float, float], *, most: float, tone: Colour) -> None:
    face = font(SIZE, bold=True)
    lines = wrap(text, most=most, width=face.getlength)
    for number, line in enumerate(lines):
        level = middle[1] + (number - (len(lines) - 1) / 2) * SIZE * 1.25
        drawing.text((middle[0], level), line, font=face, fill=tone, anchor="mm")


def _arrow(drawing: ImageDraw.ImageDraw, begin: tuple[float, float], end: tuple[float, float], tone: Colour) -> None:
    angle = math.atan2(end[1] - begin[1], end[0] - begin[0])
    drawing.line([begin, end], fill=tone, width=4)
    wings = [(end[0] - 20 * math.cos(angle + turn), end[1] - 20 * math.sin(angle + turn)) for turn in (-0.5, 0.5)]
    drawing.polygon([end, *wings], fill=tone)
