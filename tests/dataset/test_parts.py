"""Parts are near an even size, and stay where they are when examples come and go."""

import numpy as np
import pytest

from pipeline.dataset.parts import LEAST, MOST, cut_draws, part_ends

USUAL = 100


def parts(ids: list[str], sizes: np.ndarray | None = None, usual: int = USUAL) -> list[tuple]:
    sizes = np.ones(len(ids), np.int64) if sizes is None else sizes
    ends = list(part_ends(cut_draws(ids), sizes, usual))
    assert ends[-1:] == [len(ids)] * bool(ids)
    return [tuple(ids[a:b]) for a, b in zip([0, *ends], ends, strict=False)]


def names(num: int) -> list[str]:
    return [f"{number:06d}.jpg" for number in range(num)]


def test_parts_have_near_the_usual_size():
    found = [len(part) for part in parts(names(20_000))]
    assert all(LEAST * USUAL <= size <= MOST * USUAL for size in found[:-1])
    assert 0 < found[-1] <= MOST * USUAL
    assert 0.9 * USUAL < np.mean(found) < 1.1 * USUAL


def test_sizes_count_not_examples():
    sizes = np.random.default_rng(0).integers(1, 400, 5000)
    ids = names(5000)
    size_of = dict(zip(ids, sizes.tolist(), strict=True))
    found = parts(ids, sizes, 10_000)
    filled = [sum(size_of[id] for id in part) for part in found]
    assert all(LEAST * 10_000 <= size <= MOST * 10_000 for size in filled[:-1])


def test_one_that_is_too_large_is_a_part_by_itself():
    sizes = np.array([1, 1, 1000, 1000, 1])
    assert [len(part) for part in parts(names(5), sizes)] == [2, 1, 1, 1]


@pytest.mark.parametrize("usual", [1, 2, 3, 4])
def test_parts_of_few(usual):
    for num in range(12):
        found = parts(names(num), usual=usual)
        assert [id for part in found for id in part] == names(num)
        assert all(1 <= len(part) <= max(1, MOST * usual) for part in found)


def test_one_more_or_less_changes_a_part_or_two():
    ids = names(20_000)
    before = set(parts(ids))
    changed = []
    random = np.random.default_rng(0)
    for number, place in enumerate(random.integers(0, len(ids), 100)):
        others = (
            [*ids[:place], f"new {number}", *ids[place:]]
            if number % 2
            else ([*ids[:place], *ids[place + 1 :]])
        )
        after = set(parts(others))
        changed.append(len(after - before))
    assert min(changed) >= 1
    assert np.mean(changed) < 1.3
    assert max(changed) < 10


def test_many_at_one_place_change_what_is_there():
    ids = names(20_000)
    others = [*ids[:7777], *(f"new {number}" for number in range(1000)), *ids[7777:]]
    assert len(set(parts(ids)) - set(parts(others))) <= 5
