"""Texts without what people see no difference in, and what of a text can be seen at all."""

import html
import re
import unicodedata

# Control characters but tab and line ends, halves of characters, and marks of byte order. Joiners
# and marks of direction spell words in some scripts.
CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")
UNSEEN = re.compile(r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
                    r"\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]")  # fmt: skip
"""Characters without a width, which nobody sees."""


def normal(text: str) -> str:
    """A text in Unicode NFC without control characters; nothing else is changed."""
    if text.isascii() and text.isprintable():
        return text
    return unicodedata.normalize("NFC", CONTROL.sub("", text))


def visible(text: str) -> str:
    """What can be seen of a text, blanks around it left out."""
    return UNSEEN.sub("", text).strip()


def folded(text: str) -> str:
    """A text without case, ways to write an accent, HTML entities, kinds and numbers of blanks, and
    characters that nobody sees: texts that are copies fold alike."""
    if "&" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = UNSEEN.sub("", unicodedata.normalize("NFKC", text))
    return " ".join(text.split()).casefold()


def bare(text: str) -> str:
    """A folded text without punctuation; the folded text itself where nothing else is in it."""
    kept = "".join(c if c.isalnum() or unicodedata.combining(c) else " " for c in folded(text))
    return " ".join(kept.split()) or folded(text)
