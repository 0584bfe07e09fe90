"""What of a text train has not stands beside its embedding in the graph that is served."""

import numpy as np
import pyarrow as pa
import pytest
import torch

from pipeline.export.served import ServedNetwork
from pipeline.modalities.text.encode.interface import encode
from pipeline.modalities.text.fit.sizes import sizes_of
from pipeline.modalities.text.modules.bags import NOVELTY_SCALE
from pipeline.modalities.text.network.interface import build

KNOWN = ["the parcel arrived twice", "the invoice never arrived", "please send it again"]


@pytest.mark.parametrize("name", ["linear", "ngrams"])
def test_new_ngrams_are_counted_and_answers_stay(name):
    preparation = {"ngrams": sizes_of(lambda: [pa.table({"text": KNOWN})])}
    network = build(name, preparation, 2, None).eval()
    network.bags.learn(encode({"text": KNOWN}, preparation)["ngrams"])
    texts = [KNOWN[0], "teh parcel arived twice", "zwq xkv jjq", ""]
    inputs = {n: torch.from_numpy(v) for n, v in encode({"text": texts}, preparation).items()}
    with torch.inference_mode():
        outputs, embedding = ServedNetwork(network, [*inputs])(*inputs.values())
        torch.testing.assert_close(outputs, network(inputs))
        torch.testing.assert_close(embedding[:, :-1], network.embed(inputs))
    novelty = embedding[:, -1].numpy()
    assert novelty[[0, 3]] == pytest.approx([0, 0])
    assert novelty[0] < novelty[1] < novelty[2]
    assert novelty[2] > NOVELTY_SCALE / 2
    assert np.isfinite(novelty).all()
