"""Numbers that depend on (seed, id, purpose) and on nothing else."""

import numpy as np

from pipeline.dataset.randomness import id_keys, key64, uniform

IDS = [f"image-{number:05d}" for number in range(20_000)]


def test_the_numbers_are_the_same_for_ever():
    """Were one of these to change, every split of every dataset would."""
    assert [key64("a"), key64("Müller/猫.png"), key64("")] == [
        3405396810240292928,
        14594129924829143318,
        13020603013274838756,
    ]
    keys = id_keys(["a", "b"])
    assert uniform(keys, 0, "split").tolist() == [0.1686867298493656, 0.5755752272604886]
    of_largest_seed = uniform(keys, 2**32 - 1, "augment:1:0:y")
    assert of_largest_seed.tolist() == [
        0.8344481640641394,
        0.4523093594621057,
    ]


def test_a_number_depends_on_no_other_id():
    together = uniform(id_keys(IDS[:100]), 7, "split")
    assert together.tolist() == [uniform(id_keys([id]), 7, "split")[0] for id in IDS[:100]]
    assert together[::-1].tolist() == uniform(id_keys(IDS[:100][::-1]), 7, "split").tolist()


def test_no_ids_no_numbers():
    assert uniform(id_keys([]), 0, "split").tolist() == []


def test_keys_differ_between_ids():
    assert len(set(id_keys(IDS).tolist())) == len(IDS)


def test_numbers_are_spread_evenly_over_0_to_1():
    numbers = uniform(id_keys(IDS), 0, "split")
    assert (numbers.min() >= 0, numbers.max() < 1) == (True, True)
    in_tenths = np.histogram(numbers, 10, (0, 1))[0]
    # 2,000 each with a standard deviation of 42.
    assert abs(in_tenths - 2000).max() < 200


def test_numbers_are_independent_between_seeds_and_purposes():
    keys = id_keys(IDS)
    several = [uniform(keys, *of) for of in [(0, "split"), (1, "split"), (0, "fold"), (10, "fold")]]
    correlations = np.corrcoef(several) - np.eye(4)
    # 1 / sqrt(20,000) is 0.007.
    assert abs(correlations).max() < 0.035


def test_neighbouring_ids_have_independent_numbers():
    numbers = uniform(id_keys(IDS), 0, "split")
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.035
