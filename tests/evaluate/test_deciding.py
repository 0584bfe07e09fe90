"""Words by which mistakes came about."""

import numpy as np
import pyarrow as pa

from pipeline.evaluate.deciding import decided_table
from pipeline.modalities.text.encode.interface import parts_left_out

MISTAKES = pa.table({"id": ["b"]})
CONTENTS = {"text": ["see you soon", "free lunch soon"]}


def answer(contents):
    free = np.array([0.5 + 0.4 * ("free" in text) for text in contents["text"]])
    return np.column_stack([free, 1 - free])


def test_of_a_mistake_the_words_that_spoke_for_it_are_named():
    found = decided_table(answer, parts_left_out, ["a", "b"], CONTENTS, MISTAKES)
    assert found.column("part").to_pylist() == ["free", "free lunch"]
    assert found.column("id").to_pylist() == ["b", "b"]
    assert np.allclose(found.column("for_it"), 0.4)
