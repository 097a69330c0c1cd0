"""The drawings on the demo covers: light lines at the right, one a theme.

The rule: figures alone, drawn from a seed, so that the same words give the same drawing.
"""

import math
import random
from typing import Final, Literal

from PIL import ImageDraw

Theme = Literal["lamp", "branches", "rings", "thread", "grid", "waves", "leaf", "layers"]
CENTRE: Final = (980, 312)


def draw(theme: Theme, drawing: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw a theme on a sheet of 1280 × 720, in shades of grey."""
    themes = {
        "lamp": _lamp,
        "branches": _branches,
        "rings": _rings,
        "thread": _thread,
        "grid": _grid,
        "waves": _waves,
        "leaf": _leaf,
        "layers": _layers,
    }
    themes[theme](drawing, rng)


def _lamp(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw the lamp over a table: a large disc of small ones, and its light."""
    x, y = CENTRE
    for radius in (214, 208):
        draw.ellipse(_around(x, y, radius), outline=150, width=3)
    turn = rng.uniform(0, 60)
    for ring, count, size in ((0, 1, 44), (112, 6, 40), (112, 6, 30)):
        for number in range(count):
            angle = math.radians(turn + 360 / count * number)
            draw.ellipse(_around(*_at(x, y, ring, angle), size), outline=205, width=3, fill=46 if size > 30 else None)
    for number in range(36):
        angle = math.radians(number * 10 + turn)
        near, far = 236, 252 + 22 * (number % 3 == 0)
        draw.line(
            [_at(x, y, near, angle), _at(x, y, far, angle)],
            fill=110,
            width=3,
        )


def _branches(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw a tree of airways that parts in two again and again, with one round spot at a tip."""
    tips: list[tuple[float, float]] = []

    def grow(x: float, y: float, angle: float, length: float, level: int) -> None:
        end = (x + length * math.cos(angle), y + length * math.sin(angle))
        draw.line([(x, y), end], fill=120 + 16 * level, width=max(2, 13 - 2 * level))
        draw.ellipse(_around(*end, max(1, 6 - level)), fill=120 + 16 * level)
        if level == 6:
            tips.append(end)
            return
        for side in (-1, 1):
            grow(*end, angle + side * rng.uniform(0.32, 0.62), length * rng.uniform(0.70, 0.84), level + 1)

    x, y = CENTRE
    grow(x, y - 250, math.pi / 2, 92, 0)
    lowest = max([tip for tip in tips if tip[0] > x] or tips, key=lambda tip: tip[1])
    for radius, tone in ((34, 235), (20, 200)):
        draw.ellipse(_around(*lowest, radius), outline=tone, width=4)


def _rings(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw rings around a place that is chosen with care, and a cross of fine lines to find it by."""
    x, y = CENTRE
    for number in range(6):
        radius = 46 + 36 * number
        start = rng.uniform(0, 360)
        draw.arc(_around(x, y, radius), start, start + 300 - 22 * number, fill=220 - 22 * number, width=4)
    for number in range(48):
        angle = math.radians(number * 7.5)
        draw.ellipse(_around(*_at(x, y, 262, angle), 4 if number % 4 else 7), fill=135)
    draw.ellipse(_around(x, y, 20), fill=235)
    for dx, dy in ((1, 0), (-1, 0), (0, 1), (0, -1)):
        draw.line([(x + dx * 30, y + dy * 30), (x + dx * 290, y + dy * 290)], fill=74, width=2)


def _thread(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw one thread that runs through beads, and on."""
    x, y = CENTRE
    phase, turns = rng.uniform(0, 6.28), rng.uniform(1.1, 1.5)

    def place(share: float) -> tuple[float, float]:
        return x - 250 + 500 * share, y + 150 * math.sin(phase + turns * 6.28 * share) * (0.45 + 0.55 * share)

    draw.line([place(step / 90) for step in range(-8, 99)], fill=150, width=5, joint="curve")
    for number in range(5):
        bead, radius = place((number + 0.5) / 5), 22 + 7 * (number == 2)
        draw.ellipse(_around(*bead, radius), fill=40, outline=225, width=5)
        draw.ellipse(_around(*bead, 7), fill=225)
        for ring in (1, 2):
            draw.ellipse(_around(*bead, radius + 16 * ring), outline=120 - 36 * ring, width=2)


def _grid(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw a field of cells of which some are filled, and one is looked at."""
    x, y = CENTRE
    seen = (rng.randrange(2, 6), rng.randrange(2, 6))
    for row in range(8):
        for column in range(8):
            left, top = x - 236 + 60 * column, y - 236 + 60 * row
            far = math.dist((row, column), seen)
            full = rng.random() < 0.62
            tone = max(46, round(200 - 26 * far))
            box = (left, top, left + 46, top + 46)
            draw.rounded_rectangle(box, 8, fill=tone if full else None, outline=tone, width=2)
    centre = (x - 213 + 60 * seen[1], y - 213 + 60 * seen[0])
    draw.ellipse(_around(*centre, 58), outline=245, width=5)
    draw.line([_at(*centre, 58, 0.78), _at(*centre, 128, 0.78)], fill=245, width=9)


def _waves(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw waves that calm down from above to below."""
    x, y = CENTRE
    phase = rng.uniform(0, 6.28)
    for number in range(11):
        height = 42 * (1 - number / 12)
        level = y - 220 + 44 * number
        line = [
            (
                x - 280 + step * 8,
                level + height * math.sin(step / 9 + phase + number * 0.55) * math.sin(step / 70 * 3.14),
            )
            for step in range(71)
        ]
        draw.line(line, fill=215 - 13 * number, width=4, joint="curve")


def _leaf(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw a twig whose leaves stand in pairs, as those of an apricot in spring."""
    x, y = CENTRE
    lean = rng.uniform(-0.25, 0.25)
    stem = [(x + lean * 120 * (share / 6) ** 2 - 10, y + 262 - 72 * share) for share in range(7)]
    draw.line(stem, fill=170, width=6, joint="curve")
    for number, (left, top) in enumerate(stem[1:]):
        long = 168 - 16 * number
        for side in (-1, 1):
            angle = -math.pi / 2 + side * (0.95 - 0.03 * number) + rng.uniform(-0.08, 0.08)
            tip, bend = _at(left, top, long, angle), 0.25 * long
            middle = _at(left, top, long / 2, angle)
            out = [_at(*middle, bend, angle + turn * math.pi / 2) for turn in (-1, 1)]
            draw.polygon([(left, top), out[0], tip, out[1]], fill=34 + 8 * number, outline=190, width=3)
            draw.line([(left, top), tip], fill=120, width=2)


def _layers(draw: ImageDraw.ImageDraw, rng: random.Random) -> None:
    """Draw sheets that lie over each other, and a line that goes through all of them."""
    x, y = CENTRE
    lit = rng.randrange(1, 5)
    for number in range(6):
        level = y + 190 - 76 * number
        sheet = [(x - 220, level), (x, level - 88), (x + 220, level), (x, level + 88)]
        draw.polygon(sheet, fill=96 if number == lit else 30 + 5 * number, outline=130 + 18 * number, width=4)
    draw.line([(x, y + 280), (x, y - 260)], fill=235, width=3)
    draw.ellipse(_around(x, y + 190 - 76 * lit, 13), fill=250)


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _at(x: float, y: float, radius: float, angle: float) -> tuple[float, float]:
    return x + radius * math.cos(angle), y + radius * math.sin(angle)
