"""Every augmentation is a pure function of (seed, id, copy)."""

import numpy as np
import pytest

from pipeline.dataset.randomness import id_keys
from pipeline.modalities.images.encode.settings import (
    Affine,
    AlternatingFlip,
    Color,
    Cutout,
    Flip,
    RandAugment,
    Torchvision,
    Translate,
    TrivialAugment,
)
from pipeline.modalities.images.encode.transforms.augment import PIXELS_AT_ONCE, TRANSFORMS
from tests.support.transform_checks import KEYS, NUM, noise, versions

EVERY = {
    "translate": Translate(name="translate", fraction=0.25),
    "flip": Flip(name="flip", probability=0.5),
    "alternating_flip": AlternatingFlip(name="alternating_flip"),
    "color": Color(name="color", brightness=0.3, contrast=0.3, saturation=0.5, hue=0.1),
    "cutout": Cutout(name="cutout", fraction=0.5),
    "affine": Affine(name="affine", degrees=30, translate=0.2, scale=0.2, shear=10),
    "trivial_augment": TrivialAugment(name="trivial_augment"),
    "rand_augment": RandAugment(name="rand_augment", num_ops=3),
    "torchvision": Torchvision(
        name="torchvision", transform="RandomErasing", kwargs={"p": 0.8, "value": 7}
    ),
}
NO_FLIP = Flip(name="flip", probability=0)
SHAPES = [(1, 1, 1), (1, 7, 3), (8, 8, 1), (5, 12, 3)]


def test_every_transform_is_tested():
    assert EVERY.keys() == TRANSFORMS.keys()


def test_copy_0_is_the_original():
    images = noise(8, 8, 3)
    assert versions(images, *EVERY.values(), copy=0) is images


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", EVERY)
def test_a_version_depends_on_seed_id_and_copy_alone(name, shape):
    images = noise(*shape)
    before = images.copy()
    together = versions(images, EVERY[name])
    assert (together.shape, together.dtype) == (images.shape, np.uint8)
    assert (images == before).all()
    alone = [versions(images[i : i + 1], EVERY[name], keys=KEYS[i : i + 1])[0] for i in range(NUM)]
    assert (together == np.stack(alone)).all()
    assert (together[::-1] == versions(images[::-1], EVERY[name], keys=KEYS[::-1])).all()


def test_blocks_are_not_seen():
    images = noise(100, 100, 3)
    assert images[..., 0].size > 3 * PIXELS_AT_ONCE
    transforms = [EVERY["color"], EVERY["trivial_augment"], EVERY["affine"]]
    together = versions(images, *transforms)
    for some in (slice(0, 7), slice(7, 8), slice(8, NUM)):
        assert (versions(images[some], *transforms, keys=KEYS[some]) == together[some]).all()


@pytest.mark.parametrize("name", sorted(EVERY.keys() - {"alternating_flip"}))
def test_another_seed_id_copy_or_place_makes_another_version(name):
    images, one = noise(8, 8, 3), EVERY[name]
    some = [
        versions(images, one),
        versions(images, one, seed=1),
        versions(images, one, copy=2),
        versions(images, one, keys=id_keys([f"other-{number}" for number in range(NUM)])),
        versions(images, NO_FLIP, one),
    ]
    assert len({version.tobytes() for version in some}) == len(some)


def test_transforms_run_in_their_order():
    images = noise(8, 8, 3)
    flip, cutout = Flip(name="flip", probability=1), EVERY["cutout"]
    cut_second = versions(images, flip, cutout)
    assert (cut_second == versions(images[:, :, ::-1], NO_FLIP, cutout)).all()
    assert (versions(images) == images).all()
