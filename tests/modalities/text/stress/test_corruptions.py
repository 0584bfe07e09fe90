"""Mistakes are made in each text by its own key: in any script, the same for the same key."""

import numpy as np
import pytest

from pipeline.modalities.text.stress.corruptions import VARIANTS, corrupted

TEXTS = ["Please send the parcel to the depot, not to my house!", "今天天气很好。", "", None]
KEYS = np.arange(4, dtype=np.uint64)


@pytest.mark.parametrize(("name", "strength"), VARIANTS)
def test_a_text_depends_on_its_own_key(name, strength):
    together = corrupted(TEXTS, KEYS, name, strength)
    assert together == [
        corrupted([text], KEYS[n : n + 1], name, strength)[0] for n, text in enumerate(TEXTS)
    ]
    assert together[0] != TEXTS[0] or (name, strength) == ("typos", 1)
    assert together[2:] == ["", None]


def test_stronger_is_more():
    def changed(strength: int) -> int:
        long = TEXTS[0] * 20
        (text,) = corrupted([long], KEYS[:1], "typos", strength)
        return sum(a != b for a, b in zip(long, text, strict=False)) + abs(len(text) - len(long))

    lengths = [len(corrupted(TEXTS[:1], KEYS[:1], "cut", s)[0]) for s in (1, 2, 3)]
    assert lengths == sorted(lengths, reverse=True)
    assert changed(3) > changed(1) > 0
    assert corrupted(TEXTS[:1], KEYS[:1], "punctuation", 1) == [
        "Please send the parcel to the depot not to my house"
    ]
