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
from typing import Final

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from server.demo.drawings import CENTRE, Theme, draw
from server.demo.typesetting import NOT_FIRST, font, wrap

WIDTH: Final = 1280
HEIGHT: Final = 720
MARGIN: Final = 88
MARK: Final = "演示内容"

Colour = tuple[int, int, int]


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
    _draw(picture, theme, hue, rng)
    drawing = ImageDraw.Draw(picture)
    _write(drawing, title=title, over=over, under=under, hue=hue, large=not stages)
    if stages:
        _stages(drawing, stages, hue)
    _mark(picture, hue)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=86)
    return written.getvalue()


def plate(*, label: str, hue: float, theme: Theme, seed: str) -> bytes:
    """Draw a cover without a title, as a JPEG of the same size: for cards that say it themselves.

    All of it stands in the middle, so that nothing is lost where a list cuts it to a square.
    """
    rng = random.Random(seed)  # noqa: S311  a drawing needs no secret
    picture = _ground(hue, rng)
    _draw(picture, theme, hue, rng, centre=(WIDTH // 2, 316))
    words = f"{label} · {MARK}"
    ImageDraw.Draw(picture).text(
        (WIDTH // 2, HEIGHT - 58), words, font=font(34), fill=colour(hue + 8, 0.45, 0.90), anchor="mm"
    )
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=86)
    return written.getvalue()


def _ground(hue: float, rng: random.Random) -> Image.Image:
    """Paint a gradient from dark to light, with hills that fade into it; at half the size, since nothing is sharp."""
    dark, mid = colour(hue, 0.46, 0.14), colour(hue + 14, 0.38, 0.33)
    small = Image.new("RGB", (16, 9))
    for y in range(9):
        for x in range(16):
            share = min(1.0, 0.18 * x / 15 + 0.82 * (x / 15) * (y / 8) + 0.12 * y / 8)
            small.putpixel((x, y), _between(dark, mid, share))
    wide, high = WIDTH // 2, HEIGHT // 2
    ground = small.resize((wide, high), Image.Resampling.BICUBIC)
    for number in range(3):
        veil = Image.new("L", (wide, high))
        top = high * (0.62 + 0.13 * number)
        phase, length = rng.uniform(0, 6.28), rng.uniform(260, 420)
        ridge = [
            (x, top + 26 * math.sin(x / length * 6.28 + phase) + 9 * math.sin(x / 61 + phase * 2))
            for x in range(0, wide + 8, 8)
        ]
        ImageDraw.Draw(veil).polygon([*ridge, (wide + 8, high), (0, high)], fill=26 + 10 * number)
        ground.paste(colour(hue + 20, 0.30, 0.62 - 0.08 * number), mask=veil)
    return ground.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)


def _draw(
    picture: Image.Image, theme: Theme, hue: float, rng: random.Random, *, centre: tuple[int, int] = CENTRE
) -> None:
    """Draw the theme as light lines with a glow around them, at the right unless told otherwise."""
    lines = Image.new("L", (WIDTH, HEIGHT))
    draw(theme, ImageDraw.Draw(lines), rng)
    if centre != CENTRE:
        lines = ImageChops.offset(lines, centre[0] - CENTRE[0], centre[1] - CENTRE[1])
    glow = lines.reduce(4).filter(ImageFilter.GaussianBlur(9)).resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR)
    picture.paste(colour(hue + 8, 0.55, 0.88), mask=Image.blend(lines, glow, 0.45))


def _write(drawing: ImageDraw.ImageDraw, *, title: str, over: str, under: str, hue: float, large: bool) -> None:
    size, lines = _set(title, most=690, sizes=(104, 92, 80, 72, 64) if large else (84, 76, 68, 60, 54))
    face, step = font(size, bold=True), round(size * 1.28)
    block = step * len(lines)
    top = round((HEIGHT - block) / 2) - (0 if large else 34)
    pale = colour(hue + 8, 0.45, 0.86)
    drawing.rectangle((MARGIN, top - 52, MARGIN + 44, top - 46), fill=(240, 168, 104))
    drawing.text((MARGIN + 62, top - 66), over, font=font(30), fill=pale)
    for number, line in enumerate(lines):
        drawing.text((MARGIN, top + number * step), line, font=face, fill=(255, 255, 255))
    small = font(30)
    for number, line in enumerate(wrap(under, most=640, width=small.getlength)[:2]):
        drawing.text((MARGIN, top + block + 26 + number * 44), line, font=small, fill=pale)


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


def _stages(drawing: ImageDraw.ImageDraw, stages: Sequence[bool], hue: float) -> None:
    """Draw the four stages at the foot; those that the episode answers questions of are lit."""
    names = ("面诊", "方案", "术中", "护理")
    face, left, top = font(26), MARGIN, HEIGHT - 104
    for number, (name, lit) in enumerate(zip(names, stages, strict=True)):
        x = left + number * 152
        box = (x, top, x + 136, top + 46)
        if lit:
            drawing.rounded_rectangle(box, 23, fill=(240, 168, 104))
        else:
            drawing.rounded_rectangle(box, 23, outline=colour(hue, 0.25, 0.62), width=2)
        tone = colour(hue, 0.5, 0.12) if lit else colour(hue, 0.3, 0.78)
        drawing.text((x + 68, top + 22), name, font=face, fill=tone, anchor="mm")


def _mark(picture: Image.Image, hue: float) -> None:
    """Say in the corner that this is a demonstration."""
    face = font(24)
    wide = round(face.getlength(MARK)) + 36
    left, top = WIDTH - wide - 40, 40
    veil = Image.new("L", (wide, 44))
    ImageDraw.Draw(veil).rounded_rectangle((0, 0, wide - 1, 43), 10, fill=150)
    picture.paste(colour(hue, 0.5, 0.08), (left, top), veil)
    ImageDraw.Draw(picture).text((left + wide / 2, top + 21), MARK, font=face, fill=(236, 236, 236), anchor="mm")


def _between(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
