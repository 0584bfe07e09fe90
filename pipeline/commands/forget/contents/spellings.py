"""Spellings of a name: JSON, HTML, URLs, CSV, Markdown, git and repr each escape it in their way.

Instead of writing a name in all of these ways, which may also lie within each other (JSON in a page
of HTML), all of them are undone: two spellings of one name have the same `plain_form`.
"""

import html
import re
import unicodedata
from collections.abc import Iterator

MAX_LAYERS = 8  # of escapes within escapes; a hostile text must end
BACKSLASHED = re.compile(
    r"(?P<utf16>(?:\\u[0-9a-fA-F]{4})+)"  # JSON
    r"|\\U(?P<code>[0-9a-fA-F]{8})|\\u\{(?P<braces>[0-9a-fA-F]{1,6})\}"
    r"|(?P<bytes>(?:\\x[0-9a-fA-F]{2})+)"  # repr of text, or of its bytes
    r"|(?P<octal>(?:\\[0-3][0-7]{2})+)"  # git
    r"|\\(?P<one>.)",
    re.DOTALL,
)
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "b": "\b", "v": "\v", "a": "\a"}
PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
ASCII = re.compile(rb"[\x20-\x7e]{4,}")
NUM_TOLD_BY = 8192
"""Bytes at the start of a file by which text is told from others."""
UNSEEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
)


def plain_form(text: str) -> str:
    """The text without any escapes, in one Unicode form, blanks as one space each.

    What terminals do not show is left out: it may be written, escaped, or removed.
    """
    for _ in range(MAX_LAYERS):
        before = text
        if "\\" in text:
            text = BACKSLASHED.sub(_backslashed, text)
        if "&" in text:
            text = html.unescape(text)
        if "%" in text:
            text = PERCENT.sub(_percent, text)
        if text == before:
            break
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    text = UNSEEN.sub("", re.sub(r"\s+", " ", text))
    return text.replace('""', '"').replace("`", "'")  # of CSV, and of code in Markdown


def texts_in(content: bytes) -> Iterator[str]:
    """The text of a file, in the encodings that it may have; of other bytes what in them is ASCII.

    Escapes are ASCII, and names that are not escaped are looked for as bytes.
    """
    start = content[:NUM_TOLD_BY]
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        yield content.decode("utf-16", "replace")
    elif len(start) > 2 and not any(start[1::2]) and all(start[::2]):
        yield content.decode("utf-16-le", "replace")
    elif b"\0" in start:
        yield "\n".join(run.decode("ascii") for run in ASCII.findall(content))
    else:
        try:
            yield content.decode("utf-8-sig")
        except UnicodeDecodeError:
            yield content.decode("utf-8", "replace")
            yield content.decode("cp1252", "replace")


def _backslashed(found: re.Match[str]) -> str:
    if found["utf16"]:
        units = bytes.fromhex(found["utf16"].replace("\\u", ""))
        return units.decode("utf-16-be", "replace")
    if code := found["code"] or found["braces"]:
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else found[0]
    if found["bytes"]:
        return _utf8(bytes.fromhex(found["bytes"].replace("\\x", "")))
    if found["octal"]:
        return _utf8(bytes(int(digits, 8) for digits in found["octal"][1:].split("\\")))
    return CONTROLS.get(found["one"], found["one"])


def _percent(found: re.Match[str]) -> str:
    return _utf8(bytes.fromhex(found[0].replace("%", "")))


def _utf8(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")
