"""TrivialAugment and RandAugment have the operations and magnitudes of torchvision's classes."""

import numpy as np
import pytest
import torch
from torchvision.transforms import v2

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.encode.settings import RandAugment, TrivialAugment
from pipeline.modalities.images.encode.transforms.draws import Draws
from pipeline.modalities.images.encode.transforms.policies import (
    LEVELS,
    OPERATIONS,
    draw_operations,
    rand_space,
    wide_space,
)
from tests.support.transform_checks import KEYS, noise, versions

TRIVIAL = TrivialAugment(name="trivial_augment")
PEERS = {
    "trivial": (v2.TrivialAugmentWide(), wide_space),
    "rand": (v2.RandAugment(num_magnitude_bins=LEVELS), rand_space),
}
SIDE = 40


def name_there(name: str) -> str:
    return {"autocontrast": "AutoContrast"}.get(name, name.title().replace("_", ""))


@pytest.mark.parametrize("peer", PEERS)
def test_spaces_are_those_of_torchvision(peer):
    theirs, space = PEERS[peer][0]._AUGMENTATION_SPACE, PEERS[peer][1](SIDE, SIDE + 8)
    assert [name_there(name) for name in space] == list(theirs)
    for name, (low, high, signed) in space.items():
        magnitudes, is_signed = theirs[name_there(name)]
        values = magnitudes(LEVELS, SIDE, SIDE + 8)
        if values is None:
            assert low == high == 0
            continue
        ours = low + (high - low) * np.arange(LEVELS) / (LEVELS - 1)
        ours = ours.round() if name == "posterize" else ours
        scale = 255 if name == "solarize" else 1
        assert ours == pytest.approx(values.numpy() * scale, abs=1e-4)
        assert signed == is_signed


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", OPERATIONS)
@pytest.mark.parametrize("peer", PEERS)
def test_operations_are_those_of_torchvision(peer, name, channels):
    """A level off by the last bit of a float moves few pixels, but those by far."""
    theirs, space = PEERS[peer][0], PEERS[peer][1](SIDE, SIDE)
    low, high, signed = space[name]
    images = noise(SIDE, SIDE, channels, num=LEVELS)
    magnitudes = (low + (high - low) * np.arange(LEVELS) / (LEVELS - 1)).round(4)
    for sign in (1, -1)[: 1 + signed]:
        expected = [
            theirs._apply_image_or_video_transform(
                torch.from_numpy(image.transpose(2, 0, 1).copy()),
                name_there(name),
                float(magnitude * sign) / (255 if name == "solarize" else 1),
                interpolation=v2.InterpolationMode.NEAREST,
                fill={},
            )
            if name != "posterize"
            else v2.functional.posterize(
                torch.from_numpy(image.transpose(2, 0, 1).copy()), round(magnitude)
            )
            for image, magnitude in zip(images, magnitudes, strict=True)
        ]
        changed = OPERATIONS[name](images, magnitudes * sign, TRIVIAL)
        apart = abs(changed.astype(int) - torch.stack(expected).numpy().transpose(0, 2, 3, 1))
        assert (apart > 1).mean() < 0.003


def test_small_images_are_not_shifted_out_of_sight():
    assert wide_space(8, 28)["translate_x"].high == 28
    assert wide_space(8, 28)["translate_y"].high == 8
    assert wide_space(64, 64)["translate_x"].high == 32


NUM_DRAWN = 28_000
DRAWS = Draws(id_keys(map(str, range(NUM_DRAWN))), seed=0, copy=1, position=0)


def test_operations_levels_and_signs_are_drawn_evenly():
    space = wide_space(33, 33)
    chosen, magnitudes = draw_operations(DRAWS, space, DRAWS.below("level", LEVELS))
    assert space.keys() == {"identity", *OPERATIONS}
    for number, (low, high, signed) in enumerate(space.values()):
        values = magnitudes[chosen == number]
        assert abs(len(values) - NUM_DRAWN / len(space)) < 200
        assert abs(values).min() == min(low, high)
        assert abs(values).max() == max(low, high)
        assert abs(values).mean() == pytest.approx((low + high) / 2, rel=0.04)
        if low != high:
            assert len(set(abs(values).round(6))) == LEVELS
            # Half of all but those of level 0.
            assert abs((values < 0).mean() - signed / 2 * 30 / 31) < 0.05


def test_turns_draw_operations_of_their_own_at_the_given_level():
    space = rand_space(33, 33)
    turns = [draw_operations(DRAWS, space, 15, turn) for turn in range(2)]
    assert abs((turns[0][0] == turns[1][0]).mean() - 1 / len(space)) < 0.01
    for chosen, magnitudes in turns:
        for number, (low, high, _) in enumerate(space.values()):
            assert set(abs(magnitudes[chosen == number])) == {(low + high) / 2}


def test_rand_augment_is_its_turns():
    images, settings = noise(9, 9, 3), RandAugment(name="rand_augment", num_ops=3, magnitude=20)
    draws = Draws(KEYS, seed=0, copy=1, position=0)
    expected = images.copy()
    for turn in range(3):
        chosen, magnitudes = draw_operations(draws, rand_space(9, 9), 20, turn)
        for row, (number, magnitude) in enumerate(zip(chosen, magnitudes, strict=True)):
            name = list(rand_space(9, 9))[number]
            if name != "identity":
                here = slice(row, row + 1)
                expected[here] = OPERATIONS[name](expected[here], np.array([magnitude]), settings)
    assert (versions(images, settings) == expected).all()


def test_magnitude_0_changes_little():
    images = noise(9, 9, 3)
    settings = RandAugment(name="rand_augment", num_ops=1, magnitude=0)
    changed = (versions(images, settings) != images).any((1, 2, 3))
    assert 0 < changed.sum() < 30  # by autocontrast, equalize and the solarized white alone
