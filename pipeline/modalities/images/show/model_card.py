"""Words of the model card that are about images."""

from collections.abc import Mapping
from typing import Any

from pipeline.reporting.markdown import code

HUB_MODALITY = "image"


def describe_input(preparation: Mapping[str, Any]) -> str:
    height, width, channels = preparation["shape"]
    size = f"{width} x {height} {'grey' if channels == 1 else 'RGB'}"
    return f"{size} images; others are resized by {code(preparation['resize'])}"
