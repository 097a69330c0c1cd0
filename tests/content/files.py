"""Files for tests, made on the spot: images, films, sounds and documents."""

import io
import math
from array import array
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import av
from PIL import Image


async def pieces(data: bytes, size: int = 64 * 1024) -> AsyncIterator[bytes]:
    """Hand over bytes as an upload does."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


@cache
def picture(form: str = "JPEG", size: tuple[int, int] = (640, 360), mode: str = "RGB", **options: Any) -> bytes:
    image = Image.new(mode, size)
    image.paste(Image.linear_gradient("L").resize(size).convert(mode))
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


@cache
def film(
    seconds: float = 2.0,
    codec: str = "libx264",
    sound: bool = True,
    container: str = "mp4",
    faststart: bool = True,
    pictures: bool = True,
) -> bytes:
    """Make a film of few pictures a second, and a tone."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"film.{container}"
        options = {"movflags": "+faststart"} if faststart and container == "mp4" else {}
        with av.open(str(path), "w", options=options) as out:
            video: Any = None
            if pictures:
                video = out.add_stream(codec, rate=5)
                video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
            audio: Any = out.add_stream("mp3" if container == "mp3" else "aac", rate=44100) if sound else None
            for number in range(int(seconds * 5) if pictures else 0):
                shade = (number * 7) % 256
                out.mux(video.encode(av.VideoFrame.from_image(Image.new("RGB", (160, 96), (shade, shade, shade)))))
            if pictures:
                out.mux(video.encode())
            if audio is not None:
                size = audio.codec_context.frame_size or 1152
                for number in range(int(seconds * 44100) // size):
                    sounding = av.AudioFrame(format="fltp", layout="mono", samples=size)
                    sounding.planes[0].update(array("f", (math.sin(n / 20) / 4 for n in range(size))).tobytes())
                    sounding.rate, sounding.pts = 44100, number * size
                    out.mux(audio.encode(sounding))
                out.mux(audio.encode())
        return path.read_bytes()


DOCUMENT = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
)
