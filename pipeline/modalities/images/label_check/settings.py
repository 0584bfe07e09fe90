"""Keys that images add to `clean` in params.yaml."""

from pipeline.modalities.images.encode.settings import Transform
from pipeline.runtime.settings import Settings


class CleanFields(Settings):
    """Added to `clean`."""

    transforms: list[Transform]
    """What leaves an image's class as it is, for these models to learn from: add `name: flip` where
    images may be mirrored."""
