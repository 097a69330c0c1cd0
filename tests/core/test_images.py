"""Images from outside: nothing but their pixels is kept, and what is no image is refused by name."""

import asyncio
import io
import zipfile
import zlib
from struct import pack

import pytest
from PIL import Image, ImageCms

from server.core import images
from server.core.errors import Refusal
from server.core.images import Clean, FileAmbiguous, FileBroken, FileUnknown, ImageTooLarge
from server.core.storage import FileTooLarge

MEBIBYTE = 1024 * 1024


def drawn(form: str = "JPEG", size: tuple[int, int] = (640, 360), mode: str = "RGB", **options: object) -> bytes:
    image = Image.new(mode, size)
    image.paste(Image.linear_gradient("L").resize(size).convert(mode))
    data = io.BytesIO()
    image.save(data, form, **options)
    return data.getvalue()


def drawn_in(colour: tuple[int, int, int], **options: object) -> bytes:
    data = io.BytesIO()
    Image.new("RGB", (16, 16), colour).save(data, "PNG", **options)
    return data.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    return pack(">I", len(data)) + name + data + pack(">I", zlib.crc32(name + data))


def png_with(*chunks: bytes, size: tuple[int, int] = (4, 4)) -> bytes:
    head = chunk(b"IHDR", pack(">IIBBBBB", *size, 8, 2, 0, 0, 0))
    rows = b"".join(b"\0" + b"\x80" * 3 * size[0] for _ in range(size[1]))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def many_scans(scans: int) -> bytes:
    """Write a JPEG that says again and again what it has said: little to send, and each time all pixels to go over."""
    data = drawn(progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * scans + data[-2:]


def zipped() -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        archive.writestr("Main.class", b"\xca\xfe\xba\xbe")
    return data.getvalue()


async def cleaned(data: bytes, *, longest: int = 2000) -> Clean:
    return await images.clean(data, at_most=2 * MEBIBYTE, longest=longest)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(drawn("JPEG"), id="JPEG"),
        pytest.param(drawn("JPEG", mode="CMYK"), id="JPEG for print"),
        pytest.param(drawn("PNG", mode="LA"), id="PNG with transparency"),
        pytest.param(drawn("WEBP"), id="WebP"),
    ],
)
async def test_an_image_is_drawn_anew_as_a_jpeg(data: bytes) -> None:
    clean = await cleaned(data)
    assert (clean.width, clean.height, clean.media_type) == (640, 360, "image/jpeg")
    with Image.open(io.BytesIO(clean.data)) as image:
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (640, 360))


async def test_nothing_of_the_camera_is_kept_and_the_image_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera of Dr. Chen"
    exif[0x0112] = 6
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 0.0)})
    clean = await cleaned(drawn("JPEG", (300, 200), exif=exif.tobytes(), comment=b"patient 7"))
    assert (clean.width, clean.height) == (200, 300)
    assert b"Chen" not in clean.data
    assert b"patient 7" not in clean.data
    with Image.open(io.BytesIO(clean.data)) as image:
        assert not image.getexif()
        assert not {"exif", "comment", "icc_profile"} & set(image.info)


async def test_a_large_image_is_made_as_small_as_is_wanted() -> None:
    clean = await cleaned(drawn("JPEG", (3000, 1500)), longest=1000)
    assert (clean.width, clean.height) == (1000, 500)
    assert (await cleaned(drawn("JPEG", (300, 150)), longest=1000)).width == 300


async def test_colours_of_another_profile_are_brought_into_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # A profile in which red is called blue and blue red.
    swapped = srgb.replace(b"rXYZ", b"____").replace(b"bXYZ", b"rXYZ").replace(b"____", b"bXYZ")
    for profile, shown in ((srgb, (254, 0, 0)), (swapped, (0, 0, 254))):
        clean = await cleaned(drawn_in((254, 0, 0), icc_profile=profile))
        with Image.open(io.BytesIO(clean.data)) as image:
            assert all(abs(one - other) <= 4 for one, other in zip(image.getpixel((4, 4)), shown, strict=True))


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        pytest.param(b"", FileUnknown, id="nothing"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>", FileUnknown, id="SVG"),
        pytest.param(b"GIF89a/*" + b"\0" * 10 + b"*/=1;" + zipped(), FileUnknown, id="GIFAR"),
        pytest.param(drawn("GIF"), FileUnknown, id="GIF"),
        pytest.param(b"%PDF-1.4\n", FileUnknown, id="PDF"),
        pytest.param(drawn("JPEG") + zipped(), FileAmbiguous, id="JPEG and JAR"),
        pytest.param(drawn("JPEG") + b"<script>alert(1)</script>", FileAmbiguous, id="JPEG and HTML"),
        pytest.param(drawn("JPEG", comment=b"<html ><body >"), FileAmbiguous, id="HTML in the comment of a JPEG"),
        pytest.param(drawn("JPEG")[:1500], FileBroken, id="a cut JPEG"),
        pytest.param(drawn("PNG")[:300], FileBroken, id="a cut PNG"),
        pytest.param(drawn("JPEG", (1200, 1200), quality=100) + b"\0" * 2 * MEBIBYTE, FileTooLarge, id="many bytes"),
        pytest.param(many_scans(200), ImageTooLarge, id="a JPEG of hundreds of scans"),
        pytest.param(
            png_with(chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 80 * MEBIBYTE, 9))),
            FileBroken,
            id="a bomb in the text of a PNG",
        ),
        pytest.param(
            png_with(chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 80 * MEBIBYTE, 9))),
            FileBroken,
            id="a bomb in the profile of a PNG",
        ),
        pytest.param(
            png_with(*[chunk(b"zTXt", b"k\0\0" + zlib.compress(b"\0" * 900_000, 9))] * 100),
            FileBroken,
            id="many small bombs in a PNG",
        ),
    ],
)
async def test_what_is_no_clean_image_is_refused_by_name(data: bytes, refusal: type[Refusal]) -> None:
    with pytest.raises(refusal) as refused:
        await cleaned(data)
    assert type(refused.value) is refusal


async def test_an_honest_progressive_image_has_fewer_scans_than_are_refused() -> None:
    assert drawn("JPEG", progressive=True).count(b"\xff\xda") < images.MOST_SCANS / 2
    assert (await cleaned(drawn("JPEG", progressive=True))).width == 640


async def test_a_broken_profile_is_as_good_as_none() -> None:
    clean = await cleaned(drawn("JPEG", icc_profile=b"no profile" * 100))
    assert clean.width == 640


async def test_a_broken_exif_is_left_aside_or_refused() -> None:
    for exif in (b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0MM\0*\0\0\0\x08" + b"\xff\xff" * 500):
        try:
            clean = await cleaned(drawn("JPEG", exif=exif))
        except FileBroken:
            continue
        assert clean.width == 640


async def test_the_loop_goes_on_while_an_image_is_drawn() -> None:
    large = drawn("JPEG", (6000, 4000), quality=80)
    assert len(large) < 2 * MEBIBYTE
    longest, done = 0.0, False

    async def watch() -> None:
        nonlocal longest
        loop = asyncio.get_running_loop()
        while not done:
            before = loop.time()
            await asyncio.sleep(0.005)
            longest = max(longest, loop.time() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(0)
    await cleaned(large)
    done = True
    await watching
    # Drawing takes many times as long as the loop may be held up.
    assert longest < 0.25
