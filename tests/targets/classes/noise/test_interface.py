"""Labels of classes as clean holds them, judged, and doubted."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.dataset.annotations import Annotations
from pipeline.dataset.table import WORD, words
from pipeline.targets.classes.measures.metrics import fit_temperature, softmax
from pipeline.targets.classes.noise import labels
from pipeline.targets.classes.noise.calibration import TRUE_LABEL_TEMPERATURE
from pipeline.targets.opening import open_noise
from pipeline.targets.protocols.noise import Evidence, LabelDoubt

NOISE = open_noise("classes")
TARGET = {"classes": ["cat", "dog", "bird"]}


@pytest.mark.parametrize("encode", [pa.array, words], ids=["plain", "dictionary"])
def test_codes_are_places_of_names(encode):
    values = pa.chunked_array([encode(["dog", None]), encode(["cat", "fish", "bird"])])
    codes, known = NOISE.read_labels(values.unify_dictionaries(), TARGET)
    assert codes.dtype == np.int64
    assert known.tolist() == [True, False, True, False, True]
    assert codes[known].tolist() == [1, 0, 2]
    assert NOISE.as_text(codes[known], TARGET) == ["dog", "cat", "bird"]
    assert [NOISE.code_of(text, TARGET) for text in ("dog", "cat", "bird")] == [1, 0, 2]


def test_no_labels():
    codes, known = NOISE.read_labels(pa.chunked_array([], WORD), TARGET)
    assert (codes.shape, known.shape) == ((0,), (0,))


def test_the_column_of_data_clean_has_all_names_in_their_order():
    column = NOISE.column(np.array([2, 0]), TARGET)
    assert column.type == WORD
    assert column.to_pylist() == ["bird", "cat"]
    assert column.dictionary.to_pylist() == TARGET["classes"]


def test_people_may_decide_for_a_class():
    choices = NOISE.choices(TARGET)
    assert choices.allows("dog")
    assert not choices.allows("fish")
    assert (choices.noun, choices.advice) == ("a class", "the classes are cat, dog, bird")


def test_different_classes_differ():
    assert NOISE.differ(np.array([0, 1]), np.array([0, 2])).tolist() == [False, True]


def evidence(num: int, num_networks: int | None = None, seed: int = 0) -> Evidence:
    """Networks that are nearly always right, of labels of which one in ten is wrong."""
    random = np.random.default_rng(seed)
    true = random.integers(0, 3, num)
    shape = (num, 3) if num_networks is None else (num_networks, num, 3)
    outputs = random.normal(0, 1, shape).astype(np.float32) + 5 * np.eye(3)[true]
    return Evidence(np.where(np.arange(num) % 10 == 0, (true + 1) % 3, true), outputs, None)


def test_test_examples_are_judged_by_the_mean_of_all_networks_calibrated_on_the_others():
    learnt, tested = evidence(400), evidence(50, 4, seed=1)
    of_learnt, of_tested = NOISE.check_labels(learnt, tested, TARGET)
    temperature = fit_temperature(learnt.outputs, learnt.given)
    trust = temperature / TRUE_LABEL_TEMPERATURE
    assert temperature > 2 * TRUE_LABEL_TEMPERATURE
    assert of_learnt.reliability.trusted
    for found, some, probabilities in (
        (of_learnt, learnt, softmax(learnt.outputs / temperature)),
        (of_tested, tested, np.mean([softmax(out / temperature) for out in tested.outputs], 0)),
    ):
        expected = labels.check_labels(some.given, probabilities, None, trust)
        assert np.array_equal(found.quality, expected.quality)
        assert np.array_equal(found.proposed, expected.proposed)
        assert np.array_equal(found.confidence, expected.posterior.max(1))


def test_without_test_examples_there_is_no_check_of_them():
    learnt = evidence(200)
    found, nothing = NOISE.check_labels(learnt, evidence(0, 4), TARGET)
    assert nothing is None
    assert np.array_equal(
        found.quality, NOISE.check_labels(learnt, evidence(50, 4), TARGET)[0].quality
    )
    none = Evidence(learnt.given[:0], None, None)
    assert NOISE.check_labels(Evidence(learnt.given, None, None), none, TARGET)[1] is None


def test_people_alone_may_judge():
    true = np.arange(30) % 3
    votes = Annotations(np.repeat(np.arange(30), 3), np.tile(np.arange(3), 30), np.repeat(true, 3))
    given = true.copy()
    given[7] = 2
    both = [Evidence(given, None, votes)] * 2
    for found in NOISE.check_labels(*both, TARGET):
        assert np.flatnonzero(found.is_issue).tolist() == [7]
        assert found.proposed[7] == 1
        assert found.confidence[7] > 0.9


def test_doubted_are_labels_of_little_quality_and_those_that_people_dispute():
    """Of row 0 all say the same, 1 and 4 are disputed, and networks have settled 2."""
    quality = np.array([0.5, 0.5, 0.99, 0.99, np.nan])
    votes = Annotations(
        np.array([0, 0, 1, 1, 1, 2, 2, 4, 4]),
        np.array([0, 1, 0, 1, 2, 0, 1, 0, 1]),
        np.array([0, 0, 2, 1, 1, 0, 2, 2, 0]),
    )
    assert NOISE.find_doubts(quality, votes, TARGET) == {
        0: LabelDoubt(["label"], []),
        1: LabelDoubt(["label", "annotators"], [("dog", 2), ("bird", 1)]),
        4: LabelDoubt(["annotators"], [("bird", 1), ("cat", 1)]),
    }
    assert NOISE.find_doubts(quality[2:], None, TARGET) == {}
