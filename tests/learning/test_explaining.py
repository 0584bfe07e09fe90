"""An answer is explained by what would be said without a word."""

import numpy as np

from pipeline.commands.predict.__main__ import explanation
from pipeline.learning.answering import Answering
from pipeline.modalities.opening import open_encode
from pipeline.params import load_params
from tests.support.repository import ROOT

PREPARATION = {"ngrams": {"buckets": 1 << 16, "length": 64}}
ABOUT = {
    "modality": "text",
    "preparation": PREPARATION,
    "target_kind": "classes",
    "target": {"classes": ["ham", "spam"]},
}


def outputs_of(inputs):
    """Spam is what has the word free in it."""
    free = set(open_encode("text").encode({"text": ["free"]}, PREPARATION)["ngrams"][0]) - {0}
    has_it = np.array([free <= set(row) for row in inputs["ngrams"].tolist()])
    return np.column_stack([~has_it, has_it]).astype(np.float32) * 4


def test_the_word_that_decided_comes_first():
    limits = load_params(ROOT / "recipes/text-classes.yaml").ingest
    model = Answering(ABOUT, outputs_of, limits)
    example = b"See \x1bthe FREE prize"
    ((_, answer, _),) = model.answer([example])
    assert answer.argmax() == 1
    found = explanation(model, example, answer)
    assert {name for name, said in found if said.startswith("ham")} == {
        "FREE",
        "the FREE",
        "FREE prize",
    }
    assert [said.startswith("ham") for _, said in found] == [True] * 3 + [False] * 4
