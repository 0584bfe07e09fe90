"""Progressive resizing: early epochs on smaller images, which cost less and teach nearly as much.

Howard 2018, https://www.fast.ai/posts/2018-04-30-dawnbench-fastai.html. Half the size is a quarter
of the pixels. The last epochs should be at full size, which is how images are evaluated.
"""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from torch import Tensor


def scale_at(stages: Sequence[Any], done: float) -> float:
    """The scale of images when a fraction `done` of the epochs is behind, 0 to 1.

    `stages` have `until`, a fraction of the epochs, in ascending order, and `scale`.
    """
    return next((stage.scale for stage in stages if done < stage.until), 1.0)


def scaled_size(height: int, width: int, scale: float) -> tuple[int, int]:
    """Height and width of an image of that scale, in pixels."""
    return max(1, round(height * scale)), max(1, round(width * scale))


def shrink(images: Tensor, scale: float) -> Tensor:
    """uint8 images `(N, H, W, C)` at a scale below 1, antialiased; floats from 0 to 255 on a GPU,
    which shrinks no others."""
    if scale == 1:
        return images
    seen = images.permute(0, 3, 1, 2)
    if images.device.type != "cpu":
        seen = seen.float()
    size = scaled_size(images.shape[1], images.shape[2], scale)
    return F.interpolate(seen, size=size, mode="bilinear", antialias=True).permute(0, 2, 3, 1)
