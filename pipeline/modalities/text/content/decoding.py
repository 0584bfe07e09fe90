"""Bytes as text: in UTF-8, in UTF-16 or UTF-32 with a mark, or else in Windows-1252 if it looks so.

Nothing is guessed in silence: the encoding is a column of data/raw.
"""

import codecs
import re
from typing import NamedTuple

from pipeline.modalities.prepared import Unusable

UTF8, WESTERN = "utf-8", "windows-1252"
MARKS = {  # the longer ones first
    codecs.BOM_UTF8: UTF8,
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
RUN = re.compile(rb"[\x80-\xff]{3,}")
"""Letters beyond ASCII stand alone in Western European words, in others of these encodings not."""
ODD = re.compile(rb"[a-z][\x80-\x9f\xa1-\xb9\xbb-\xbf\xd7\xf7][a-z]|[\x80-\xff][\x80-\x9f]")
"""Signs within words, which other encodings have in place of letters."""
FIX = "save it as UTF-8"


class Decoded(NamedTuple):
    text: str
    encoding: str


def decoded(content: bytes) -> Decoded:
    """
    Raises:
        Unusable: it is in no encoding that can be told.
    """
    name = next((name for mark, name in MARKS.items() if content.startswith(mark)), UTF8)
    try:
        return Decoded(content.decode(name).removeprefix("\ufeff"), name)
    except UnicodeDecodeError:
        if name != UTF8 or b"\0" in content or RUN.search(content) or ODD.search(content):
            raise Unusable(f"no text in {name.upper()}: {FIX}") from None
    try:
        return Decoded(content.decode("cp1252"), WESTERN)
    except UnicodeDecodeError:
        raise Unusable(f"no text in UTF-8: {FIX}") from None
