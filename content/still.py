"""The still: gives one picture of a film as a JPEG, from a process of its own.

The rule: as for the probe, it has little memory and time and opens nothing but the file it was given. Usage:
``python -m content.still PATH SECONDS``.
"""

import io
import sys
from typing import Any

from content.probe import confine

QUALITY = 92


def still(path: str, second: float) -> bytes:
    """Give the picture that is shown at a second, or the last one, upright.

    :raises ValueError: if there is none.
    """
    import av  # noqa: PLC0415  only after the limits are set

    with av.open(path, format="mp4", options={"protocol_whitelist": "file"}) as film:
        stream = film.streams.video[0]
        if stream.time_base is None:
            raise ValueError("The pictures have no times.")
        film.seek(int(second / stream.time_base), stream=stream)
        found: Any = None
        for frame in film.decode(stream):
            # The picture that is shown is the last that began by then.
            if found is not None and frame.time is not None and frame.time > second:
                break
            found = frame
        if found is None:
            raise ValueError("Nothing is shown.")
        image = found.to_image()
        if found.rotation:
            image = image.rotate(found.rotation, expand=True)
        data = io.BytesIO()
        image.save(data, "JPEG", quality=QUALITY)
        return data.getvalue()


def main() -> None:
    confine()
    sys.stdout.buffer.write(still(sys.argv[1], float(sys.argv[2])))


if __name__ == "__main__":
    main()
