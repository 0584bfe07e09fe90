"""Metadata inside encoded images: keep the blocks that decoding needs, name what is left out.

The compressed pixels are copied as they are.
"""

import re
import struct


def strip_jpeg(data: bytes, removed: set[str] | None = None) -> bytes | None:
    """A JPEG with only the segments that decoding needs; None where its structure is odd.

    Kinds of what is left out are added to `removed`. Segments: ITU-T T.81, annex B.
    """
    removed = set() if removed is None else removed
    kept = [data[:2]]
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if marker == 0xD9:
            break
        (length,) = struct.unpack_from(">H", data, at + 2)
        end = at + 2 + length
        segment = data[at:end]
        if 0xE0 <= marker <= 0xEF or marker == 0xFE:
            body = segment[4:]
            if marker == 0xE0 and body.startswith(b"JFIF\0") and len(body) >= 14:
                # The header may carry a thumbnail; keep version and density.
                kept.append(b"\xff\xe0\x00\x10" + body[:12] + b"\0\0")
                removed |= {"thumbnail"} if any(body[12:14]) else set()
            elif marker == 0xEE and body.startswith(b"Adobe"):  # says how colours are coded
                kept.append(b"\xff\xee\x00\x0e" + body[:12])
                removed |= {"app14"} if len(body) > 12 else set()
            else:
                removed.add(_jpeg_segment_kind(marker, body))
        else:
            kept.append(segment)
        if marker == 0xDA:  # the compressed pixels, up to the next marker that is not theirs
            scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search(data, end)
            if scan is None:
                return None
            kept.append(data[end : scan.start()])
            end = scan.start()
        at = end
    if data[at : at + 2] != b"\xff\xd9":
        return None
    if len(data) > at + 2:
        removed.add("trailer")
    return b"".join(kept) + b"\xff\xd9"


def _jpeg_segment_kind(marker: int, body: bytes) -> str:
    if marker == 0xFE:
        return "comment"
    for prefix, kind in (
        (b"Exif", "exif"),
        (b"http://ns.adobe.com/x", "xmp"),
        (b"Photoshop", "iptc"),
        (b"ICC_PROFILE", "profile"),
        (b"JFXX", "thumbnail"),
    ):
        if body.startswith(prefix):
            return kind
    return f"app{marker - 0xE0}"


PNG_NEEDED = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")
PNG_KINDS = {
    b"eXIf": "exif",
    b"tEXt": "comment",
    b"zTXt": "comment",
    b"iTXt": "comment",
    b"tIME": "time",
    b"iCCP": "profile",
}


def strip_png(data: bytes, removed: set[str] | None = None) -> bytes | None:
    """A PNG with only the chunks that decoding needs; None where its structure is odd."""
    removed = set() if removed is None else removed
    kept, at = [data[:8]], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        name = data[at + 4 : at + 8]
        end = at + 12 + length
        if name in PNG_NEEDED:
            kept.append(data[at:end])
        else:
            removed.add(PNG_KINDS.get(name, name.decode() if name.isalpha() else "other"))
        at = end
        if name == b"IEND":
            if len(data) > at:
                removed.add("trailer")
            return b"".join(kept)
    return None
