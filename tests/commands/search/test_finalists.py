"""What is promised of the best of a search is what it has with other seeds."""

import numpy as np

from pipeline.commands.search.finalists import Finalist, expected_loss


def finalists(losses: np.ndarray) -> list[Finalist]:
    return [Finalist(f"search-{n}", {}, None, row.tolist()) for n, row in enumerate(losses)]


def test_one_that_is_best_with_each_seed_promises_its_mean():
    assert expected_loss(finalists(np.array([[1.0, 2, 3], [4, 5, 6]]))) == 2


def test_each_seed_counts_by_the_choice_of_the_others():
    chosen_by_luck = [0.0, 3, 3]  # best by all seeds, and by each two with the first
    assert (
        expected_loss(finalists(np.array([chosen_by_luck, [2.5, 2.5, 2.5]]))) == (2.5 + 3 + 3) / 3
    )


def test_of_five_that_are_alike_nothing_is_promised_but_their_mean():
    random = np.random.default_rng(0)
    searches = [finalists(random.normal(1, 0.1, (5, 3))) for _ in range(2000)]
    promised = [expected_loss(found) for found in searches]
    flattered = [min(each.mean for each in found) for found in searches]
    assert abs(np.mean(promised) - 1) < 0.005
    assert np.mean(flattered) < 0.95
