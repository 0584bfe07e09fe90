"""Labels keep their words, and it is noticed where new texts have those of another."""

import numpy as np
import pandas as pd
import pytest

from pipeline.dataset.expectations.drift import KEPT
from pipeline.modalities.text.checks.column_tables import tables_of
from pipeline.modalities.text.checks.frequencies import UNUSUAL, frequencies_profile
from pipeline.modalities.text.checks.label_words import label_words_profile
from pipeline.modalities.text.checks.vocabulary import words_of

SAYINGS = {"gardens": "plant water soil", "two words": "screen glass light"}
NUM, NEW = 400, 100


def texts(num: int, seed: int) -> pd.DataFrame:
    random = np.random.default_rng(seed)
    labels = random.choice(list(SAYINGS), num).tolist()
    rows = [f"the {random.choice(SAYINGS[label].split())} and number" for label in labels]
    return pd.DataFrame(
        {
            "id": [f"{seed}-{row}" for row in range(num)],
            "text": rows,
            "label": labels,
            "split": "train",
            "script": "Latin",
            "group": None,
        }
    )


def profile_of(table: pd.DataFrame) -> dict:
    words = [words_of(text) for text in table["text"]]
    num = len(table)
    about = {"groups": num, "examples": num, KEPT: 1.0, "script.Latin": num}
    return {
        **about,
        **frequencies_profile(table["text"], words),
        **label_words_profile(table, words),
    }


@pytest.fixture(scope="module")
def known() -> pd.DataFrame:
    return texts(NUM, 0)


def shifts(table: pd.DataFrame, profile: dict) -> dict[str, dict[str, float]]:
    found = {about.noun: about.rows for about in tables_of(table, profile, 0.1)}
    return {noun: dict(zip(rows["id"], rows["shift"], strict=True))
            for noun, rows in found.items() if "shift" in rows}  # fmt: skip


def test_more_of_the_same_has_not_moved(known):
    grown = pd.concat([known, texts(NEW, 1)], ignore_index=True)
    found = shifts(grown, profile_of(known))
    assert found == {
        "measurements": {"no usual word": 0, "usual pairs": 0},
        "labels": {"gardens": 0, "two words": 0},
    }


def test_new_texts_with_swapped_labels_have_words_of_another(known):
    new = texts(NEW, 1)
    new["label"] = [next(o for o in SAYINGS if o != label) for label in new["label"]]
    found = shifts(pd.concat([known, new], ignore_index=True), profile_of(known))
    assert min(found["labels"].values()) > 0.3


def test_new_texts_without_a_usual_word(known):
    new = texts(40, 1).assign(text="lorem ipsum dolor sit amet")
    found = shifts(pd.concat([known, new], ignore_index=True), profile_of(known))
    assert found["measurements"]["no usual word"] > 0.1


def test_a_profile_of_before_is_not_compared(known):
    profile = {k: v for k, v in profile_of(known).items() if k != UNUSUAL and "typical" not in k}
    found = shifts(known, profile)
    assert np.isnan(found["measurements"]["no usual word"])
    assert "labels" not in found


def test_new_texts_with_words_in_another_order(known):
    new = texts(NEW, 1)
    new["text"] = [" ".join(reversed(text.split())) for text in new["text"]]
    found = shifts(pd.concat([known, new], ignore_index=True), profile_of(known))
    assert found["measurements"]["usual pairs"] > 0.1
    assert found["measurements"]["no usual word"] == 0


def test_one_text_of_a_new_script_is_chance_and_a_twentieth_is_not(known):
    for num, is_moved in ((1, False), (20, True)):
        new = texts(num, 1).assign(script="Greek")
        tables = tables_of(pd.concat([known, new], ignore_index=True), profile_of(known), 0.1)
        (scripts,) = (about.rows for about in tables if about.noun == "scripts")
        assert (scripts.set_index("id")["moved"]["Greek"] > 0.1) == is_moved
