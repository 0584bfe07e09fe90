"""Texts in which a program took UTF-8 for Windows-1252: `cafÃ©`."""

import re

WESTERN = "cp1252"
# What the bytes 0x80 to 0xBF are in Windows-1252.
FOLLOWING = "".join(
    bytes([code]).decode(WESTERN, "ignore") or chr(code) for code in range(0x80, 0xC0)
)
ANY = f"[{re.escape(FOLLOWING)}]"
LETTERS = f"Ã{ANY}|Â[\u00a0-\u00bf]|â€{ANY}"
MARKS = re.compile(f"(?<![A-ZÀ-Þ])(?:{LETTERS})")
"""Capitals before it are of a word in capitals, such as IRMÃ, which stands before a quote."""


def is_damaged(text: str) -> bool:
    """Whether a text, or a part of it, is UTF-8 that was once read as Windows-1252."""
    if text.isascii():
        return False
    return bool(MARKS.search(text)) or _is_all(text)


def _is_all(text: str) -> bool:
    try:
        data = b"".join(_byte(character) for character in text)
        return len(data.decode()) < len(data)
    except UnicodeError:
        return False


def _byte(character: str) -> bytes:
    return bytes([ord(character)]) if ord(character) < 0xA0 else character.encode(WESTERN)
