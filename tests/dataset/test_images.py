"""Metadata vanishes and pixels do not change; every kind of image decodes, or says why not."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms, PngImagePlugin

from pipeline.dataset.images import UnreadableImage, decode, encode_png, prepare
from pipeline.dataset.measurements import ChannelSums, measure
from pipeline.dataset.metadata import strip_jpeg, strip_png

PLENTY = 1e6  # pixels
SECRET = b"52.5200N 13.4050E Erika Mustermann"
HEIGHT, WIDTH = 12, 20
FORMATS = ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"]


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)


def encode(image: Image.Image | np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image = image if isinstance(image, Image.Image) else Image.fromarray(image)
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def as_pillow_has_it(data: bytes) -> np.ndarray:
    """Pixels by Pillow alone, as `(H, W, C)`."""
    image = Image.open(io.BytesIO(data))
    pixels = np.asarray(image.convert("L" if image.mode == "L" else "RGB"))
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def exif(orientation: int = 1) -> bytes:
    """Who took it, where, and which way up."""
    found = Image.Exif()
    found[ExifTags.Base.Artist] = SECRET.decode()
    found[ExifTags.Base.Orientation] = orientation
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    found.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    return found.tobytes()


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def png_chunk(name: bytes, body: bytes) -> bytes:
    crc = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", crc)


def after_start(jpeg: bytes, *segments: bytes) -> bytes:
    return jpeg[:2] + b"".join(segments) + jpeg[2:]


def before_pixels(png: bytes, *chunks: bytes) -> bytes:
    at = png.index(b"IDAT") - 4
    return png[:at] + b"".join(chunks) + png[at:]


ICC_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

JPEG_METADATA = {
    "comment": jpeg_segment(0xFE, SECRET),
    "exif": jpeg_segment(0xE1, exif()),
    "xmp": jpeg_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
    "iptc": jpeg_segment(0xED, b"Photoshop 3.0\0" + SECRET),
    "profile": jpeg_segment(0xE2, b"ICC_PROFILE\0\1\1" + SECRET),
    "thumbnail": jpeg_segment(0xE0, b"JFXX\0\x10" + SECRET),
    "app11": jpeg_segment(0xEB, SECRET),
}
PNG_METADATA = {
    "comment": png_chunk(b"tEXt", b"Author\0" + SECRET),
    "time": png_chunk(b"tIME", struct.pack(">HBBBBB", 2024, 2, 29, 12, 0, 0)),
    "pHYs": png_chunk(b"pHYs", struct.pack(">IIB", 1, 1, 0)),
    "prVt": png_chunk(b"prVt", SECRET),
}


def test_a_jpeg_from_a_camera_loses_all_but_its_pixels():
    photo = encode(
        noise(HEIGHT, WIDTH, 3),
        "JPEG",
        quality=90,
        exif=exif(),
        xmp=b"<x:xmpmeta>" + SECRET + b"</x:xmpmeta>",
        comment=SECRET,
        icc_profile=ICC_PROFILE,
    )
    photo += b"a second picture " + SECRET
    stored = prepare(photo, PLENTY)
    assert photo.count(SECRET) == 4
    assert stored.removed == ["comment", "exif", "gps", "profile", "trailer", "xmp"]
    assert stored.mode == "RGB"
    assert SECRET not in stored.data
    assert stored.data.startswith(b"\xff\xd8")
    again = Image.open(io.BytesIO(stored.data))
    assert (again.format, again.info.keys() & {"exif", "xmp", "comment", "icc_profile"}) == (
        "JPEG",
        set(),
    )
    assert (as_pillow_has_it(stored.data) == as_pillow_has_it(photo)).all()
    assert (stored.pixels == as_pillow_has_it(photo)).all()


@pytest.mark.parametrize("kind", JPEG_METADATA)
def test_each_kind_of_jpeg_metadata_vanishes_to_the_byte(kind):
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    removed: set[str] = set()
    assert strip_jpeg(after_start(plain, JPEG_METADATA[kind]), removed) == plain
    assert removed == {kind}


@pytest.mark.parametrize("kind", PNG_METADATA)
def test_each_kind_of_png_metadata_vanishes_to_the_byte(kind):
    plain = encode(noise(HEIGHT, WIDTH, 3), "PNG")
    removed: set[str] = set()
    assert strip_png(before_pixels(plain, PNG_METADATA[kind]), removed) == plain
    assert removed == {kind}


@pytest.mark.parametrize(("kind", "strip"), [("JPEG", strip_jpeg), ("PNG", strip_png)])
def test_what_follows_the_end_vanishes(kind, strip):
    plain = encode(noise(HEIGHT, WIDTH, 3), kind)
    removed: set[str] = set()
    assert strip(plain + SECRET, removed) == plain
    assert removed == {"trailer"}


def test_a_png_loses_all_but_its_pixels():
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", SECRET.decode())
    text.add_text("Comment", SECRET.decode(), zip=True)
    text.add_itxt("XML:com.adobe.xmp", SECRET.decode())
    picture = encode(
        noise(HEIGHT, WIDTH, 3), "PNG", pnginfo=text, exif=exif(), icc_profile=ICC_PROFILE
    )
    picture += SECRET
    stored = prepare(picture, PLENTY)
    assert stored.removed == ["comment", "exif", "gps", "profile", "trailer"]
    assert stored.data == encode(noise(HEIGHT, WIDTH, 3), "PNG")
    assert (stored.pixels == noise(HEIGHT, WIDTH, 3)).all()


def test_the_thumbnail_in_a_jfif_header_vanishes():
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    header = jpeg_segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\2\1" + b"abcdef")
    removed: set[str] = set()
    assert strip_jpeg(plain[:2] + header + plain[20:], removed) == plain
    assert removed == {"thumbnail"}


def test_what_hides_in_the_segment_that_says_how_colours_are_coded_vanishes():
    photo = encode(Image.fromarray(noise(HEIGHT, WIDTH, 4), "CMYK"), "JPEG")
    at = photo.index(b"\xff\xee")
    (length,) = struct.unpack_from(">H", photo, at + 2)
    body = photo[at + 4 : at + 2 + length]
    longer = photo[:at] + jpeg_segment(0xEE, body + SECRET) + photo[at + 2 + length :]
    stored = prepare(longer, PLENTY)
    assert SECRET not in stored.data
    assert (decode(stored.data) == as_pillow_has_it(photo)).all()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"progressive": True},
        {"optimize": True, "quality": 30},
        {"subsampling": 0},
        {"restart_marker_blocks": 1},
        {"keep_rgb": True},
    ],
)
def test_stripping_keeps_the_compressed_pixels_of_every_kind_of_jpeg(options):
    plain = encode(noise(40, 56, 3), "JPEG", **options)
    marked = after_start(plain, JPEG_METADATA["comment"])
    stored = prepare(marked, PLENTY)
    assert stored.data == plain
    assert (stored.pixels == as_pillow_has_it(marked)).all()


def test_stripping_twice_changes_nothing_more():
    for kind in ("JPEG", "PNG"):
        once = prepare(encode(noise(HEIGHT, WIDTH, 3), kind, exif=exif()), PLENTY)
        twice = prepare(once.data, PLENTY)
        assert (twice.data, twice.removed) == (once.data, [])


def test_a_jpeg_without_an_end_is_stored_as_a_png_of_its_pixels():
    whole = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    assert strip_jpeg(whole[:-2]) is None
    assert strip_png(encode(noise(HEIGHT, WIDTH, 3), "PNG")[:-12]) is None


@pytest.mark.parametrize("kind", ["WEBP", "TIFF", "GIF", "BMP"])
def test_other_formats_are_stored_as_a_png_of_their_pixels(kind):
    options = {"exif": exif()} if kind in ("WEBP", "TIFF") else {}
    data = encode(noise(HEIGHT, WIDTH, 3), kind, **options)
    stored = prepare(data, PLENTY)
    assert stored.data == encode_png(as_pillow_has_it(data))
    assert (stored.pixels == as_pillow_has_it(data)).all()
    assert stored.removed == (["exif", "gps"] if options else [])


def test_the_structure_of_a_tiff_is_no_metadata():
    assert prepare(encode(noise(HEIGHT, WIDTH, 3), "TIFF"), PLENTY).removed == []


TURNS = {
    1: lambda pixels: pixels,
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels.swapaxes(0, 1)[::-1, ::-1],
    8: lambda pixels: np.rot90(pixels),
}


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", TURNS)
def test_what_exif_says_is_turned_is_turned_once(kind, orientation):
    image = noise(HEIGHT, WIDTH, 3)
    lossless = {"lossless": True} if kind == "WEBP" else {}
    upright = as_pillow_has_it(encode(image, kind, **lossless))
    stored = prepare(encode(image, kind, exif=exif(orientation), **lossless), PLENTY)
    assert (stored.pixels == TURNS[orientation](upright)).all()
    assert (decode(stored.data) == stored.pixels).all()
    assert stored.removed == ["exif", "gps"]


def test_what_a_turned_jpeg_loses_is_told_too():
    photo = encode(noise(HEIGHT, WIDTH, 3), "JPEG", exif=exif(6), comment=SECRET) + SECRET
    stored = prepare(photo, PLENTY)
    assert SECRET not in stored.data
    assert stored.removed == ["comment", "exif", "gps", "trailer"]


def test_a_png_that_its_xmp_says_is_turned_is_stored_upright():
    text = PngImagePlugin.PngInfo()
    text.add_itxt("XML:com.adobe.xmp", '<rdf:Description tiff:Orientation="6"/>')
    stored = prepare(encode(noise(HEIGHT, WIDTH, 3), "PNG", pnginfo=text), PLENTY)
    assert (decode(stored.data) == stored.pixels).all()


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize(
    "body", [b"", b"neither", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff"]
)
def test_broken_exif_is_removed_like_any_other(body):
    plain = encode(noise(HEIGHT, WIDTH, 3), "JPEG")
    stored = prepare(after_start(plain, jpeg_segment(0xE1, b"Exif\0\0" + body)), PLENTY)
    assert (stored.data, stored.removed) == (plain, ["exif"])


GREY = [[0, 51], [102, 255]]
RED_OVER_WHITE = [[255, 0, 0], [255, 255, 255]]


def palette_image(transparent: int | None = None) -> Image.Image:
    """One row: red, green; `transparent` is the palette index that is seen through."""
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putdata([0, 1])
    if transparent is not None:
        image.info["transparency"] = transparent
    return image


def grey_with_alpha() -> Image.Image:
    return Image.fromarray(np.array([[[100, 255], [100, 0]]], np.uint8), "LA")


def rgb_with_alpha() -> Image.Image:
    return Image.fromarray(np.array([[[255, 0, 0, 255], [0, 0, 0, 0]]], np.uint8), "RGBA")


@pytest.mark.parametrize(
    ("image", "kind", "mode", "pixels"),
    [
        (Image.fromarray(np.array([[True, False]])), "PNG", "1", [[[255], [0]]]),
        (Image.fromarray(np.array(GREY, np.uint8)), "PNG", "L", np.array(GREY)[:, :, None]),
        (grey_with_alpha(), "PNG", "LA", [[[100], [255]]]),
        (palette_image(), "PNG", "P", [[[255, 0, 0], [0, 255, 0]]]),
        (palette_image(transparent=1), "PNG", "P", [RED_OVER_WHITE]),
        (palette_image(transparent=1), "GIF", "P", [RED_OVER_WHITE]),
        (Image.new("RGB", (1, 1), (9, 8, 7)), "PNG", "RGB", [[[9, 8, 7]]]),
        (rgb_with_alpha(), "PNG", "RGBA", [RED_OVER_WHITE]),
        (Image.new("CMYK", (1, 1), (255, 0, 0, 0)), "TIFF", "CMYK", [[[0, 255, 255]]]),
        # 128 is nearer to 0 than to 257, 129 is not.
        (
            Image.fromarray(np.array([[0, 128, 129, 257, 32767, 65535]], np.uint16)),
            "PNG",
            "I;16",
            [[[0], [0], [1], [1], [127], [255]]],
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_every_mode_becomes_8_bits_grey_or_rgb(image, kind, mode, pixels):
    data = encode(image, kind)
    stored = prepare(data, PLENTY)
    assert stored.mode == mode
    assert stored.pixels.dtype == np.uint8
    assert stored.pixels.tolist() == np.asarray(pixels).tolist()
    assert decode(stored.data).tolist() == decode(data).tolist() == stored.pixels.tolist()


def test_half_transparent_pixels_are_mixed_with_white():
    image = Image.new("RGBA", (1, 1), (0, 100, 200, 51))  # 51 of 255 is a fifth
    assert decode(encode(image, "PNG")).tolist() == [[[204, 224, 244]]]


def test_a_cmyk_jpeg_keeps_the_segment_that_its_colours_need():
    data = encode(Image.fromarray(noise(HEIGHT, WIDTH, 4), "CMYK"), "JPEG")
    stored = prepare(after_start(data, JPEG_METADATA["xmp"]), PLENTY)
    assert (stored.data, stored.mode) == (data, "CMYK")
    assert (stored.pixels == as_pillow_has_it(data)).all()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_gives_its_first_frame(kind):
    frames = [Image.new("RGB", (3, 2), colour) for colour in ("red", "lime", "blue")]
    lossless = {"lossless": True} if kind == "WEBP" else {}
    data = encode(frames[0], kind, save_all=True, append_images=frames[1:], **lossless)
    assert Image.open(io.BytesIO(data)).n_frames == 3
    stored = prepare(data, PLENTY)
    assert stored.pixels.tolist() == [[[255, 0, 0]] * 3] * 2
    assert decode(stored.data).tolist() == stored.pixels.tolist()
    assert getattr(Image.open(io.BytesIO(stored.data)), "n_frames", 1) == 1


def test_of_two_pictures_in_one_jpeg_file_only_the_first_stays():
    first, second = Image.new("RGB", (8, 8), "red"), Image.new("RGB", (8, 8), "blue")
    data = encode(first, "MPO", save_all=True, append_images=[second])
    stored = prepare(data, PLENTY)
    assert (stored.pixels == as_pillow_has_it(encode(first, "JPEG"))).all()
    assert (decode(stored.data) == stored.pixels).all()
    assert encode(second, "JPEG")[20:] in data
    assert encode(second, "JPEG")[20:] not in stored.data


def reason_of(data: bytes, max_pixels: float = PLENTY) -> str:
    """Why it cannot be used; decode and prepare must agree on it."""
    with pytest.raises(UnreadableImage) as by_prepare:
        prepare(data, max_pixels)
    with pytest.raises(UnreadableImage) as by_decode:
        decode(data, max_pixels)
    assert str(by_prepare.value) == str(by_decode.value)
    return str(by_prepare.value)


def test_an_empty_file():
    assert reason_of(b"") == "empty file"


@pytest.mark.parametrize(
    "data",
    [b"no image at all", b"\0" * 100, b"%PDF-1.4", b"<svg/>", b"\x89PNG\r\n\x1a\n"],
)
def test_what_is_no_image(data):
    assert reason_of(data) == "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF"


def test_a_format_that_is_not_allowed():
    data = encode(noise(HEIGHT, WIDTH, 3), "PPM")
    assert reason_of(data) == "no image in any of JPEG, PNG, WEBP, GIF, BMP, TIFF"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF", "BMP"])
def test_truncated_pixels(kind):
    data = encode(noise(64, 64, 3), kind, **({"quality": 95} if kind == "JPEG" else {}))
    at = len(data) * 3 // 4
    assert reason_of(data[:at]) == "damaged pixels: image file is truncated"


def test_a_header_that_breaks_off():
    jpeg = encode(noise(64, 64, 3), "JPEG")
    assert reason_of(jpeg[:40]) == "damaged header (OSError)"


def test_damaged_png_pixels():
    data = bytearray(encode(noise(64, 64, 3), "PNG"))
    data[len(data) // 2] ^= 1
    assert reason_of(bytes(data)).startswith("damaged pixels: ")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data", "ignore:Truncated File Read")
@pytest.mark.parametrize("kind", FORMATS)
def test_a_cut_file_is_refused_or_whole(kind):
    """Wherever it is cut there is a reason, or pixels that are stored as they are decoded."""
    data = encode(noise(9, 7, 3), kind)
    reasons = set()
    for length in range(len(data)):
        try:
            stored = prepare(data[:length], PLENTY)
        except UnreadableImage as reason:
            reasons.add(str(reason))
        else:
            assert (decode(stored.data) == stored.pixels).all()
    assert "empty file" in reasons
    assert not any("\n" in reason for reason in reasons)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_oversize_image_is_refused_by_its_header(kind):
    data = encode(noise(HEIGHT, WIDTH, 3), kind)
    assert prepare(data, HEIGHT * WIDTH).pixels.shape == (HEIGHT, WIDTH, 3)
    assert reason_of(data, HEIGHT * WIDTH - 1) == "20 x 12 pixels, more than 239 allowed"


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    bomb = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + png_chunk(b"IDAT", b"")
    assert reason_of(bomb, 1e8) == "100000 x 100000 pixels, more than 100000000 allowed"


@pytest.mark.parametrize("channels", [1, 3])
def test_encoding_as_png_keeps_every_pixel(channels):
    pixels = noise(HEIGHT, WIDTH, channels)
    assert decode(encode_png(pixels)).tolist() == pixels.tolist()
    assert encode_png(pixels) == encode_png(pixels.copy())


def measured(*images: np.ndarray) -> list[list]:
    """One list for each image: brightness, contrast, sharpness, phash."""
    columns = [column.tolist() for column in measure(np.stack(images))]
    return [list(values) for values in zip(*columns, strict=True)]


def test_measurements_of_flat_images():
    black, white = np.zeros((10, 10, 1), np.uint8), np.full((10, 10, 1), 255, np.uint8)
    assert measured(black, white) == [[0, 0, 0, 0], [1, 0, 0, 0]]


def test_measurements_of_a_checkerboard():
    board = (np.indices((18, 18)).sum(0) % 2 * 255).astype(np.uint8)[:, :, None]
    # Half is black, half white; every inner pixel differs from its 4 neighbours by 255.
    assert measured(board) == [[0.5, 0.5, 16, 0]]


def test_measurements_of_one_bright_pixel():
    image = np.zeros((3, 4, 1), np.uint8)
    image[1, 1] = 255
    brightness, contrast, sharpness, _ = measured(image)[0]
    assert brightness == np.float32(1 / 12)
    assert contrast == np.float32(np.sqrt(1 / 12 - 1 / 144))
    assert sharpness == 6.25  # the Laplacian is -4 and 1: mean -1.5, variance 2.5 squared


def test_the_hash_asks_of_each_area_whether_it_is_brighter_than_its_right_neighbour():
    falling = np.tile(np.arange(9, dtype=np.uint8)[::-1] * 20, (8, 1))[:, :, None]
    first_row_only = np.zeros_like(falling)
    first_row_only[0] = falling[0]
    hashes = [values[3] for values in measured(falling, falling[:, ::-1], first_row_only)]
    assert hashes == [2**64 - 1, 0, 0xFF << 56]


def test_the_hash_does_not_depend_on_size():
    small = noise(8, 9, 1)
    large = small.repeat(7, 0).repeat(5, 1)
    assert measured(small)[0][3] == measured(large)[0][3]


def test_grey_of_a_colour_is_by_bt_601():
    primaries = [np.full((1, 1, 3), colour, np.uint8) for colour in np.eye(3, dtype=np.uint8) * 255]
    assert [values[0] for values in measured(*primaries)] == [
        np.float32(grey / 255) for grey in (76, 150, 29)
    ]


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 9, 1), (9, 1, 3), (2, 50, 1)])
def test_images_too_small_for_a_laplacian_have_no_sharpness(shape):
    image = noise(*shape)
    brightness, contrast, sharpness, _ = measured(image)[0]
    assert (0 <= brightness <= 1, 0 <= contrast <= 0.5, sharpness) == (True, True, 0)


@pytest.mark.parametrize("shape", [(1, 1, 1), (8, 8, 1), (13, 31, 3), (40, 25, 3)])
def test_measurements_do_not_depend_on_the_other_images(shape):
    images = noise(9, *shape)
    together = measured(*images)
    assert together == [measured(image)[0] for image in images]
    assert together[::-1] == measured(*images[::-1])


def test_channel_sums_are_exact_whatever_the_batches():
    images = noise(30, 5, 4, 3)
    whole = ChannelSums.of(images)
    parts = ChannelSums.none(3)
    for part in (images[:1], images[1:1], images[1:20], images[20:]):
        parts = parts.plus(ChannelSums.of(part))
    assert (parts.num_pixels, parts.total.tolist(), parts.squares.tolist()) == (
        whole.num_pixels,
        whole.total.tolist(),
        whole.squares.tolist(),
    )
    assert whole.total.tolist() == images.sum((0, 1, 2), dtype=np.int64).tolist()
    assert parts.mean_std() == whole.mean_std()


def test_mean_and_deviation_of_known_pixels():
    images = np.array([[[[0, 7]], [[255, 7]]]], np.uint8)
    assert ChannelSums.of(images).mean_std() == ([127.5, 7], [127.5, 0])
