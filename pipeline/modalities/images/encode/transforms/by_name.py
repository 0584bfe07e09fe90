"""Any transform of torchvision.transforms.v2, by the name of its class."""

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np

from pipeline.modalities.images.content.arrays import Images
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.runtime.errors import SettingsError


def torchvision(images: Images, draws: Draws, settings: Any) -> Images:
    """Transform images one by one, each with torch's generator seeded for it.

    Raises:
        SettingsError: the transform does not accept such an image, or does not return one.
    """
    import torch  # takes seconds, so only if it is used

    transform = settings.build()
    seeds = (draws.uniform("seed") * 2.0**53).astype(np.int64).tolist()
    changed = np.empty_like(images)
    with _one_thread(), torch.random.fork_rng(devices=[]):
        for image, result, seed in zip(images, changed, seeds, strict=True):
            given = torch.from_numpy(image.transpose(2, 0, 1).copy())
            torch.manual_seed(seed)
            try:
                output = transform(given)
            except Exception as error:
                reason = f"{type(error).__name__}: {error}"
                raise _unfit(settings, f"cannot change a {_describe(given)}: {reason}") from None
            if not isinstance(output, torch.Tensor):
                raise _unfit(settings, f"makes a {type(output).__name__} of a {_describe(given)}")
            if (output.shape, output.dtype) != (given.shape, given.dtype):
                raise _unfit(settings, f"makes a {_describe(output)} of a {_describe(given)}")
            result[:] = output.numpy().transpose(1, 2, 0)
    return changed


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread: with several, the last bits of sums depend on the number of cores."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _describe(image: Any) -> str:
    kind = str(image.dtype).removeprefix("torch.")
    return f"{kind} image of {' x '.join(map(str, image.shape))}"


def _unfit(settings: Any, what: str) -> SettingsError:
    return SettingsError(
        f"torchvision transform {settings.transform} {what}",
        fix="give it other kwargs in params.yaml, or take another transform",
    )
