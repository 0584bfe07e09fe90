"""N-grams depend on their own text alone, not on who stands beside it or on what was redacted."""

import numpy as np

from pipeline.modalities.text.content.ngrams import blocks_of
from pipeline.modalities.text.content.personal import redacted
from pipeline.modalities.text.encode.bags import bags_of

TEXTS = [
    "Call 020 7946 0958 now, or write to lee@example.org!",
    "今天天气很好",
    "",
    "مرحبا بالعالم",
    "a",
    "Zażółć gęślą jaźń twice twice",
    None,
]
SAID = {"buckets": 1 << 14, "length": 256}


def test_a_text_has_the_same_n_grams_in_any_company():
    together = bags_of(TEXTS, SAID)
    alone = np.concatenate([bags_of([text], SAID) for text in TEXTS])
    backwards = bags_of(TEXTS[::-1], SAID)[::-1]
    assert np.array_equal(together, alone)
    assert np.array_equal(together, backwards)
    assert (together[[0, 1, 3, 5]] > 0).sum(1).min() > 10
    assert not together[[2, 6]].any()


def test_case_and_compositions_make_no_difference():
    one, other, third = bags_of(["Café au lait", "CAFE\u0301 AU  LAIT", "cafes au lait"], SAID)
    assert np.array_equal(one, other)
    assert not np.array_equal(one, third)


def test_a_model_sees_the_same_whether_or_not_personal_values_were_replaced():
    kinds = {"email", "phone"}
    hidden = redacted(TEXTS[0], kinds)[0]
    assert "lee@example.org" not in hidden
    assert "7946" not in hidden
    assert np.array_equal(*bags_of([TEXTS[0], hidden], SAID))


def test_characters_of_scripts_without_blanks_are_words():
    ((_, grams),) = blocks_of(["好天气"])
    words = np.unique(grams.hashes[~grams.are_runs])
    ((_, single),) = blocks_of(["气"])
    assert len(words) == 3 + 2  # and pairs
    assert single.hashes[~single.are_runs][0] in words


def test_what_does_not_fit_is_the_end_of_the_longest_runs():
    whole = bags_of([TEXTS[0]], SAID)[0]
    short = bags_of([TEXTS[0]], {**SAID, "length": 20})[0]
    assert np.array_equal(short, whole[:20])
    assert (short[:5] < SAID["buckets"] // 2).all()  # words come first
