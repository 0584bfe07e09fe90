"""Escapes ids, labels and other words from tables, so that they cannot drive a terminal."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.runtime.errors import one_line

# Control, direction and other invisible characters, except the two joiners, which spell words in
# some scripts and emoji; and line ends.
UNSEEN = r"[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]"
JOINERS = "\u200c\u200d"
DIGEST_DIGITS = 8

Texts = TypeVar("Texts", pa.Array, pa.ChunkedArray)


def harmless(texts: Texts) -> Texts:
    """The texts with characters that nobody sees written out: `\\x1b[31mred`."""
    return _mapped(texts, harmless_text)


def harmless_ids(ids: Texts) -> Texts:
    """Like `harmless`; an id that changes gets a digest, so that no two become the same."""
    return _mapped(ids, _harmless_id)


def harmless_text(text: str) -> str:
    return "".join(c if c in JOINERS or c == " " else one_line(c) for c in text)


def _harmless_id(text: str) -> str:
    shown = harmless_text(text)
    if shown == text:
        return text
    return f"{shown}#{hashlib.sha256(text.encode()).hexdigest()[:DIGEST_DIGITS]}"


def _mapped(texts: Texts, function: Callable[[str], str]) -> Texts:
    changed = pc.fill_null(pc.match_substring_regex(texts, UNSEEN), False)
    if not pc.any(changed).as_py():
        return texts
    new = pa.array([function(text) for text in texts.filter(changed).to_pylist()], pa.string())
    if isinstance(texts, pa.ChunkedArray):
        texts, changed = texts.combine_chunks(), changed.combine_chunks()
    return pc.replace_with_mask(texts, changed, new)
