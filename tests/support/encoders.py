"""A tiny encoder of the BERT family with random weights, laid out as Hugging Face does."""

import json
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "the", "cat", "sat", "mat", "##s", "on", "?", "猫"]
WIDTH, LAYERS, HEADS, INNER, POSITIONS = 8, 2, 2, 16, 32
CONFIG = {
    "model_type": "bert",
    "hidden_size": WIDTH,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "intermediate_size": INNER,
    "max_position_embeddings": POSITIONS,
    "vocab_size": len(WORDS),
    "layer_norm_eps": 1e-12,
    "hidden_act": "gelu",
}
LINES = {
    "attention.self.query": (WIDTH, WIDTH),
    "attention.self.key": (WIDTH, WIDTH),
    "attention.self.value": (WIDTH, WIDTH),
    "attention.output.dense": (WIDTH, WIDTH),
    "intermediate.dense": (INNER, WIDTH),
    "output.dense": (WIDTH, INNER),
}
NORMS = ("attention.output.LayerNorm", "output.LayerNorm")


def tensors() -> dict[str, Tensor]:
    """By the names that BERT has, all drawn."""
    draw = torch.Generator().manual_seed(0)
    shapes: dict[str, tuple[int, ...]] = {
        "embeddings.word_embeddings.weight": (len(WORDS), WIDTH),
        "embeddings.position_embeddings.weight": (POSITIONS, WIDTH),
        "embeddings.token_type_embeddings.weight": (2, WIDTH),
        "embeddings.LayerNorm.weight": (WIDTH,),
        "embeddings.LayerNorm.bias": (WIDTH,),
        "pooler.dense.weight": (WIDTH, WIDTH),
    }
    for layer in range(LAYERS):
        of_layer = f"encoder.layer.{layer}."
        for name, shape in LINES.items():
            shapes |= {f"{of_layer}{name}.weight": shape, f"{of_layer}{name}.bias": shape[:1]}
        for name in NORMS:
            shapes |= {f"{of_layer}{name}.{part}": (WIDTH,) for part in ("weight", "bias")}
    return {name: torch.randn(shape, generator=draw) / 2 for name, shape in shapes.items()}


def save_encoder(folder: Path, **changes: object) -> Path:
    """Write config.json, model.safetensors and vocab.txt."""
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    (folder / "vocab.txt").write_text("\n".join(WORDS) + "\n", encoding="utf-8")
    save_file(tensors(), folder / "model.safetensors")
    return folder
