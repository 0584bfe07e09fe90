"""What is measured on a text: numbers about it, none of which brings it back."""

import re

from pipeline.dataset.measurement import Measurement
from pipeline.modalities.text.content.damage import is_damaged
from pipeline.modalities.text.content.personal import KINDS, counted
from pipeline.modalities.text.content.scripts import script_of

URL = re.compile(r"https?://\S|www\.\w", re.IGNORECASE)
MARKUP = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|&(?:[a-zA-Z]{2,8}|#\d{2,6});")
REPLACEMENT = "\ufffd"
CAP = 1e6
"""The most of a count; more characters than an example has."""

PERSONAL = {kind: f"{kind}s" for kind in KINDS}
"""Measurements by kind of personal value: how many are in the text."""

MEASUREMENTS = (
    Measurement("chars", "float32", low=1, high=CAP, compared=True, offset=1),
    Measurement("words", "float32", low=0, high=CAP, compared=True, offset=1),
    Measurement("letters", "float32", low=0, high=1, compared=True, offset=0),
    Measurement("digits", "float32", low=0, high=1, compared=True, offset=0),
    Measurement("capitals", "float32", low=0, high=1, compared=True),
    Measurement("punctuation", "float32", low=0, high=1, compared=True),
    Measurement("longest", "float32", low=0, high=CAP, compared=True),
    Measurement("repeated", "float32", low=0, high=1, compared=True),
    Measurement("markup", "float32", low=0, high=CAP, compared=True),
    Measurement("lines", "float32", low=1, high=CAP, compared=True),
    Measurement("replaced", "float32", low=0, high=1),
    Measurement("damaged", "float32", low=0, high=1),
    Measurement("urls", "float32", low=0, high=CAP, compared=True),
    *(Measurement(name, "float32", low=0, high=CAP, compared=True) for name in PERSONAL.values()),
)
WORDS = ("script", "encoding")


def measure(text: str) -> dict[str, float]:
    """The values of MEASUREMENTS of a text that is not empty."""
    num = len(text)
    letters = sum(map(str.isalpha, text))
    words, counts = text.split(), counted(text)
    known = {word.casefold() for word in words}
    return {
        "chars": float(num),
        "words": float(len(words)),
        "letters": letters / num,
        "digits": sum(map(str.isdigit, text)) / num,
        "capitals": sum(map(str.isupper, text)) / max(letters, 1),
        "punctuation": 1 - sum(c.isalnum() or c.isspace() for c in text) / num,
        "longest": float(max(map(len, words), default=0)),
        "repeated": 1 - len(known) / max(len(words), 1),
        "markup": float(len(MARKUP.findall(text))),
        "lines": float(1 + text.count("\n")),
        "replaced": text.count(REPLACEMENT) / num,
        "damaged": float(is_damaged(text)),
        "urls": float(len(URL.findall(text))),
        **{name: float(counts[kind]) for kind, name in PERSONAL.items()},
    }


def words_of(text: str) -> dict[str, str]:
    """The values of WORDS that follow from a text."""
    return {"script": script_of(text)}
