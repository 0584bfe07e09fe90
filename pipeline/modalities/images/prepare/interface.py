"""The names of modalities/protocols/prepare.py, for images."""

from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.modalities.images.content.measurements import MEASUREMENTS
from pipeline.modalities.images.content.pillow import FORMATS as PILLOW_FORMATS
from pipeline.modalities.images.content.refusals import unread_format
from pipeline.modalities.images.content.unread_formats import UNREAD_SUFFIXES
from pipeline.modalities.images.prepare.beginnings import begins_like_one
from pipeline.modalities.images.prepare.preparing import prepare
from pipeline.modalities.images.prepare.sources import cifar, idx, npz
from pipeline.modalities.images.prepare.sources.builtin import open_builtin
from pipeline.modalities.images.prepare.tally import ImageTally
from pipeline.modalities.images.prepare.traces import trace

__all__ = [
    "CONTENT",
    "FEATURES",
    "FORMATS",
    "MEASUREMENTS",
    "METADATA",
    "NOUN",
    "PERSONAL_METADATA",
    "SOURCES",
    "SUFFIXES",
    "UNREAD_SUFFIXES",
    "USUAL_NAMES",
    "WORDS",
    "begins_like_one",
    "examples_in",
    "may_hold",
    "new_tally",
    "open_builtin",
    "options",
    "prepare",
    "trace",
    "unread_format",
]

NOUN = "image"
CONTENT = {"image": "binary"}  # encoded, without metadata
FEATURES = {"image": "image"}
WORDS = ("mode",)  # of the original image, such as RGB
METADATA = ("exif", "gps", "xmp", "iptc", "comment", "thumbnail", "profile", "trailer")
PERSONAL_METADATA = ("gps", "exif")
FORMATS = f"an image in one of {', '.join(PILLOW_FORMATS)}"
SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".dib", ".tif", ".tiff"}
    | {".ppm", ".pgm", ".pbm", ".pnm"}
)
USUAL_NAMES = (
    "file_name", "filename", "file", "path", "filepath", "file_path", "image_path", "image",
    "image_url", "url", "uri",
)  # fmt: skip
SOURCES = {"cifar": cifar, "idx": idx, "npz": npz}


def may_hold(kind: pa.DataType) -> bool:
    """Whether a column has encoded images, alone or as the field `bytes` of a struct."""
    return bool(
        pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
        or (pa.types.is_struct(kind) and kind.get_field_index("bytes") >= 0)
    )


def examples_in(path: Path, limits: Any) -> None:
    """None: a file is one image."""


def options(entry: Any) -> dict[str, Any]:
    """`range_16bit`, if the entry has it."""
    return {"range_16bit": entry.range_16bit} if entry.range_16bit else {}


def new_tally() -> ImageTally:
    return ImageTally()
