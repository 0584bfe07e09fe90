"""The transformer is BERT: beside torch's own layers, with a tokenizer, refusals."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.modalities.text.encode.pieces import pieces_of
from pipeline.modalities.text.fit.sizes import pieces_for
from pipeline.modalities.text.modules.encoder import Encoder
from pipeline.modalities.text.network.folder import read_folder
from pipeline.modalities.text.network.interface import adapt, foreign
from pipeline.runtime.errors import MissingInput, SettingsError
from tests.support import encoders
from tests.support.encoders import save_encoder

TEXTS = ["The cats sat on the mat?", "cat", "猫 sat", ""]


def loaded(folder) -> Encoder:
    preparation = {"pieces": {**pieces_for(lambda: [], str(folder)), "length": 12}}
    weights = adapt("transformer", read_folder(folder), preparation)
    network = Encoder(weights.preparation, 3)
    network.load_state_dict({**network.state_dict(), **weights.tensors})
    return network.eval()


def by_torch(ids: Tensor) -> Tensor:
    """The same by nn.TransformerEncoderLayer: for one text without what fills up."""
    there = encoders.tensors()
    hidden = there["embeddings.word_embeddings.weight"][ids]
    hidden = hidden + there["embeddings.position_embeddings.weight"][: len(ids)]
    hidden = hidden + there["embeddings.token_type_embeddings.weight"][0]
    norm = (there["embeddings.LayerNorm.weight"], there["embeddings.LayerNorm.bias"])
    hidden = nn.functional.layer_norm(hidden, (encoders.WIDTH,), *norm, 1e-12)[None]
    for number in range(encoders.LAYERS):
        own = {
            name.removeprefix(f"encoder.layer.{number}."): tensor for name, tensor in there.items()
        }
        layer = nn.TransformerEncoderLayer(
            encoders.WIDTH, encoders.HEADS, encoders.INNER, 0.0, "gelu", 1e-12, batch_first=True
        )
        three = ("attention.self.query", "attention.self.key", "attention.self.value")
        said = {
            f"self_attn.in_proj_{part}": torch.cat([own[f"{name}.{part}"] for name in three])
            for part in ("weight", "bias")
        }
        for ours, theirs in (
            ("self_attn.out_proj", "attention.output.dense"),
            ("linear1", "intermediate.dense"),
            ("linear2", "output.dense"),
            ("norm1", "attention.output.LayerNorm"),
            ("norm2", "output.LayerNorm"),
        ):
            said |= {f"{ours}.{part}": own[f"{theirs}.{part}"] for part in ("weight", "bias")}
        layer.load_state_dict(said)
        hidden = layer.eval()(hidden)
    parts = (hidden[0].mean(0), hidden[0, 1])
    return torch.cat([part / part.square().mean().sqrt() for part in parts])


def test_it_is_what_torch_makes_of_the_same_weights(tmp_path):
    folder = save_encoder(tmp_path / "tiny")
    network = loaded(folder)
    said = {**pieces_for(lambda: [], str(folder)), "length": 12}
    ids = torch.from_numpy(pieces_of(TEXTS, said))
    with torch.inference_mode():
        found = network.embed({"pieces": ids})
        expected = torch.stack([by_torch(row[row != 0].long()) for row in ids])
    assert torch.allclose(found, expected, atol=1e-5)


def test_room_that_is_not_used_changes_nothing(tmp_path):
    folder = save_encoder(tmp_path / "tiny")
    network, said = loaded(folder), pieces_for(lambda: [], str(folder))
    with torch.inference_mode():
        short, long = (
            network({"pieces": torch.from_numpy(pieces_of(TEXTS, {**said, "length": length}))})
            for length in (10, 30)
        )
    assert torch.allclose(short, long, atol=1e-5)


def test_a_row_of_nothing_is_answered_with_numbers(tmp_path):
    network = loaded(save_encoder(tmp_path / "tiny"))
    assert network({"pieces": torch.zeros(2, 12, dtype=torch.int32)}).isfinite().all()


def test_pieces_are_numbered_as_the_vocabulary_says(tmp_path):
    said = {**pieces_for(lambda: [], str(save_encoder(tmp_path / "tiny"))), "length": 6}
    found = pieces_of(["Cats sat", "the the the the the the", "dog", None], said)
    assert found.dtype == np.int32
    assert found.tolist() == [
        [2, 5, 8, 6, 3, 0],
        [2, 4, 4, 4, 4, 3],  # a long text keeps its beginning and the piece that ends it
        [2, 1, 3, 0, 0, 0],
        [2, 3, 0, 0, 0, 0],
    ]


def test_another_family_is_refused(tmp_path):
    folder = save_encoder(tmp_path / "tiny", model_type="gpt2")
    with pytest.raises(SettingsError, match="of the family 'gpt2', expected bert"):
        read_folder(folder)


def test_a_folder_without_weights_says_which_file_is_missing(tmp_path):
    folder = save_encoder(tmp_path / "tiny")
    (folder / "model.safetensors").unlink()
    with pytest.raises(MissingInput, match=r"model\.safetensors does not exist"):
        read_folder(folder)


def test_the_tokenizer_of_the_shards_must_be_that_of_the_weights(tmp_path):
    weights = read_folder(save_encoder(tmp_path / "tiny"))
    other = save_encoder(tmp_path / "other")
    (other / "vocab.txt").write_text("\n".join([*encoders.WORDS[:-1], "dog"]) + "\n")
    with pytest.raises(SettingsError) as refused:
        adapt("transformer", weights, {"pieces": pieces_for(lambda: [], str(other))})
    assert "augment.tokenizer" in refused.value.fix


def test_it_asks_for_its_column_and_for_weights(tmp_path):
    with pytest.raises(SettingsError) as refused:
        Encoder({"ngrams": {}}, 2)
    assert "augment.encodings" in refused.value.fix
    pieces = pieces_for(lambda: [], str(save_encoder(tmp_path / "tiny")))
    with pytest.raises(SettingsError) as refused:
        Encoder({"pieces": pieces}, 2)
    assert "train.weights" in refused.value.fix
    with pytest.raises(SettingsError, match=r"no model\.json"):
        foreign("linear", tmp_path / "tiny")
