"""Transforms of torchvision by name: seeded by image, and refused when they do not fit."""

import numpy as np
import pytest
import torch
from torchvision.transforms.v2 import functional

from pipeline.modalities.images.encode.settings import Torchvision
from pipeline.runtime.errors import SettingsError
from tests.support.transform_checks import NUM, noise, versions


def named(transform: str, **kwargs) -> Torchvision:
    return Torchvision(name="torchvision", transform=transform, kwargs=kwargs)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_transform_does_what_torchvision_does(channels):
    images = noise(6, 8, channels)
    blurred = versions(images, named("GaussianBlur", kernel_size=3, sigma=1.0))
    for before, after in zip(images, blurred, strict=True):
        given = torch.from_numpy(before.transpose(2, 0, 1).copy())
        expected = functional.gaussian_blur(given, [3, 3], [1.0, 1.0])
        assert (after == expected.numpy().transpose(1, 2, 0)).all()


def test_images_draw_each_for_itself():
    rotated = versions(
        np.tile(noise(8, 8, 1, num=1), (NUM, 1, 1, 1)), named("RandomRotation", degrees=180)
    )
    assert len({image.tobytes() for image in rotated}) > NUM // 2


def test_the_state_of_torch_stays_as_it_was():
    torch.manual_seed(7)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    versions(noise(4, 4, 3), named("RandomErasing", p=1.0))
    assert (torch.get_rng_state() == before).all()
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("settings", "what"),
    [
        (
            named("Resize", size=[3, 3]),
            "Resize makes a uint8 image of 3 x 3 x 3 of a uint8 image of 3 x 4 x 5",
        ),
        (
            named("Normalize", mean=[0.0], std=[1.0]),
            "Normalize cannot change a uint8 image of 3 x 4 x 5: "
            "TypeError: Input tensor should be a float tensor. Got torch.uint8.",
        ),
        (named("FiveCrop", size=2), "FiveCrop makes a tuple of a uint8 image of 3 x 4 x 5"),
        (named("ToPILImage"), "ToPILImage makes a Image of a uint8 image of 3 x 4 x 5"),
    ],
    ids=["shape", "kind", "several", "no tensor"],
)
def test_a_transform_that_does_not_fit_is_refused(settings, what):
    with pytest.raises(SettingsError) as caught:
        versions(noise(4, 5, 3), settings)
    assert str(caught.value) == (
        f"ERROR torchvision transform {what} "
        "| fix: give it other kwargs in params.yaml, or take another transform"
    )
