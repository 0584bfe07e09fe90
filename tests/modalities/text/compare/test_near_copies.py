"""Edited texts are found; texts out of one mould, and short ones that differ, are not."""

import numpy as np
import pytest

from pipeline.modalities.text.compare.near_copies import find_near
from pipeline.modalities.text.compare.shingles import shingles_of
from tests.support import text_cases
from tests.support.text_cases import texts

MANY = [text for topic in "abcd" for text in texts(topic, 60, 3)]
STORY = (
    "The council voted on Monday to close the old bridge for repairs, and drivers will have to "
    "take the road along the canal until the work is finished in the autumn."
)


def found(*more: str) -> set[tuple[int, int]]:
    pairs = find_near(shingles_of([*more, *MANY]))
    return set(zip(pairs.first.tolist(), pairs.second.tolist(), strict=True))


@pytest.mark.parametrize(
    "edited",
    [
        STORY.upper().replace(",", ""),
        STORY.replace(" old", "").replace(" Monday", ""),
        STORY[: int(0.7 * len(STORY))],
        "News from our own desk today: " + STORY,
        " ".join([*STORY.split()[15:], *STORY.split()[:15]]),
        STORY.replace("bridge", "brigde").replace("drivers", "drvers"),
    ],
    ids=["case", "words away", "cut", "words before", "halves swapped", "typing mistakes"],
)
def test_an_edited_text_is_found(edited):
    assert found(STORY, edited) == {(0, 1)}


def test_questions_out_of_a_mould_that_many_have_are_hardly_ever_copies():
    things = [noun for topic in text_cases.NOUNS.values() for noun in topic.split()]
    pairs = found(*(f"What is the best kind of {thing} ?" for thing in things))
    assert len(pairs) < 0.01 * len(things) * (len(things) - 1) / 2  # pond and pear, lorry and lawn


def test_short_texts_that_differ_are_no_copies():
    assert found("ok see you at five", "ok see you at noon", "yes", "yep", "") == set()


def test_pairs_are_the_same_in_another_order():
    pairs = find_near(shingles_of([STORY, *MANY, STORY + " So it was said."]))
    assert (pairs.first.tolist(), pairs.second.tolist()) == ([0], [len(MANY) + 1])
    assert 0.4 < pairs.similarity[0] < 1
    assert np.isfinite(pairs.similarity).all()


FOOTER = (
    " Free registration, site map, index of hotels, terms of service, about us, careers, agents, "
    "advertising, contact, all rights reserved. For questions call the number that is printed on "
    "your voucher; prices include taxes where the law of the place asks for it."
)


def test_a_passage_below_many_texts_makes_no_copies_of_them():
    reviews = [
        "The room was small and the carpet had seen better days, but breakfast made up for it.",
        "We could hear every lorry from the motorway, and nobody at the desk seemed to mind.",
        "A quiet place near the lake; our children loved the boats and did not want to leave.",
        "Overpriced. Towels smelled, wireless kept dropping out, checking in took us an hour.",
        "Perfect for one night between two flights, with a shuttle that runs until midnight.",
        "Friendly people, fresh fruit on every floor, and a view over half of the old town.",
    ]
    below = [review + FOOTER for review in reviews]
    assert len(found(*below[:3])) == 3, "three may be one text in three versions"
    assert found(*below) == set()
    again = found(*below, reviews[0].upper() + FOOTER)
    assert again == {(0, len(below))}


def test_a_text_in_many_versions_stays_one():
    versions = [STORY.replace("Monday", day) for day in ("Tuesday", "Friday", "Sunday", "May 5")]
    assert len(found(STORY, *versions)) == 10
