"""What the bytes of the data come from, beside our code: other versions may make others."""

from importlib.metadata import version

LIBRARIES = ("numpy", "pillow", "pyarrow", "simplejpeg", "torch", "torchvision")
"""They decode, augment and write."""


def libraries() -> list[str]:
    """Their names and versions."""
    return [f"{name} {version(name)}" for name in LIBRARIES]
