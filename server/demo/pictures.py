"""The demo covers: a quiet ground in the hue of the series, a drawing of its theme, and the title.

The rule: drawn here, from figures alone, so that no picture of anybody or by anybody else is needed; each says that it
is a demonstration. The same words give the same bytes.
"""

import colorsys
import io
import math
import random
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, Literal

from PIL import Image, ImageDraw, ImageFilter

from server.demo.typesetting import NOT_FIRST, font, wrap

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 88
MARK: Final = "演示内容"

Colour = tuple[int, int, int]
Theme = Literal["lamp", "branches", "rings"]


def colour(hue: float, saturation: float, lightness: float) -> Colour:
    """Give a colour by its hue in degrees and two shares."""
    red, green, blue = colorsys.hls_to_rgb(hue % 360 / 360, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def cover(
    *, title: str, over: str, under: str, hue: float, theme: Theme, seed: str, stages: Sequence[bool] = ()
) -> bytes:
    """Draw a cover of 1280 × 720 as a JPEG.

    :param over: the line above the title, ``under`` the one at the foot.
    :param stages: for each of the four stages, whether the episode answers a question of it; none for a series.
    """
    rng = random.Random(seed)  # noqa: S311  a drawing needs no secret
    picture = _ground(hue, rng)
    picture = Image.alpha_composite(picture, _drawing(theme, hue, rng))
    drawing = ImageDraw.Draw(picture)
    _write(drawing, title=title, over=over, under=under, hue=hue, large=not stages)
    if stages:
        _stages(drawing, stages, hue)
    _mark(picture, hue)
    written = io.BytesIO()
    picture.convert("RGB").save(written, "JPEG", quality=86, subsampling=0)
    return written.getvalue()


def _ground(hue: float, rng: random.Random) -> Image.Image:
    """Paint a gradient from dark to light, with hills that fade into it."""
    dark, mid = colour(hue, 0.46, 0.14), colour(hue + 14, 0.38, 0.33)
    small = Image.new("RGB", (16, 9))
    for y in range(9):
        for x in range(16):
            share = min(1.0, 0.18 * x / 15 + 0.82 * (x / 15) * (y / 8) + 0.12 * y / 8)
            small.putpixel((x, y), _between(dark, mid, share))
    ground = small.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).convert("RGBA")
    for number in range(3):
        layer = Image.new("L", (WIDTH // 2, HEIGHT // 2))
        top = HEIGHT / 2 * (0.62 + 0.13 * number)
        phase, length = rng.uniform(0, 6.28), rng.uniform(260, 420)
        ridge = [
            (x, top + 26 * math.sin(x / length * 6.28 + phase) + 9 * math.sin(x / 61 + phase * 2))
            for x in range(0, WIDTH // 2 + 8, 8)
        ]
        ImageDraw.Draw(layer).polygon([*ridge, (WIDTH // 2 + 8, HEIGHT // 2), (0, HEIGHT // 2)], fill=26 + 10 * number)
        veil = Image.new("RGBA", (WIDTH, HEIGHT), (*colour(hue + 20, 0.30, 0.62 - 0.08 * number), 0))
        veil.putalpha(layer.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC))
        ground = Image.alpha_composite(ground, veil)
    return ground


def _drawing(theme: Theme, hue: float, rng: random.Random) -> Image.Image:
    """Draw the theme of a series at the right, at half the size and softened, as light lines."""
    lines = Image.new("L", (WIDTH, HEIGHT))
    draw = {"lamp": _lamp, "branches": _branches, "rings": _rings}[theme]
    draw(ImageDraw.Draw(lines), rng)
    glow = lines.resize((WIDTH // 4, HEIGHT // 4)).filter(ImageFilter.GaussianBlur(9))
    layer = Image.new("RGBA", (WIDTH, HEIGHT), (*colour(hue + 8, 0.55, 0.88), 0))
    layer.putalpha(Image.blend(lines, glow.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC), 0.45))
    return layer


CENTRE: Final = (980, 312)


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


def _write(draw: ImageDraw.ImageDraw, *, title: str, over: str, under: str, hue: float, large: bool) -> None:
    size, lines = _set(title, most=690, sizes=(104, 92, 80, 72, 64) if large else (84, 76, 68, 60, 54))
    face, step = font(size, bold=True), round(size * 1.28)
    block = step * len(lines)
    top = round((HEIGHT - block) / 2) - (0 if large else 34)
    pale = colour(hue + 8, 0.45, 0.86)
    draw.rectangle((MARGIN, top - 52, MARGIN + 44, top - 46), fill=(240, 168, 104))
    draw.text((MARGIN + 62, top - 66), over, font=font(30), fill=pale)
    for number, line in enumerate(lines):
        draw.text((MARGIN, top + number * step), line, font=face, fill=(255, 255, 255))
    small = font(30)
    for number, line in enumerate(wrap(under, most=640, width=small.getlength)[:2]):
        draw.text((MARGIN, top + block + 26 + number * 44), line, font=small, fill=pale)


def _set(text: str, *, most: float, sizes: Sequence[int]) -> tuple[int, list[str]]:
    """Give the size and the lines of a title: the largest that fits, or one not much smaller that breaks at a comma."""
    fitting = [(size, lines) for size, lines in _tried(text, most=most, sizes=sizes) if len(lines) <= 3]
    if not fitting:
        return sizes[-1], wrap(text, most=most, width=partial(_width, sizes[-1]))[:3]
    largest = fitting[0]
    near = [one for one in fitting[:3] if len(one[1]) <= len(largest[1])]
    return next((one for one in near if all(line[-1] in NOT_FIRST for line in one[1][:-1])), largest)


def _tried(text: str, *, most: float, sizes: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    for size in sizes:
        lines = wrap(text, most=most, width=partial(_width, size))
        if all(_width(size, line) <= most for line in lines):
            yield size, lines


def _width(size: int, text: str) -> float:
    return font(size, bold=True).getlength(text)


def _stages(draw: ImageDraw.ImageDraw, stages: Sequence[bool], hue: float) -> None:
    """Draw the four stages at the foot; those that the episode answers questions of are lit."""
    names = ("面诊", "方案", "术中", "护理")
    face, left, top = font(26), MARGIN, HEIGHT - 104
    for number, (name, lit) in enumerate(zip(names, stages, strict=True)):
        x = left + number * 152
        box = (x, top, x + 136, top + 46)
        if lit:
            draw.rounded_rectangle(box, 23, fill=(240, 168, 104))
        else:
            draw.rounded_rectangle(box, 23, outline=colour(hue, 0.25, 0.62), width=2)
        tone = colour(hue, 0.5, 0.12) if lit else colour(hue, 0.3, 0.78)
        draw.text((x + 68, top + 22), name, font=face, fill=tone, anchor="mm")


def _mark(picture: Image.Image, hue: float) -> None:
    """Say in the corner that this is a demonstration."""
    face = font(24)
    wide = round(face.getlength(MARK)) + 36
    tag = Image.new("RGBA", (wide, 44))
    draw = ImageDraw.Draw(tag)
    draw.rounded_rectangle((0, 0, wide - 1, 43), 10, fill=(*colour(hue, 0.5, 0.08), 150))
    draw.text((wide / 2, 21), MARK, font=face, fill=(255, 255, 255, 235), anchor="mm")
    picture.alpha_composite(tag, (WIDTH - wide - 40, 40))


def _around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    return x - radius, y - radius, x + radius, y + radius


def _at(x: float, y: float, radius: float, angle: float) -> tuple[float, float]:
    return x + radius * math.cos(angle), y + radius * math.sin(angle)


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
