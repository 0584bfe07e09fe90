"""EXIF and XMP: the orientation of an image, and kinds of metadata within."""

import re
import warnings
from contextlib import suppress

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

from pipeline.modalities.images.content.stripped_image import ImageHeader

ORIENTATION = ExifTags.Base.Orientation
UPRIGHT = 1
XMP_ORIENTATION = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')


def read_orientation(header: ImageHeader) -> tuple[int, set[str]]:
    """Return the orientation of an image, EXIF's numbers 1 to 8, and the kinds in its EXIF."""
    if not header.exif and not header.xmp:
        return UPRIGHT, set()
    exif = Image.Exif()
    orientation: int | None = None
    kinds: set[str] = set()
    # A hostile block can make the parser warn and raise anything; it then counts as empty.
    with warnings.catch_warnings(action="ignore"), suppress(Exception):
        exif.load(header.exif)
        orientation = exif.get(ORIENTATION)
        kinds = kinds_in_exif(exif)
    if orientation is None and (match := XMP_ORIENTATION.search(header.xmp)):
        orientation = int(match[1])
    return (orientation if orientation and orientation in range(2, 9) else UPRIGHT), kinds


def kinds_in_exif(exif: Image.Exif) -> set[str]:
    """Name the kinds of metadata within EXIF: gps, thumbnail."""
    kinds = {"gps"} if exif.get_ifd(ExifTags.IFD.GPSInfo) else set()
    return kinds | ({"thumbnail"} if exif.get_ifd(ExifTags.IFD.IFD1) else set())


def turn(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Mirror and turn pixels, shape `(H, W, C)`, until they are upright."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.swapaxes(0, 1)
    rows = -1 if orientation in (3, 4, 7, 8) else 1
    columns = -1 if orientation in (2, 3, 6, 7) else 1
    return np.ascontiguousarray(pixels[::rows, ::columns])
