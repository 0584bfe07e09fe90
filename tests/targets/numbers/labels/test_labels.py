"""Numbers are read from texts, and stand in shards in the units in which networks answer."""

from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pytest

from pipeline.runtime.errors import SettingsError, SourceError
from pipeline.targets.numbers.labels.interface import (
    answer,
    answer_words,
    column,
    encode,
    fit,
    index_of,
    is_missing,
    namer,
    new_tally,
    problem_in,
    problem_of,
    refuse_unfit,
    vote,
)
from pipeline.targets.numbers.measures.scale import from_y, to_y

ENTRY = SimpleNamespace(annotations=None)
AS_THEY_ARE = index_of(ENTRY, set())
SKEWED = [0.5, 1.0, 2.0, 40.0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3.0),
        (" -0.5 ", -0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("+7.", 7.0),
        ("1,5", None),
        ("1_000", None),
        ("٣", None),
        ("inf", None),
        ("1e999", None),
        ("0x10", None),
        ("3 mg", None),
    ],
)
def test_texts_that_are_numbers(text, value):
    assert column([text], AS_THEY_ARE).to_pylist() == [value]
    expected = None if value is not None else f"target {text} is no number"
    assert problem_of(text, ENTRY) == expected


def test_words_for_missing_are_no_problems():
    assert all(is_missing(text, AS_THEY_ARE) for text in ("?", "NaN", "", " NA ", "null"))
    assert problem_of("NaN", ENTRY) is None
    assert not is_missing("-9", AS_THEY_ARE)


@pytest.mark.parametrize("scale", ["standard", "log"])
def test_y_is_what_train_says_and_comes_back(scale):
    values = pa.chunked_array([pa.array(SKEWED)])
    index = fit(values, AS_THEY_ARE, SimpleNamespace(target_scale=scale))
    y = encode(values, index)
    assert y.dtype == np.float32
    assert y.mean() == pytest.approx(0, abs=1e-6)
    if scale == "standard":
        assert index == {"scale": scale, "mean": np.mean(SKEWED), "std": np.std(SKEWED)}
        assert y.std() == pytest.approx(1)
    else:  # a factor of e is a step of 1
        assert np.diff(y) == pytest.approx(np.diff(np.log(SKEWED)), abs=1e-6)
    assert from_y(to_y(np.array(SKEWED), index), index) == pytest.approx(SKEWED)
    assert problem_in(index) is None


def test_numbers_that_are_all_the_same_are_scaled_by_one():
    values = pa.chunked_array([pa.array([5.0, 5.0])])
    index = fit(values, AS_THEY_ARE, SimpleNamespace(target_scale="standard"))
    assert index["std"] == 1.0


def test_logarithms_of_what_is_not_positive_are_refused():
    values = pa.chunked_array([pa.array([1.0, 0.0, -2.0])])
    with pytest.raises(SettingsError) as caught:
        fit(values, AS_THEY_ARE, SimpleNamespace(target_scale="log"))
    assert caught.value.what == (
        "params.yaml: augment.target_scale is log, but 2 of 3 numbers of train are not positive"
    )


@pytest.mark.parametrize(
    "index",
    [
        {},
        {"scale": "log"},
        {"scale": "cubic", "mean": 0.0, "std": 1.0},
        {"scale": "log", "mean": "0", "std": 1.0},
        {"scale": "log", "mean": 0.0, "std": 0.0},
        {"scale": "log", "mean": float("nan"), "std": 1.0},
        {"scale": "log", "mean": 0.0, "std": True},
    ],
)
def test_an_index_from_anywhere_is_looked_at(index):
    assert problem_in(index) is not None


def test_answers_are_in_the_units_of_the_source():
    index = {"scale": "standard", "mean": 100.0, "std": 20.0}
    assert answer(np.array([0.5]), index) == {"number": 110.0}
    assert answer_words(np.array([1 / 3]), index) == ["106.667"]


def test_sources_without_anything_to_learn_are_refused():
    with pytest.raises(SourceError, match=r"all numbers of a\.csv are 3"):
        refuse_unfit(ENTRY, {"3", "3.0"}, "a.csv")
    with pytest.raises(SourceError, match=r"no example of a\.csv has a number"):
        refuse_unfit(ENTRY, {"much"}, "a.csv")
    with pytest.raises(SourceError, match="the first text is 'less'"):
        namer({"more", "less"}, ENTRY, "a.csv")


def test_the_median_of_several_people_counts():
    texts = pa.array(["1", "5", "100", "7"])
    voted = vote(np.array([0, 0, 0, 2]), texts, 3, AS_THEY_ARE)
    assert voted.to_pylist() == [5.0, None, 7.0]


def test_a_tally_is_that_of_all_parts():
    values = np.random.default_rng(0).normal(50, 10, 1000)
    tally = new_tally()
    for part in np.split(values, [1, 400, 400]):
        tally.add(pa.table({"target": pa.array(part)}))
    assert tally.summary(AS_THEY_ARE) == [
        f"numbers from {values.min():.6g} to {values.max():.6g}",
        f"mean {values.mean():.6g}, standard deviation {values.std():.6g}",
    ]
    assert tally.oddities(AS_THEY_ARE) == []
    tally.add(pa.table({"target": [1e6]}))
    assert len(tally.oddities(AS_THEY_ARE)) == 0  # it made the deviation larger itself
    few = new_tally()
    few.add(pa.table({"target": [1.0, 2.0, 2.0]}))
    assert few.oddities(AS_THEY_ARE)[0].startswith("there are only 2 different numbers, all whole")


@pytest.mark.parametrize("scale", ["standard", "log"])
def test_an_answer_has_the_interval_that_was_found_on_validation(scale):
    index = {"scale": scale, "mean": 2.0, "std": 0.5}
    found = {"interval_half_width": 1.0, "interval_level": 0.9}
    number, low, high = ((y * 0.5 + 2.0) for y in (1.0, 0.0, 2.0))
    if scale == "log":
        number, low, high = np.exp([number, low, high]).tolist()
    said = answer(np.array([1.0]), index | found)
    assert said == pytest.approx({"number": number, "low": low, "high": high, "level": 0.9}, 1e-5)
    words = answer_words(np.array([1.0]), index | found)
    assert words == [f"{number:.6g}", f"{low:.6g} to {high:.6g} (90%)"]
    assert answer(np.array([1.0]), index).keys() == {"number"}
