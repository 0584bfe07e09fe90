"""A model is asked about corrupted copies of the same examples."""

import numpy as np

from pipeline.evaluate.variants import choose, stress_model
from pipeline.modalities.images.stress import interface as images
from pipeline.targets.protocols.judging import Variant

IDS = [f"image {number}" for number in range(40)]
LABELS = np.arange(40) % 2
IMAGES = np.where(LABELS == 1, 180, 60).astype(np.uint8)[:, None, None, None]
INPUTS = {"x": np.tile(IMAGES, (1, 8, 8, 1))}


class NoStress:
    """Of a modality without corruptions."""

    VARIANTS = ()


def answer(inputs: dict[str, np.ndarray]) -> np.ndarray:
    bright = inputs["x"].mean((1, 2, 3)) > 120
    return np.stack([~bright, bright], 1).astype(np.float32)


def accuracy(variant: Variant, rows: np.ndarray) -> float:
    return float((variant.outputs.argmax(1) == LABELS[rows]).mean())


def test_every_corruption_at_every_strength_after_the_examples_as_they_are():
    stressed = stress_model(answer, images, INPUTS, IDS, 40)
    rows = stressed.rows
    assert rows.tolist() == list(range(40))
    variants = list(stressed.variants)
    assert [variant[:2] for variant in variants] == [("none", 0), *images.VARIANTS]
    by_name = {variant[:2]: accuracy(variant, rows) for variant in variants}
    assert by_name["none", 0] == by_name["blur", 5] == by_name["brightness", 1] == 1
    assert by_name["brightness", 5] == 0.5  # 60 + 76 looks bright


def test_some_examples_are_corrupted_as_they_would_be_among_all():
    asked = []

    def listen(inputs: dict[str, np.ndarray]) -> np.ndarray:
        asked.append(inputs["x"])
        return answer(inputs)

    for most in (40, 10):
        stressed = stress_model(listen, images, INPUTS, IDS, most)
        assert len(asked) in (0, 22), "none is computed before its turn"
        assert len(stressed.rows) == most
        assert len(list(stressed.variants)) == 22
    for everyone, some in zip(asked[:22], asked[22:], strict=True):
        assert np.array_equal(everyone[stressed.rows], some)


def test_a_modality_without_corruptions():
    stressed = stress_model(answer, NoStress, INPUTS, IDS, 40)
    assert len(stressed.rows) == 0


def test_chosen_examples_are_the_same_whatever_comes_before():
    ids = [f"{number}" for number in range(1000)]
    chosen = choose(ids, 100)
    assert (np.diff(chosen) > 0).all()
    assert 300 < chosen.mean() < 700
    names = {ids[row] for row in chosen}
    turned = ids[::-1]
    assert {turned[row] for row in choose(turned, 100)} == names
    assert choose(ids, 5000).tolist() == list(range(1000))
    assert choose(ids, 0).tolist() == []
