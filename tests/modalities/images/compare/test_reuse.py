"""The note of what was found: read as written, and only by the recipe that it was made by."""

import numpy as np
import pytest

from pipeline.modalities.images.compare.pairs import update_pairs
from pipeline.modalities.images.compare.reuse import read_known, write_known
from tests.support.photos import photos


@pytest.fixture
def note(tmp_path):
    return tmp_path / "new" / "candidates.parquet"


def found_among(num: int):
    return update_pairs(photos(max(num, 1)), np.arange(num), np.zeros(num, np.int64), None)[1]


@pytest.mark.parametrize("num", [0, 30])
def test_a_note_says_what_was_written_last(note, num):
    write_known(found_among(20), "before", note)
    found = found_among(num)
    write_known(found, "a recipe", note)
    again = read_known("a recipe", note)
    assert again is not None
    for one, other in zip(found, again, strict=True):
        assert (one.dtype, one.shape) == (other.dtype, other.shape)
        assert one.tobytes() == other.tobytes()
    assert again.num_shared(found) == num
    assert [path.name for path in note.parent.iterdir()] == [note.name]


def test_without_a_note_and_by_another_recipe_nothing_is_known(note):
    assert read_known("a recipe", note) is None
    write_known(found_among(30), "a recipe", note)
    assert read_known("another", note) is None


def test_a_damaged_note_says_nothing_or_what_was_written(note):
    found = found_among(30)
    write_known(found, "a recipe", note)
    content = note.read_bytes()
    nothing = 0
    for place in np.random.default_rng(0).choice(len(content), 200, replace=False).tolist():
        note.write_bytes(content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :])
        again = read_known("a recipe", note)
        nothing += again is None
        if again is not None:
            assert [a.tobytes() for a in again] == [b.tobytes() for b in found]
    assert nothing > 50
    note.write_bytes(content[:100])
    assert read_known("a recipe", note) is None
