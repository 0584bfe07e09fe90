"""Smaller images in early epochs: when, how small, and what a network is shown."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from pipeline.modalities.images.modules.on_device import scale_at, scaled_size, shrink
from pipeline.modalities.images.network.settings import Progressive


class AnySize(nn.Module):
    """Classifies images of any size, and notes which sizes it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(1, 4)
        self.trained_on: list[int] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        if self.training:
            self.trained_on.append(images.shape[2])
        logits: torch.Tensor = self.head(images.mean((2, 3)))
        return logits


STAGES = [Progressive(until=0.3, scale=0.5), Progressive(until=0.7, scale=0.75)]


def test_ten_epochs():
    scales = [scale_at(STAGES, epoch / 10) for epoch in range(10)]
    assert scales == [0.5] * 3 + [0.75] * 4 + [1.0] * 3


def test_without_stages_images_have_full_size():
    assert scale_at([], 0.0) == 1.0


@pytest.mark.parametrize(
    ("scale", "size"), [(0.5, (16, 24)), (0.75, (24, 36)), (0.01, (1, 1))], ids=str
)
def test_sizes(scale, size):
    assert scaled_size(32, 48, scale) == size


def test_an_even_image_stays_even_and_a_mean_stays_a_mean():
    images = torch.full((2, 8, 8, 3), 200, dtype=torch.uint8)
    assert torch.equal(shrink(images, 0.5), torch.full((2, 4, 4, 3), 200, dtype=torch.uint8))
    noise = torch.randint(0, 256, (5, 32, 32, 3), dtype=torch.uint8)
    small = shrink(noise, 0.5)
    assert small.shape == (5, 16, 16, 3)
    area = F.avg_pool2d(noise.permute(0, 3, 1, 2).float(), 2)
    assert (small.permute(0, 3, 1, 2).float() - area).abs().mean() < 20  # of a spread of 37
    assert shrink(noise, 1.0) is noise


def test_training_sees_smaller_images_first_and_validates_on_whole_ones(toy):
    network = AnySize()
    recipe = toy.recipe(epochs=3)
    seeing = {"progressive": [Progressive(until=0.5, scale=0.5)]}
    examples = toy.examples(33)
    toy.fit(network, recipe, lambda epoch: examples, examples, seeing=seeing)
    assert network.trained_on == [2] * 8 + [4] * 4  # four batches an epoch
