"""What people are told about an example in doubt."""

import pytest

from pipeline.commands.review.words import LABEL, Offer, offer, why
from pipeline.dataset.review.decisions import DROP
from pipeline.dataset.review.queue import JUDGES, REASONS
from pipeline.modalities.opening import open_show
from pipeline.targets.opening import open_describe
from tests.support.review_data import queue_of

LIKE = {"like": "a", "like_split": "train", "like_label": "cat"}
VOTES = [{"label": "dog", "count": 2}, {"label": "bird", "count": 1}]


def told(*reasons: str, **more) -> str:
    row = {"id": "b", "given": "dog", "proposed": "bird", "reasons": list(reasons)}
    [item] = queue_of([row | more]).to_pylist()
    return why(item, open_show("images"), open_describe("classes"))


@pytest.mark.parametrize(
    ("reason", "more", "sentence"),
    [
        (
            "label",
            {"confidence": 0.85},
            "Models that have not seen it say bird; dog is right with a probability of 10%.",
        ),
        (
            "label",
            {"confidence": 0.6, "label_quality": 0.6, "proposed": "dog"},
            "Models that have not seen it are unsure: dog is right with a probability of 60%.",
        ),
        (
            "label",
            {"confidence": 0.85, "judges": "people"},
            "People together say bird; dog is right with a probability of 10%.",
        ),
        (
            "label",
            {"label_quality": 0.5, "proposed": "dog", "judges": "people"},
            "People together are unsure: dog is right with a probability of 50%.",
        ),
        ("label", {"label_quality": None}, "Models that have not seen it say bird."),
        ("annotators", {"votes": VOTES}, "People do not agree: 2 dog, 1 bird."),
        ("near duplicate", LIKE, "It looks like a in train, which is cat."),
        (
            "leak",
            LIKE | {"like": "e", "like_split": "val"},
            "It looks like e in val, and is removed for it.",
        ),
        ("outlier", {}, "Its brightness, sharpness or colours are unlike all others."),
    ],
)
def test_a_sentence_for_each_reason(reason, more, sentence):
    assert told(reason, **more) == sentence


def test_several_reasons_are_told_in_their_order():
    assert told("leak", "outlier", **LIKE, label_quality=None, confidence=None) == (
        "It looks like a in train, and is removed for it. "
        "Its brightness, sharpness or colours are unlike all others."
    )
    assert told() == ""


def test_there_are_words_for_all_that_a_queue_may_say():
    assert told(*REASONS, **LIKE, votes=VOTES)
    for judges in JUDGES:
        assert told("label", judges=judges)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            {"reasons": ["label"]},
            Offer(LABEL, "Accept", "Keep", "Accept: it becomes bird. Keep: it stays dog.", ""),
        ),
        (
            {"reasons": ["near duplicate"], "proposed": "dog"},
            Offer(LABEL, "Accept", "Keep", "Accept and Keep: it stays dog.", ""),
        ),
        (
            {"reasons": ["label", "leak", "near duplicate"], "like_split": "test"},
            Offer(
                DROP,
                "Leave it out",
                "Train on it",
                "Leave it out: it stays removed. Train on it: it comes back as dog, although its "
                "twin is in test.",
                "although its twin is in test",
            ),
        ),
        (
            {"reasons": ["leak"], "split": "val", "like_split": "test"},
            Offer(
                DROP,
                "Leave it out",
                "Validate on it",
                "Leave it out: it stays removed. Validate on it: it comes back as dog, although "
                "its twin is in test.",
                "although its twin is in test",
            ),
        ),
    ],
    ids=["another label", "the same label", "leak", "leak of val"],
)
def test_what_is_offered(more, expected):
    row = {"id": "b", "given": "dog", "proposed": "bird"} | LIKE | more
    [item] = queue_of([row]).to_pylist()
    assert offer(item) == expected
