"""The column `pieces` of a shard: word pieces as a tokenizer of Hugging Face numbers them.

The tokenizer lies in the preparation as the JSON that it is, so that whoever has the model can use
it. Its own truncation and padding do not count: a text has as much room as most of train need.
"""

import json
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.runtime.errors import MissingInput, SettingsError

PIECES = "pieces"
MOST_LENGTH = 512
FIX = "name a folder below models/start with tokenizer.json or vocab.txt"

Ids = NDArray[np.int32]


def read_tokenizer(folder: Path) -> str:
    """The JSON of the tokenizer in a folder: of tokenizer.json, or of vocab.txt, that of BERT.

    Raises:
        MissingInput: there is neither.
        SettingsError: it cannot be read.
    """
    whole, words = folder / "tokenizer.json", folder / "vocab.txt"
    if not whole.is_file() and not words.is_file():
        raise MissingInput(
            f"{folder} has neither tokenizer.json nor vocab.txt; "
            "params.yaml: augment.tokenizer names it",
            fix=f"put one of them there, or dvc pull {folder}.dvc",
        )
    try:
        content = whole.read_text("utf-8") if whole.is_file() else _of_words(words)
        return str(_opened(content).to_str())
    except Exception as error:  # the package has errors of no class of their own
        reason = str(error).splitlines()[0]
        raise SettingsError(f"{folder}: the tokenizer cannot be read: {reason}", fix=FIX) from None


def _of_words(path: Path) -> str:
    from tokenizers import BertWordPieceTokenizer

    settings = path.with_name("tokenizer_config.json")
    said = json.loads(settings.read_text("utf-8")) if settings.is_file() else {}
    made = BertWordPieceTokenizer(
        str(path),
        lowercase=said.get("do_lower_case", True),
        strip_accents=said.get("strip_accents"),
        handle_chinese_chars=said.get("tokenize_chinese_chars", True),
    )
    return str(made.to_str())


@lru_cache(maxsize=4)
def _opened(content: str) -> Any:
    # Read by the package at its first use; its threads and those that encode shards do not mix.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(content)
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


def fill_of(content: str) -> int:
    """The number that fills up: of [PAD] or <pad>, or 0."""
    tokenizer = _opened(content)
    numbers = (tokenizer.token_to_id(name) for name in ("[PAD]", "<pad>"))
    return next((number for number in numbers if number is not None), 0)


def vocabulary_of(content: str) -> int:
    """How many pieces there are."""
    return int(_opened(content).get_vocab_size())


def lengths_of(texts: Sequence[str | None], content: str) -> NDArray[np.int64]:
    """How many pieces each of N texts has, with those that begin and end it, `(N,)`."""
    found = _opened(content).encode_batch([text or "" for text in texts])
    return np.array([len(pieces.ids) for pieces in found], np.int64)


def pieces_of(texts: Sequence[str | None], said: Mapping[str, Any]) -> Ids:
    """Pieces of N texts, `(N, length)`; of a longer text the first, and the last one of all."""
    found = np.full((len(texts), said["length"]), said["fill"], np.int32)
    for row, pieces in enumerate(
        _opened(said["tokenizer"]).encode_batch([text or "" for text in texts])
    ):
        ids = pieces.ids
        if len(ids) > said["length"]:
            ids = [*ids[: said["length"] - 1], ids[-1]]
        found[row, : len(ids)] = ids
    return found


def problem_in_pieces(said: Any) -> str | None:
    """Why nothing can be encoded by what a preparation says of pieces; or None."""
    if not isinstance(said, Mapping) or not isinstance(said.get("tokenizer"), str):
        return "pieces should be an object with tokenizer, length, fill and vocabulary"
    for key, least, most in (("length", 2, MOST_LENGTH), ("fill", 0, 2**31 - 1)):
        value = said.get(key)
        if type(value) is not int or not least <= value <= most:
            return f"{key} of pieces should be {least} to {most}, found {value!r:.40}"
    try:
        num = vocabulary_of(said["tokenizer"])
    except Exception as error:  # the package has errors of no class of their own
        return f"tokenizer of pieces cannot be read: {str(error).splitlines()[0]:.80}"
    if said.get("vocabulary") != num:
        return f"vocabulary of pieces should be {num}, found {said.get('vocabulary')!r:.40}"
    return None
