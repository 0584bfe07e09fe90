"""Texts from tables in the YAML of a catalog entry."""

import json
import re

RESERVED = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")
ESCAPED = re.compile(
    "[^\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
"""Characters that YAML refuses, takes for the end of a line, or leaves out."""


def quoted(text: str) -> str:
    """A text in YAML; unquoted if it surely reads as the same text."""
    plain = text.replace("_", "a").replace(" ", "a").replace("-", "a")
    is_word = plain.isascii() and plain.isalnum() and plain[0].isalpha() and text == text.strip()
    if is_word and plain.lower() not in RESERVED:
        return text
    whole = json.dumps(text, ensure_ascii=False)
    return ESCAPED.sub(lambda found: f"\\u{ord(found[0]):04x}", whole)
