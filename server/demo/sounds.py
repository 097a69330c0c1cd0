"""The demo sounds: a quiet tune of five notes, made from figures, for short films and for the library.

The rule: the same name gives the same tune; no voice, no sample of anybody's.
"""

import math
import random
from array import array
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

import av
from av.audio.frame import AudioFrame

RATE: Final = 16_000
FRAME: Final = 1024
BIT_RATE: Final = 32_000
# Gong, shang, jiao, zhi, yu, and gong again, from the A below middle C, in equal temperament (frequencies in Hz).
NOTES: Final = tuple(220.0 * 2 ** (step / 12) for step in (0, 2, 4, 7, 9, 12))
BEAT: Final = RATE * 6 // 10
LOUD: Final = 0.22


@lru_cache(maxsize=2)
def tune(seconds: int, *, seed: str) -> "array[float]":
    """Compose a tune, as samples between -1 and 1; every note rings on through the next."""
    rng = random.Random(seed)  # noqa: S311  a tune needs no secret
    ringing = [_note(frequency) for frequency in NOTES]
    silence = array("f", bytes(4 * BEAT))
    samples, place, before = array("f"), 2, silence
    while len(samples) < seconds * RATE:
        place = min(len(NOTES) - 1, max(0, place + rng.choice((-2, -1, -1, 1, 1, 2))))
        begins, rings = ringing[place] if rng.random() < 0.86 else (silence, silence)
        samples.extend(one + other for one, other in zip(begins, before, strict=True))
        before = rings
    return samples[: seconds * RATE]


def _note(frequency: float) -> "tuple[array[float], array[float]]":
    """Strike a note: the beat in which it begins, and the one in which it dies away."""
    struck = array("f")
    for number in range(2 * BEAT):
        time = number / RATE
        swell = min(1.0, time / 0.03) * math.exp(-2.6 * time) * min(1.0, (2 * BEAT - number) / 800)
        turn = math.tau * frequency * time
        struck.append(LOUD * swell * (math.sin(turn) + 0.35 * math.sin(2 * turn) + 0.12 * math.sin(3 * turn)))
    return struck[:BEAT], struck[BEAT:]


def frames(samples: "array[float]") -> Iterator[AudioFrame]:
    """Cut samples into the frames that an encoder takes."""
    for start in range(0, len(samples), FRAME):
        piece = samples[start : start + FRAME]
        piece.extend([0.0] * (FRAME - len(piece)))
        frame = AudioFrame(format="fltp", layout="mono", samples=FRAME)
        frame.sample_rate = RATE
        frame.pts = start
        written = piece.tobytes()
        for plane in frame.planes:
            plane.update(written + bytes(plane.buffer_size - len(written)))
        yield frame


def recording(path: Path, seconds: int, *, seed: str) -> None:
    """Write a tune as a sound of its own (M4A, AAC)."""
    with av.open(str(path), "w", format="ipod", options={"movflags": "+faststart"}) as container:
        sound = container.add_stream("aac", rate=RATE)
        sound.layout = "mono"
        sound.bit_rate = BIT_RATE
        for frame in frames(tune(seconds, seed=seed)):
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
