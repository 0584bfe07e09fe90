"""The script of a text, by its letters."""

from bisect import bisect_right
from collections import Counter

# First code point of a range of letters, and its script; "" where there are others or none.
RANGES = (
    (0x0000, ""), (0x0041, "Latin"), (0x02B0, ""), (0x0370, "Greek"), (0x0400, "Cyrillic"),
    (0x0530, "Armenian"), (0x0590, "Hebrew"), (0x0600, "Arabic"), (0x0700, "Syriac"),
    (0x0750, "Arabic"), (0x0780, "Thaana"), (0x07C0, "NKo"), (0x0800, ""), (0x08A0, "Arabic"),
    (0x0900, "Devanagari"), (0x0980, "Bengali"), (0x0A00, "Gurmukhi"), (0x0A80, "Gujarati"),
    (0x0B00, "Oriya"), (0x0B80, "Tamil"), (0x0C00, "Telugu"), (0x0C80, "Kannada"),
    (0x0D00, "Malayalam"), (0x0D80, "Sinhala"), (0x0E00, "Thai"), (0x0E80, "Lao"),
    (0x0F00, "Tibetan"), (0x1000, "Myanmar"), (0x10A0, "Georgian"), (0x1100, "Hangul"),
    (0x1200, "Ethiopic"), (0x13A0, "Cherokee"), (0x1400, "Canadian"), (0x1680, ""),
    (0x1780, "Khmer"), (0x1800, "Mongolian"), (0x18B0, ""), (0x1C90, "Georgian"), (0x1CC0, ""),
    (0x1E00, "Latin"), (0x1F00, "Greek"), (0x2000, ""), (0x2C60, "Latin"), (0x2C80, ""),
    (0x2D00, "Georgian"), (0x2D30, "Tifinagh"), (0x2D80, "Ethiopic"), (0x2DE0, "Cyrillic"),
    (0x2E00, ""), (0x2E80, "Han"), (0x3000, ""), (0x3005, "Han"), (0x3040, "Kana"),
    (0x3100, "Bopomofo"), (0x3130, "Hangul"), (0x3190, ""), (0x31F0, "Kana"), (0x3200, ""),
    (0x3400, "Han"), (0x4DC0, ""), (0x4E00, "Han"), (0xA000, "Yi"), (0xA4D0, ""),
    (0xA640, "Cyrillic"), (0xA6A0, ""), (0xA720, "Latin"), (0xA800, ""), (0xA960, "Hangul"),
    (0xA980, ""), (0xAB00, "Ethiopic"), (0xAB30, "Latin"), (0xAB70, "Cherokee"), (0xABC0, ""),
    (0xAC00, "Hangul"), (0xD800, ""), (0xF900, "Han"), (0xFB00, "Latin"), (0xFB13, "Armenian"),
    (0xFB1D, "Hebrew"), (0xFB50, "Arabic"), (0xFE00, ""), (0xFE70, "Arabic"), (0xFF00, ""),
    (0xFF21, "Latin"), (0xFF66, "Kana"), (0xFFA0, "Hangul"), (0xFFE0, ""), (0x10000, "Other"),
    (0x1B000, "Kana"), (0x1B170, "Other"), (0x1F000, ""), (0x20000, "Han"), (0x32000, ""),
)  # fmt: skip
STARTS = [start for start, _ in RANGES]
NONE, MIXED = "none", "mixed"
MOST = 0.7
"""The share of letters: less of one script is a mixture."""
JAPANESE = "Japanese"


def script_of(text: str) -> str:
    """The script of most letters, `mixed`, or `none` of a text without letters."""
    if text.isascii():
        return "Latin" if any(map(str.isalpha, text)) else NONE
    counts: Counter[str] = Counter()
    for character, number in Counter(text).items():
        if character.isalpha() and (script := script_of_letter(character)):
            counts[script] += number
    total = counts.total()
    if not total:
        return NONE
    if counts["Kana"]:  # Japanese has both
        counts[JAPANESE] = counts.pop("Kana") + counts.pop("Han", 0)
    script, most = min(counts.items(), key=lambda item: (-item[1], item[0]))
    return script if most >= MOST * total else MIXED


def script_of_letter(character: str) -> str:
    return RANGES[bisect_right(STARTS, ord(character)) - 1][1]
