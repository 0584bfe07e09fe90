"""The names of modalities/protocols/show.py, for images."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from pipeline.modalities.images.content.measurements import MEASUREMENTS
from pipeline.modalities.images.show.fragments import html, media, pair_html, size
from pipeline.modalities.images.show.words import TAILS, WORDS
from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.show import ContentIndex, Contents
from pipeline.reporting.markdown import code

__all__ = ["TAILS", "WORDS", "html", "media", "pair_html", "size"]

CONTENT = ("image",)
NOUN, NOUNS, HUB_MODALITY = "image", "images", "image"
FIELDS = {
    "image": ("sc:ImageObject", "The encoded image, without personal metadata."),
    "sha256": ("sc:Text", "Digest of the encoded image."),
    **{
        m.name: (
            "sc:Float" if m.type.startswith("float") else "sc:Integer",
            WORDS[m.name].meaning,
        )
        for m in MEASUREMENTS
    },
}
UNUSUAL = "Its brightness, sharpness or colours are unlike all others."
LOOK_ALIKE = ("dhash", "with the same difference hash")
STYLE = Path(__file__).with_name("fragments.css")
SHOWN = ("width", "height")
SHEET_SIDE = 96  # pixels of an image in the contact sheet


def grid(
    inputs: Inputs,
    preparation: Preparation,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
    blank: Collection[int] = (),
) -> None:
    from pipeline.modalities.images.show.figures import image_grid

    drawn = iter(inputs["x"])
    empty = np.full(inputs["x"].shape[1:], 255, np.uint8)
    images = [empty if place in blank else next(drawn) for place in range(len(captions))]
    image_grid(images, captions, path, columns=columns, title=title)


def grid_of_contents(
    contents: Contents,
    content_index: ContentIndex,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    """Draw images in the shape of the label check; black for missing ones."""
    from pipeline.modalities.images.compare.loading import comparison_shape
    from pipeline.modalities.images.encode.pixels import decode_all
    from pipeline.modalities.images.show.figures import image_grid

    shape = comparison_shape({"content": content_index})
    images = decode_all(contents["image"], shape, "squash")
    image_grid(list(images), captions, path, columns=columns, title=title)


def sheet(
    rows: Mapping[str, Contents], content_index: ContentIndex, path: Path, *, title: str
) -> None:
    from pipeline.modalities.images.encode.pixels import decode_all
    from pipeline.modalities.images.show.figures import contact_sheet

    height, width = (min(side, SHEET_SIDE) for side in content_index["image_size"])
    shape = (height, width, content_index["channels"])
    contact_sheet(
        {name: decode_all(contents["image"], shape, "crop") for name, contents in rows.items()},
        path,
        title=title,
    )


def describe_input(preparation: Preparation) -> str:
    height, width, channels = preparation["shape"]
    kind = "grey" if channels == 1 else "RGB"
    return f"{width} x {height} {kind} images; others are resized by {code(preparation['resize'])}"


def privacy(removed: Mapping[str, int]) -> list[str]:
    listed = ", ".join(f"{kind} from {number:,}" for kind, number in removed.items())
    return [
        f"Metadata removed from the images: {listed or 'none was there'}.",
        "Whether people can be recognised in the pictures is for those to say who know the data.",
    ]
