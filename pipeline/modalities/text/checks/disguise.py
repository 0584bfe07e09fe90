"""Words in disguise: they look like other words, but have letters of another script or style, or
invisible characters between letters (Unicode Technical Standard 39)."""

import re

LATIN = "A-Za-z\u00c0-\u024f"
CYRILLIC = "\u0400-\u04ff"
UNSEEN = "\u00ad\u200b-\u200d\u2060-\u2064\ufeff"
IN_WORDS = re.compile(
    f"[{LATIN}][{CYRILLIC}]|[{CYRILLIC}][{LATIN}]"
    f"|[{LATIN}{CYRILLIC}][{UNSEEN}]+[{LATIN}{CYRILLIC}]"
    "|[\U0001d400-\U0001d7ff]{2}"  # letters of formulas
)
WIDE = re.compile("[\uff21-\uff3a\uff41-\uff5a]{2}")
"""Latin letters as wide as Chinese characters, beside which they are usual."""
BESIDE = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def is_disguised(text: str) -> bool:
    """Whether a word mixes Latin and Cyrillic letters, has letters of formulas or of double width,
    or has characters without width between its letters."""
    if text.isascii():
        return False
    if IN_WORDS.search(text):
        return True
    return bool(WIDE.search(text)) and not BESIDE.search(text)
