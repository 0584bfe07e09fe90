"""First bytes of files of images."""

import re

BEGINNINGS = re.compile(
    rb"\xff\xd8\xff|\x89PNG|GIF8|RIFF....WEBP|BM....\0\0|II\*\0|MM\0\*"
    # Not all of these can be read; ingest then reports each.
    rb"|P[1-7]\s|....ftyp(?:hei|hev|mif|avi)|\0\0\0\x0c(?:JXL |jP  )|\xff\x0a|\xff\x4f\xff\x51",
    re.DOTALL,
)


def begins_like_one(start: bytes) -> bool:
    """Whether a content with this start is an image, of a kind that can be read or not."""
    return BEGINNINGS.match(start) is not None
