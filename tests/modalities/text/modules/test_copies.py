"""Networks that fit themselves learn from copies too, such as paraphrases, once per original."""

import numpy as np
import pytest
import torch

from pipeline.dataset.shards.files import ShardRows
from pipeline.modalities.text.encode.interface import encode
from pipeline.modalities.text.modules.bags import read_rows
from pipeline.modalities.text.modules.embedded import Embedded
from pipeline.modalities.text.modules.linear import Linear
from pipeline.targets.opening import open_loss

PREPARATION = {"ngrams": {"buckets": 1 << 12, "length": 48}}
NUM = 20
ORIGINALS = ["plants grow", "screens glow"] * NUM
PARAPHRASES = ["flowers thrive", "monitors shine"] * NUM


class Copies:
    """The rows that a ShardReader gives, in memory."""

    def __init__(self, *texts: list[str]) -> None:
        self.texts, self.copies = texts, len(texts)

    def read_rows(self, split: str, copy: int) -> ShardRows:
        texts = self.texts[copy]
        labels = np.arange(len(texts), dtype=np.int32) % 2
        return ShardRows(encode({"text": texts}, PREPARATION), labels, np.ones(len(texts), "f4"))


def test_copies_share_the_weight_of_one():
    rows = read_rows(Copies(ORIGINALS, PARAPHRASES), "train")
    assert rows.ids.shape == (4 * NUM, 48)
    assert rows.weights.tolist() == [0.5] * (4 * NUM)
    assert rows.y.tolist() == [0, 1] * (2 * NUM)
    assert len(read_rows(Copies(ORIGINALS, PARAPHRASES), "val").y) == 2 * NUM


@pytest.mark.parametrize("kind", [Linear, Embedded])
def test_words_of_copies_are_learnt(kind):
    asked = encode({"text": ["flowers thrive", "monitors shine"]}, PREPARATION)
    inputs = {name: torch.from_numpy(values) for name, values in asked.items()}

    def losses(outputs, y):
        return open_loss("classes").losses(outputs, y, type("S", (), {"label_smoothing": 0.0}))

    torch.manual_seed(0)
    network = kind(PREPARATION, 2)
    network.fit(Copies(ORIGINALS, PARAPHRASES), losses, seed=0)
    with torch.no_grad():
        assert network(inputs).argmax(1).tolist() == [0, 1]
