"""What happens to a batch on the device: what is stated, as often as stated, the same again."""

import numpy as np
import pytest
import torch

from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.modalities.images.encode.settings import Cutout, Flip, Translate
from pipeline.modalities.images.modules.on_device import augment_batch
from tests.support.training import assert_same_weights, every_epoch, train


def pictures(num: int, height: int = 6, width: int = 8, channels: int = 3) -> torch.Tensor:
    return torch.from_numpy(
        np.random.default_rng(0).integers(0, 256, (num, height, width, channels), np.uint8)
    )


def augmented(images: torch.Tensor, *transforms, step: int = 0) -> torch.Tensor:
    return augment_batch(images, transforms, seed=1, epoch=2, step=step)


EVERY = [
    Flip(name="flip"),
    Translate(name="translate", fraction=0.25),
    Cutout(name="cutout", fraction=0.5),
]


@pytest.mark.parametrize("transform", EVERY, ids=lambda transform: transform.name)
def test_a_transform_is_a_function_of_seed_epoch_and_step(transform):
    images = pictures(50)
    before = images.clone()
    first = augmented(images, transform)
    assert (first.shape, first.dtype) == (images.shape, torch.uint8)
    assert torch.equal(images, before)
    torch.manual_seed(0)
    assert torch.equal(augmented(images, transform), first)
    others = [
        augment_batch(images, [transform], seed=s, epoch=e, step=t)
        for s, e, t in ((0, 2, 0), (1, 0, 0), (1, 2, 1))
    ]
    assert not any(torch.equal(other, first) for other in others)


def test_ranks_that_share_a_batch_do_to_it_what_one_would():
    images = pictures(7)
    whole = augment_batch(images, EVERY, seed=1, epoch=2, step=3)
    parts = [
        augment_batch(images[a:b], EVERY, seed=1, epoch=2, step=3, part=(a, b, 7))
        for a, b in ((0, 3), (3, 7))
    ]
    assert torch.equal(torch.cat(parts), whole)


def test_nothing_asked_is_nothing_done():
    images = pictures(3)
    assert augmented(images) is images


@pytest.mark.parametrize("probability", [0.0, 0.3, 1.0])
def test_flip_mirrors_as_many_as_stated(probability):
    images = pictures(2000)
    flipped = augmented(images, Flip(name="flip", probability=probability))
    mirrored = (flipped == images.flip(2)).flatten(1).all(1)
    assert (mirrored | (flipped == images).flatten(1).all(1)).all()
    assert abs(float(mirrored.float().mean()) - probability) < 0.04


@pytest.mark.parametrize(
    ("shape", "fraction", "most"),
    [((6, 8), 0.25, (2, 2)), ((6, 8), 0.01, (1, 1)), ((5, 5), 0.6, (3, 3)), ((3, 9), 0.3, (1, 3))],
)
def test_translate_shifts_by_every_amount_alike_and_reflects(shape, fraction, most):
    images = pictures(3000, *shape)
    shifted = augmented(images, Translate(name="translate", fraction=fraction)).numpy()
    edges = ((0, 0), (most[0], most[0]), (most[1], most[1]), (0, 0))
    padded = np.pad(images.numpy(), edges, "reflect")
    found = np.zeros(len(images), int)
    counts = []
    for y in range(2 * most[0] + 1):
        for x in range(2 * most[1] + 1):
            window = padded[:, y : y + shape[0], x : x + shape[1]]
            same = (window == shifted).all((1, 2, 3))
            found += same
            counts.append(same.sum())
    assert (found == 1).all()
    expected = len(images) / len(counts)
    assert (abs(np.array(counts) - expected) < 5 * expected**0.5).all()


def test_cutout_blanks_one_square_with_the_mean_colour():
    images = pictures(500)
    blanked = augmented(images, Cutout(name="cutout", fraction=0.5)).numpy()
    mean = np.rint(images.numpy().mean((1, 2))).astype(np.uint8)
    corners = set()
    for image, original, colour in zip(blanked, images.numpy(), mean, strict=True):
        rows, columns = np.nonzero((image != original).any(2))
        top, left = rows.min(), columns.min()
        assert (rows.max() - top, columns.max() - left) == (2, 2)
        assert (image[top : top + 3, left : left + 3] == colour).all()
        outside = np.ones(image.shape[:2], bool)
        outside[top : top + 3, left : left + 3] = False
        assert (image[outside] == original[outside]).all()
        corners.add((top, left))
    assert len(corners) == 4 * 6  # everywhere inside


def test_transforms_come_one_after_the_other():
    images = pictures(20)
    both = augmented(images, EVERY[0], EVERY[2])
    assert not torch.equal(both, augmented(images, EVERY[0]))
    assert not torch.equal(both, augmented(images, EVERY[2]))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no CUDA device here")
def test_a_gpu_does_the_same():
    images = pictures(200)
    assert torch.equal(augmented(images.cuda(), *EVERY).cpu(), augmented(images, *EVERY))


def test_training_sees_augmented_batches_and_resumes_exactly(toy, tmp_path):
    flips = (Flip(name="flip", probability=1.0),)
    mirrored = toy.examples(33)
    mirrored = mirrored._replace(inputs={"x": mirrored.inputs["x"].flip(2)})
    expected, _ = train(toy, on=every_epoch(mirrored))
    network, _ = train(toy, seeing={"transforms": flips})
    assert_same_weights(network, expected)

    shifts = (Translate(name="translate", fraction=0.25),)
    seeing = {"transforms": shifts}
    undisturbed, _ = train(toy, seeing=seeing)
    heard = []

    def interrupt(num_examples: int) -> None:
        heard.append(num_examples)
        if sum(heard) == 33 + 24:
            raise KeyboardInterrupt

    told = {"checkpoint": Checkpoint(tmp_path, "key"), "on_step": interrupt}
    with pytest.raises(KeyboardInterrupt):
        train(toy, told=told, seeing=seeing)
    resumed, _ = train(toy, 99, {"checkpoint": Checkpoint(tmp_path, "key")}, seeing=seeing)
    assert_same_weights(resumed, undisturbed)
