"""The probe: opens one film or sound in a process of its own and writes what it found as JSON.

The rule: it has little memory and time, opens nothing but the file it was given, and says nothing but its findings; any
way of ending other than 0 means that the file is broken. Usage: ``python -m content.probe PATH mp4|mp3``.
"""

import resource
import sys

import msgspec

MEMORY = 2 * 1024**3
SECONDS = 50


def probe(path: str, container: str) -> dict[str, object]:
    """Read all packets of a file and decode its first picture and sound.

    :raises ValueError: if a stream says nothing, or more than one picture stream is there.
    """
    import av  # noqa: PLC0415  only after the limits are set
    from av.stream import Disposition  # noqa: PLC0415

    with av.open(path, format=container, options={"protocol_whitelist": "file"}) as film:
        pictures = [stream for stream in film.streams.video if not stream.disposition & Disposition.attached_pic]
        sounds = list(film.streams.audio)
        if len(pictures) > 1 or not (pictures or sounds):
            raise ValueError("One picture stream, or a sound stream.")
        seconds = film.duration / av.time_base if film.duration else 0.0
        wanted = [*pictures[:1], *sounds[:1]]
        undecoded = {stream.index for stream in wanted}
        last = {stream.index: 0.0 for stream in wanted}
        for packet in film.demux(*wanted):
            if packet.stream.index in undecoded and packet.size and packet.decode():
                undecoded.discard(packet.stream.index)
            if packet.pts is not None and packet.time_base is not None:
                end = float((packet.pts + (packet.duration or 0)) * packet.time_base)
                last[packet.stream.index] = max(last[packet.stream.index], end)
        if undecoded:
            raise ValueError("Nothing can be decoded.")
        # What the head of the file says and what there is may not differ by much.
        heard = max(last.values())
        if heard + 2.0 < seconds:
            raise ValueError("The file ends before its time.")
        picture = pictures[0] if pictures else None
        return {
            "seconds": seconds or heard,
            "video": picture.codec_context.name if picture else None,
            "audio": sounds[0].codec_context.name.removesuffix("float") if sounds else None,
            "width": picture.codec_context.width if picture else None,
            "height": picture.codec_context.height if picture else None,
        }


def confine() -> None:
    """Leave this process little memory and time, and no file to write."""
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    confine()
    sys.stdout.write(msgspec.json.encode(probe(sys.argv[1], sys.argv[2])).decode())


if __name__ == "__main__":
    main()
