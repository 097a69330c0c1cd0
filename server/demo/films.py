"""The demo films: slides of the four stages with a running time code, and silence or a tune.

The rule: small and quick to make, since the first start makes all of them: at most one frame a second, of which only
the time code and the bar under it change; the silence is one frame of sound written again and again. They show what
they are: no patient, no operation, a demonstration.
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw

from server.demo import sounds
from server.demo.pictures import colour
from server.demo.typesetting import font, wrap

WIDTH: Final = 640
HEIGHT: Final = 360
MARK: Final = "演示影片 · 不含真实病例与手术画面"
STAGE_NAMES: Final = ("面诊要点", "手术方案", "术中难点", "术后护理团队配合")
NUMERALS: Final = "一二三四"
# A jump begins at the frame before it that stands by itself.
KEY_FRAME_S: Final = 24
# Several films are made at once, so that one is not worth threads of its own; hardly anything moves, so that a search
# for movement finds nothing.
CODEC: Final[dict[str, str]] = {
    "preset": "superfast",
    "crf": "30",
    "threads": "1",
    "x264-params": "rc-lookahead=0:sync-lookahead=0:bframes=0:ref=1:me=dia:subme=0:scenecut=0:aq-mode=0:mbtree=0",
}
SOUND_RATE: Final = 8_000
SOUND_FRAME: Final = 1024
# Brightness of the running parts, in the narrow range of video (ITU-R BT.601).
BRIGHT: Final = 235
DIM: Final = 84
DARK: Final = 34
BAR: Final = (40, 338, 600, 342)
CODE: Final = (498, 300)


@dataclass(frozen=True, slots=True)
class Slide:
    """What is shown from a second on: the stage (0 to 3), its heading and some lines."""

    starts_at_s: int
    stage: int
    heading: str
    lines: tuple[str, ...] = ()


def film(
    *,
    path: Path,
    slides: Sequence[Slide],
    seconds: int,
    over: str,
    hue: float,
    step_s: int = 1,
    tune: "array[float] | None" = None,
) -> None:
    """Write a film of 640 × 360 as an MP4 (H.264, AAC) that begins to play before it is loaded.

    :param slides: in the order of their beginnings, the first at 0.
    :param over: the line above every heading.
    :param step_s: seconds that a frame stands, by which ``seconds`` and the beginnings of slides are divided.
    :param tune: what is heard, as long as the film (``sounds.py``); nothing without it.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
        picture = container.add_stream("libx264", rate=Fraction(1, step_s))
        picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        picture.time_base = Fraction(1, 1)
        picture.options = {**CODEC, "g": str(max(1, KEY_FRAME_S // step_s))}
        sound = container.add_stream("aac", rate=sounds.RATE if tune else SOUND_RATE)
        sound.layout = "mono"
        sound.bit_rate = sounds.BIT_RATE if tune else 8_000
        silence = b"" if tune else _silence(sound)
        for frame in _frames(slides, seconds, over, hue, step_s):
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        for heard in sounds.frames(tune or array("f")):
            container.mux(sound.encode(heard))
        if tune:
            container.mux(sound.encode(None))
        for number in range(0 if tune else seconds * SOUND_RATE // SOUND_FRAME):
            packet = Packet(silence)
            packet.stream = sound
            packet.time_base = Fraction(1, SOUND_RATE)
            packet.pts = packet.dts = number * SOUND_FRAME
            packet.duration = SOUND_FRAME
            container.mux(packet)


def _silence(stream: "av.AudioStream") -> bytes:
    """Encode some silence and give one frame of it, which sounds the same wherever it stands."""
    last = b""
    for number in range(8):
        frame = AudioFrame(format="fltp", layout="mono", samples=SOUND_FRAME)
        frame.sample_rate = SOUND_RATE
        frame.pts = number * SOUND_FRAME
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        for packet in stream.encode(frame):
            last = bytes(packet)
    return last


def _frames(slides: Sequence[Slide], seconds: int, over: str, hue: float, step_s: int) -> Iterator[VideoFrame]:
    bounds = [slide.starts_at_s for slide in slides[1:]] + [seconds]
    figures = _figures()
    second = 0
    for slide, end in zip(slides, bounds, strict=True):
        luma, blue, red = _planes(_slide(slide, over, hue))
        draw = ImageDraw.Draw(luma)
        for mark in bounds[:-1]:
            at = _bar_at(mark, seconds)
            draw.rectangle((at - 1, BAR[1] - 4, at, BAR[3] + 4), fill=DIM + 60)
        while second < end:
            draw.rectangle((BAR[0], BAR[1], _bar_at(second, seconds), BAR[3]), fill=BRIGHT)
            _write_code(luma, figures, second)
            frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
            for plane, content in zip(frame.planes, (luma.tobytes(), blue, red), strict=True):
                plane.update(_padded(content, plane.line_size, plane.height))
            frame.pts = second
            frame.time_base = Fraction(1, 1)
            yield frame
            second += step_s


def _bar_at(second: int, seconds: int) -> int:
    return BAR[0] + (BAR[2] - BAR[0]) * second // seconds


def _padded(content: bytes, line_size: int, height: int) -> bytes:
    """Lay rows out as far apart as the frame wants them."""
    wide = len(content) // height
    if wide == line_size:
        return content
    gap = bytes(line_size - wide)
    return b"".join(content[row * wide : (row + 1) * wide] + gap for row in range(height))


def _slide(slide: Slide, over: str, hue: float) -> Image.Image:
    picture = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    shade = Image.composite(
        Image.new("RGB", (WIDTH, HEIGHT), colour(hue + 12, 0.40, 0.25)),
        Image.new("RGB", (WIDTH, HEIGHT), colour(hue + 9 * slide.stage, 0.46, 0.13)),
        picture,
    )
    draw = ImageDraw.Draw(shade)
    pale = colour(hue + 8, 0.45, 0.86)
    for number in range(4):
        x = 40 + number * 40
        lit = number == slide.stage
        draw.ellipse((x, 34, x + 28, 62), fill=(240, 168, 104) if lit else None, outline=pale, width=0 if lit else 1)
        tone = colour(hue, 0.5, 0.12) if lit else pale
        draw.text((x + 14, 48), NUMERALS[number], font=font(16, bold=True), fill=tone, anchor="mm")
    draw.text((600, 48), MARK, font=font(14), fill=pale, anchor="rm")
    draw.text((40, 88), over, font=font(17), fill=pale)
    heading = font(40, bold=True)
    y = 116
    for line in wrap(slide.heading, most=560, width=heading.getlength)[:2]:
        draw.text((40, y), line, font=heading, fill=(255, 255, 255))
        y += 52
    y += 10
    body = font(20)
    for text in slide.lines:
        for line in wrap(text, most=520, width=body.getlength):
            if y < 284:
                draw.text((40, y), line, font=body, fill=pale)
                y += 31
    draw.rectangle((0, 292, WIDTH, HEIGHT), fill=(16, 20, 20))
    return shade


def _planes(picture: Image.Image) -> tuple[Image.Image, bytes, bytes]:
    """Part a picture into brightness and colour as video has them: a narrow range, colour at half the size."""
    luma, *colours = picture.convert("YCbCr").split()
    half = (WIDTH // 2, HEIGHT // 2)
    blue, red = (
        part.resize(half, Image.Resampling.BOX).point([16 + value * 224 // 255 for value in range(256)]).tobytes()
        for part in colours
    )
    return luma.point([16 + value * 219 // 255 for value in range(256)]), blue, red


def _figures() -> dict[str, Image.Image]:
    """Draw the signs of the time code once."""
    drawn = {}
    for sign in "0123456789:":
        tile = Image.new("L", (13, 30), DARK)
        ImageDraw.Draw(tile).text((6, 14), sign, font=font(22), fill=BRIGHT, anchor="mm")
        drawn[sign] = tile
    return drawn


def _write_code(luma: Image.Image, figures: dict[str, Image.Image], second: int) -> None:
    for number, sign in enumerate(f"{second // 60:02d}:{second % 60:02d}"):
        luma.paste(figures[sign], (CODE[0] + 13 * number + 37, CODE[1] - 4))
