"""Settings of the augmentations that make the copies in the shards; see transforms/."""

import difflib
import inspect
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from pipeline.runtime.settings import Fraction, Settings

Interpolation = Literal["nearest", "bilinear"]
GreyLevel = Annotated[int, Field(ge=0, le=255)]


class Translate(Settings):
    name: Literal["translate"]
    fraction: Annotated[float, Field(gt=0, lt=1)]
    """Shift by up to this fraction of the height and width, filled by reflection."""


class Flip(Settings):
    name: Literal["flip"]
    probability: Fraction = 0.5
    """Chance of a left-right mirror image."""


class AlternatingFlip(Settings):
    """Mirror left to right in every other copy, the first of which each id draws."""

    name: Literal["alternating_flip"]


class Cutout(Settings):
    name: Literal["cutout"]
    fraction: Annotated[float, Field(gt=0, le=1)]
    """Side of the blanked square, as a fraction of the shorter side of the image."""


class Color(Settings):
    name: Literal["color"]
    brightness: Fraction = 0.2
    """Brightness is multiplied by 1 ± up to this much."""
    contrast: Fraction = 0.2
    """Contrast around the mean of the grey image is multiplied by 1 ± up to this much."""
    saturation: Fraction = 0.2
    """Distance from the grey image is multiplied by 1 ± up to this much."""
    hue: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    """The hue is turned either way by up to this share of the circle."""


class Affine(Settings):
    name: Literal["affine"]
    degrees: Annotated[float, Field(ge=0, le=180)] = 0.0
    """Rotated around the centre either way by up to this much."""
    translate: Fraction = 0.0
    """Shifted by whole pixels, up to this fraction of the width and height."""
    scale: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Size is multiplied by 1 ± up to this much."""
    shear: Annotated[float, Field(ge=0, lt=90)] = 0.0
    """Slanted along x either way by up to this many degrees."""
    interpolation: Interpolation = "bilinear"
    fill: GreyLevel = 0
    """Grey level of what comes from outside the image."""


class TrivialAugment(Settings):
    """One operation of torchvision's TrivialAugmentWide, at a level that each image draws."""

    name: Literal["trivial_augment"]
    interpolation: Interpolation = "nearest"
    fill: GreyLevel = 0


class RandAugment(Settings):
    name: Literal["rand_augment"]
    num_ops: Annotated[int, Field(ge=1, le=14)] = 2
    """Operations that each image draws, one after the other."""
    magnitude: Annotated[int, Field(ge=0, le=30)] = 9
    """Level of every operation."""
    interpolation: Interpolation = "nearest"
    fill: GreyLevel = 0


def _torchvision_type(name: str) -> Any:
    # Imported here, since it takes seconds: only for such a transform.
    from torchvision.transforms import v2

    types = dict(inspect.getmembers(v2, inspect.isclass))
    found = types.get(name, object)
    if not issubclass(found, v2.Transform):
        close = difflib.get_close_matches(name, types, n=1)
        hint = f" (did you mean {close[0]}?)" if close else ""
        raise ValueError(f"a class of torchvision.transforms.v2{hint}")
    return found


def _torchvision_name(name: str) -> str:
    _torchvision_type(name)
    return name


def _torchvision_kwargs(kwargs: dict[str, Any], info: ValidationInfo) -> dict[str, Any]:
    if "transform" in info.data:
        name = info.data["transform"]
        try:
            _torchvision_type(name)(**kwargs)
        except Exception as error:
            raise ValueError(f"what {name} takes ({error})") from None
    return kwargs


class Torchvision(Settings):
    """A transform that is not built in. It is slower, and every worker has to import torch."""

    name: Literal["torchvision"]
    transform: Annotated[str, AfterValidator(_torchvision_name)]
    """A class of torchvision.transforms.v2 that takes a uint8 image and keeps its shape."""
    kwargs: Annotated[
        dict[str, Any], Field(validate_default=True), AfterValidator(_torchvision_kwargs)
    ] = {}
    """What the class is made with."""

    def build(self) -> Any:
        return _torchvision_type(self.transform)(**self.kwargs)


Transform = Annotated[
    Translate
    | Flip
    | AlternatingFlip
    | Cutout
    | Color
    | Affine
    | TrivialAugment
    | RandAugment
    | Torchvision,
    Field(discriminator="name"),
]


class AugmentFields(Settings):
    """Added to `augment`."""

    transforms: list[Transform]
    """Applied in this order to every copy but the first."""
    resize: Literal["squash", "crop", "pad"]
    """How an image of another shape becomes image_size."""
