"""The nearest are those that numpy finds when it looks at all."""

import numpy as np
import pytest

from pipeline.commands.find.vectors import FOLDER, MOST_NUMBERS, keep_vectors, read_vectors


def vectors_of(num: int, width: int, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    mixed = random.normal(size=(width, width))
    return (random.normal(size=(num, width)) @ mixed).astype(np.float32)


def keep(
    values: np.ndarray, key: str = "k", *, is_direction: bool = False, step: int = 300
) -> None:
    ids = [f"e{n}" for n in range(len(values))]
    batches = ((ids[at : at + step], values[at : at + step]) for at in range(0, len(ids), step))
    keep_vectors(key, len(values), batches, is_direction=is_direction)


@pytest.mark.parametrize("is_direction", [False, True])
@pytest.mark.parametrize("width", [3, 64])
def test_exact(here, width, is_direction):
    values = vectors_of(2000, width)
    keep(values, is_direction=is_direction)
    kept = read_vectors("k")
    assert kept is not None
    assert kept.values.dtype == np.float16
    centred = values - values.mean(0)
    if is_direction:
        centred /= np.linalg.norm(centred, axis=1, keepdims=True)
    for row in (0, 7, 1999):
        distances = np.linalg.norm(centred - centred[row], axis=1)
        expected = np.argsort(distances)[:10].tolist()
        found = kept.nearest(kept.of(f"e{row}"), 10)
        assert found[0][0] == f"e{row}"
        assert len({id for id, _ in found} & {f"e{n}" for n in expected}) >= 9  # of float16
        for id, distance in found:
            assert distance == pytest.approx(distances[int(id[1:])], rel=0.02, abs=0.01)


def test_wide_vectors_keep_their_widest_axes(here):
    values = vectors_of(500, 100)
    values[:, 90:] = 0
    keep(values)
    kept = read_vectors("k")
    assert kept is not None
    assert kept.values.shape == (500, MOST_NUMBERS)


def test_among_some_alone(here):
    keep(vectors_of(100, 4))
    kept = read_vectors("k")
    assert kept is not None
    found = kept.nearest(kept.of("e0"), 5, {"e3", "e9", "nobody"})
    assert {id for id, _ in found} == {"e3", "e9"}
    assert kept.nearest(kept.of("e0"), 5, set()) == []
    assert len(kept.nearest(kept.of("e0"), 500)) == 100
    assert kept.of("nobody") is None


def test_equal_distances_come_by_their_ids(here):
    keep(np.repeat(np.eye(2, dtype=np.float32), 50, axis=0))
    kept = read_vectors("k")
    assert kept is not None
    found = [id for id, _ in kept.nearest(kept.of("e0"), 3)]
    assert found == ["e0", "e1", "e10"]


def test_what_is_kept_is_of_one_key_and_whole(here):
    assert read_vectors("k") is None
    keep(vectors_of(50, 4), "old")
    keep(vectors_of(50, 4), "new")
    assert read_vectors("old") is None
    assert read_vectors("new") is not None
    content = (FOLDER / "new.npy").read_bytes()
    (FOLDER / "new.npy").write_bytes(content[:-100])
    assert read_vectors("new") is None
    (FOLDER / "new.npy").write_bytes(content)
    assert read_vectors("new") is not None
    (FOLDER / "new.npz").write_bytes(b"PK")
    assert read_vectors("new") is None
