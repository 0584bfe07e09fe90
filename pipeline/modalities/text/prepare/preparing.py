"""Texts of a source become examples of data/raw: in Unicode NFC, without control characters."""

import hashlib
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from pipeline.modalities.prepared import Prepared, Unusable
from pipeline.modalities.text.content.decoding import decoded
from pipeline.modalities.text.content.folding import normal, visible
from pipeline.modalities.text.content.measurements import (
    CAP,
    MEASUREMENTS,
    WORDS,
    measure,
    words_of,
)
from pipeline.modalities.text.content.personal import redacted

MEASURED = [m.name for m in MEASUREMENTS]
EMPTY, BLANK, UNSEEN = "empty", "blanks alone", "nothing that can be seen"


class Text(NamedTuple):
    """A text as data/raw has it."""

    text: str
    encoding: str
    removed: list[str]
    """Kinds of personal values that were replaced."""


def prepare(contents: Sequence[bytes | None], limits: Any) -> Prepared:
    """See modalities/protocols/prepare.py."""
    kinds: Collection[str] = getattr(limits, "redact", ())
    found = Prepared(
        {"text": []}, [], {n: [] for n in MEASURED}, {n: [] for n in WORDS}, [], [], []
    )
    for content in contents:
        try:
            made: Text | None = prepare_one(content, kinds)
            problem = None
        except Unusable as reason:
            made, problem = None, str(reason)
        found.content["text"].append(made.text if made else None)
        digest = hashlib.sha256(made.text.encode()).hexdigest() if made else None
        found.digests.append(digest)
        values = measure(made.text) if made else {}
        for name in MEASURED:
            found.measured[name].append(values.get(name))
        words = {**words_of(made.text), "encoding": made.encoding} if made else {}
        for name in WORDS:
            found.words[name].append(words.get(name))
        found.removed.append(made.removed if made else [])
        found.problems.append(problem)
        found.transient.append(False)
    return found


def prepare_one(content: bytes | None, kinds: Collection[str]) -> Text:
    """
    Raises:
        Unusable: it has no text, or a book in it.
    """
    if content is None:
        raise Unusable("no text")
    text, encoding = decoded(content)
    if reason := nothing_in(text):
        raise Unusable(f"no text: {reason}")
    text, removed = redacted(normal(text), kinds)
    if len(text) > CAP:
        raise Unusable(f"{len(text)} characters, more than {CAP:.0f}")
    return Text(text, encoding, removed)


def nothing_in(text: str | None) -> str | None:
    """Why a text says nothing; None where it does."""
    if not text:
        return EMPTY
    if not text.strip():
        return BLANK
    return None if visible(normal(text)) else UNSEEN
