"""Kinds of JPEG that are valid but not read, by their frame (ITU-T T.81, annex B)."""

from pipeline.modalities.images.content.jpeg import FILL, SOI

FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
LOSSLESS = {0xC3, 0xC7, 0xCB, 0xCF}
HIERARCHICAL = {0xC5, 0xC6, 0xC7, 0xCD, 0xCE, 0xCF}
START_OF_SCAN, ALONE = 0xDA, (0x01, *range(0xD0, 0xD9))
READ_CHANNELS = (1, 3, 4)


def unread_kind(data: bytes) -> str | None:
    """Name the kind of a JPEG that is not read: `a JPEG of 12 bits a sample`; None if damaged."""
    at = len(SOI)
    while at + 10 <= len(data) and data[at] == FILL:
        marker = data[at + 1]
        if marker in FRAMES:
            return _kind_of_frame(marker, precision=data[at + 4], channels=data[at + 9])
        if marker == START_OF_SCAN:
            return None
        if marker == FILL:
            at += 1
        else:
            at += 2 if marker in ALONE else 2 + int.from_bytes(data[at + 2 : at + 4])
    return None


def _kind_of_frame(marker: int, *, precision: int, channels: int) -> str | None:
    if marker in LOSSLESS:
        return "a lossless JPEG"
    if marker in HIERARCHICAL:
        return "a hierarchical JPEG"
    if precision in (12, 16):
        return f"a JPEG of {precision} bits a sample"
    if channels not in READ_CHANNELS and channels <= 10:
        return f"a JPEG of {channels} channels"
    return None
