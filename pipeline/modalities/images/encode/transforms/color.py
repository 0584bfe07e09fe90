"""Random colour, like torchvision's ColorJitter."""

from typing import Any

import numpy as np

from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.operations import (
    brightness,
    contrast,
    hue,
    saturation,
)


def color(images: Images, draws: Draws, settings: Any) -> Images:
    """Change brightness, contrast, saturation and hue, in an order that each image draws.

    The first three are multiplied by 1 ± up to the given fraction, the hue is turned by up to the
    given share of the circle. Grey images get only the first two.
    """
    amounts = [
        (brightness, draws.around("brightness", 1, settings.brightness), settings.brightness),
        (contrast, draws.around("contrast", 1, settings.contrast), settings.contrast),
        (saturation, draws.around("saturation", 1, settings.saturation), settings.saturation),
        (hue, draws.around("hue", 0, settings.hue), settings.hue),
    ]
    places = [draws.uniform(f"order {number}") for number in range(len(amounts))]
    order = np.argsort(places, axis=0)
    colored = images.copy()
    for step in order:
        for number, (change, amount, most) in enumerate(amounts):
            rows = np.flatnonzero(step == number)
            if most and len(rows):
                colored[rows] = change(colored[rows], amount[rows])
    return colored
