"""Texts in HTML, for the review page: as they run, and two side by side with what differs marked.

The browser finds the direction of each text (`dir="auto"`); marks of direction within cannot reach
outside of it. Characters that nobody sees are shown as their code points.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from html import escape
from typing import Any

from pipeline.modalities.protocols.show import Content
from pipeline.modalities.text.content.folding import CONTROL, UNSEEN

MAX_SHOWN = 4000
"""Characters of a text."""
MAX_COMPARED = 1500
"""Words of a text; of more, where they differ is not looked for."""
WORDS = re.compile(r"\s+|[^\W_]+|[\W_]", re.UNICODE)
JOINERS = "\u200c\u200d\ufe0e\ufe0f"
"""Characters that spell words in some scripts, and emoji."""
UNSPACED = re.compile("([\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff])")
"""Characters of scripts without blanks: each is compared by itself."""


def html(content: Content, about: Mapping[str, Any]) -> str:
    text = content.get("text")
    if not text:
        return '<span class="caption">no text</span>'
    return f'<div class="text large" dir="auto">{_shown(text[:MAX_SHOWN])}</div>{_more(text)}'


def pair_html(
    content: Content,
    about: Mapping[str, Any],
    twin_content: Content,
    twin_about: Mapping[str, Any],
) -> str:
    """Both texts, below their captions; what only one of them has is marked."""
    text, twin = (each.get("text") or "" for each in (content, twin_content))
    marked = marks(text[:MAX_SHOWN], twin[:MAX_SHOWN])
    parts = [
        f'<div class="side"><span class="caption">{escape(str(said.get("caption", "")))}</span>'
        f'<div class="text" dir="auto">{body or "no text"}</div>{_more(whole)}</div>'
        for said, body, whole in zip((about, twin_about), marked, (text, twin), strict=True)
    ]
    return f'<div class="texts">{"".join(parts)}</div>'


def marks(text: str, twin: str) -> tuple[str, str]:
    """Both as HTML, with `<mark>` around words that the other has not in this place."""
    one, other = list(words_of(text)), list(words_of(twin))
    if max(len(one), len(other)) > MAX_COMPARED:
        return _shown(text), _shown(twin)
    found: tuple[list[str], list[str]] = ([], [])
    matcher = SequenceMatcher(None, one, other, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        for parts, words in zip(found, (one[a:b], other[c:d]), strict=True):
            shown = _shown("".join(words))
            parts.append(shown if kind == "equal" or not shown else f"<mark>{shown}</mark>")
    return "".join(found[0]), "".join(found[1])


def words_of(text: str) -> Iterator[str]:
    """Words, blanks and signs, which together are the text."""
    for match in WORDS.finditer(text):
        yield from filter(None, UNSPACED.split(match[0]))


def size(about: Mapping[str, Any]) -> str:
    chars = about.get("chars")
    return f"{chars:.0f} characters" if chars else ""


def media(content: Content) -> tuple[str, bytes] | None:
    return None


def _shown(text: str) -> str:
    """Escaped, with characters that nobody sees as their code points."""
    return "".join(map(_character, _pieces(text)))


def _pieces(text: str) -> Sequence[str]:
    return UNSEEN_OR_TEXT.findall(text)


UNSEEN_OR_TEXT = re.compile(f"{CONTROL.pattern}|{UNSEEN.pattern}|[\u2028\u2029]|.", re.DOTALL)


def _character(character: str) -> str:
    if character in JOINERS:
        return character
    if character in "\u2028\u2029" or CONTROL.match(character) or UNSEEN.match(character):
        return f'<span class="unseen">U+{ord(character):04X}</span>'
    return escape(character)


def _more(text: str) -> str:
    more = len(text) - MAX_SHOWN
    return f'<span class="caption">and {more} more characters</span>' if more > 0 else ""
