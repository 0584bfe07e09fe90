"""What comes to /feedback, as records have it; and what a server says that it answers."""

import pytest

from pipeline.targets.opening import open_answers

INDEXES = {
    "classes": ({"classes": ["cat", "dog"]}, "2 labels", "cat"),
    "numbers": ({}, "numbers", "12.5"),
    "ranking": ({"items": ["007", "42"]}, "2 items", "007"),
}


@pytest.mark.parametrize("target", INDEXES)
def test_a_server_says_what_it_answers(target):
    index, words, example = INDEXES[target]
    labels = open_answers(target).labels
    assert labels.in_words(index) == (words, example)
    assert labels.as_label(example) == example


@pytest.mark.parametrize(
    ("target", "value", "label"),
    [
        ("numbers", 12, "12.0"),
        ("numbers", True, True),
        ("numbers", 10**400, 10**400),  # which no float can be
        ("ranking", 242, "242"),  # an id, which no digit may be added to
        ("ranking", 242.5, 242.5),
        ("classes", 3, 3),
    ],
)
def test_numbers_in_json_become_texts_where_they_can_be_labels(target, value, label):
    assert open_answers(target).labels.as_label(value) == label
