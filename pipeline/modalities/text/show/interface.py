"""The names of modalities/protocols/show.py, for texts."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from pipeline.modalities.protocols.encode import Inputs, Preparation
from pipeline.modalities.protocols.show import ContentIndex, Contents
from pipeline.modalities.text.show.fragments import html, media, pair_html, size
from pipeline.modalities.text.show.words import TAILS, WORDS

__all__ = ["TAILS", "WORDS", "html", "media", "pair_html", "size"]

CONTENT = ("text",)
SHOWN = ("text", "chars")
NOUN, NOUNS, HUB_MODALITY = "text", "texts", "text"
FIELDS = {
    "text": ("sc:Text", "The text, in Unicode NFC, without control characters."),
    "sha256": ("sc:Text", "Digest of the text."),
    **{name: ("sc:Float", words.meaning) for name, words in WORDS.items()},
}
UNUSUAL = "It is much longer or shorter than the others, or has far fewer letters or more digits."
LOOK_ALIKE = None
STYLE = Path(__file__).with_name("texts.css")
KINDS = {
    "card": "card numbers",
    "email": "e-mail addresses",
    "iban": "account numbers",
    "ip": "IP addresses",
    "phone": "phone numbers",
}


def grid(
    inputs: Inputs,
    preparation: Preparation,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
    blank: Collection[int] = (),
) -> None:
    """Captions alone: n-grams that are hashed cannot be brought back."""
    from pipeline.modalities.text.show.figures import text_grid

    text_grid([None] * len(captions), captions, path, columns=columns, title=title)


def grid_of_contents(
    contents: Contents,
    content_index: ContentIndex,
    captions: Sequence[str],
    path: Path,
    *,
    columns: int,
    title: str,
) -> None:
    from pipeline.modalities.text.show.figures import text_grid

    text_grid(contents["text"], captions, path, columns=columns, title=title)


def sheet(
    rows: Mapping[str, Contents], content_index: ContentIndex, path: Path, *, title: str
) -> None:
    from pipeline.modalities.text.show.figures import draw_text, text_grid

    shown = [(name, text) for name, contents in rows.items() for text in contents["text"][:4]]
    if not shown:
        return draw_text("no training example", path)
    names, texts = zip(*shown, strict=True)
    text_grid(texts, names, path, columns=4, title=title)


def describe_input(preparation: Preparation) -> str:
    parts = []
    if said := preparation.get("ngrams"):
        parts.append(
            "words, pairs of words and runs of 2 to 5 characters, of which up to "
            f"{said['length']} are looked at"
        )
    if said := preparation.get("pieces"):
        parts.append(f"up to {said['length']} pieces of words out of {said['vocabulary']:,}")
    return f"texts in any script; {'; '.join(parts)}"


def privacy(removed: Mapping[str, int]) -> list[str]:
    sentences = [
        f"{KINDS[kind].capitalize()} were replaced by `<{kind}>` in {number:,} texts."
        for kind, number in removed.items()
        if kind in KINDS
    ]
    return [
        *sentences,
        "E-mail addresses, phone, card and account numbers and IP addresses are counted in each "
        "text by patterns and checksums; `ingest.redact` replaces them.",
        "Names of people are out of reach of patterns: whether people can be recognised is for "
        "those to say who know the data.",
    ]
