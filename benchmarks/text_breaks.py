"""Ways in which texts with labels are broken on their way to us, each by a random generator.

`WAYS` has them by name. Rows have the columns text and label.
"""

import base64
import html
import json
import re
import urllib.parse
from collections.abc import Callable

import numpy as np
import pandas as pd
from broken import Broken, Random, Ways, new, some
from text_data import DATASETS

WAYS = Ways()
way = WAYS.way


def of_some(name: str, share: float, change: Callable[[str, Random], str]) -> None:
    """Register: a share of the texts is changed, each by itself."""

    @way(name)
    def _(rows: pd.DataFrame, random: Random) -> None:
        chosen = some(rows, random, share)
        rows.loc[chosen, "text"] = [change(text, random) for text in rows.loc[chosen, "text"]]


def of_new(name: str, change: Callable[[str, Random], str]) -> None:
    """Register: all new texts are changed, each by itself."""

    @way(name)
    def _(rows: pd.DataFrame, random: Random) -> None:
        chosen = new(rows)
        rows.loc[chosen, "text"] = [change(text, random) for text in rows.loc[chosen, "text"]]


# Characters

CURLY = str.maketrans({"'": "\u2019", '"': "\u201d", "-": "\u2013", "?": "\u2026", ".": "\u2026"})
ALIKE = str.maketrans("aceopxyACEOPXB", "асеорхуАСЕОРХВ")
WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
SCANNED = (("rn", "m"), ("l", "1"), ("o", "0"), ("e", "c"), ("h", "li"))


def mojibake(text: str, random: Random) -> str:
    return text.translate(CURLY).encode().decode("cp1252", "replace")


def each_character(text: str, random: Random, share: float, put: str) -> str:
    drawn = random.random(len(text)) < share
    return "".join(put if gone and c.isalpha() else c for c, gone in zip(text, drawn, strict=True))


def scanned(text: str, random: Random) -> str:
    for letters, misread in SCANNED:
        parts = text.split(letters)
        text = parts[0] + "".join(
            (misread if random.random() < 0.5 else letters) + part for part in parts[1:]
        )
    return text


of_some("curly quotes read as Windows-1252, a fifth", 0.2, mojibake)
of_some(
    "letters lost to U+FFFD, a twentieth",
    0.05,
    lambda t, r: each_character(t, r, 0.2, "\ufffd") + "\ufffd",
)
of_new("letters lost to question marks, new texts", lambda t, r: each_character(t, r, 0.05, "?"))
of_some("letters of another script that look alike, a tenth", 0.1, lambda t, _: t.translate(ALIKE))
of_new("letters of full width, new texts", lambda t, _: t.translate(WIDE))
of_some("characters without width between letters, a tenth", 0.1, lambda t, _: "\u200b".join(t))
of_some("a blank behind each letter, a tenth", 0.1, lambda t, _: " ".join(t))
of_some("blanks lost, a tenth", 0.1, lambda t, _: "".join(t.split()))
of_new("letters misread by a scanner, new texts", scanned)
of_new("capitals lost, new texts", lambda t, _: t.lower())
of_some("capitals alone, a third", 0.33, lambda t, _: t.upper())
of_new("punctuation lost, new texts", lambda t, _: re.sub(r"[^\w\s]", "", t) or t)
of_some("letters in reverse order, a tenth", 0.1, lambda t, _: t[::-1])

# Markup and escapes

of_new(
    "tags and entities left in, new texts",
    lambda t, _: f"<p>{html.escape(t)}</p>".replace(" ", "&nbsp;", 1),
)
of_new("escaped as JSON, new texts", lambda t, _: json.dumps(t + "\n"))
of_some("escaped as in an address, a tenth", 0.1, lambda t, _: urllib.parse.quote(t))
of_some("in Base64, a twentieth", 0.05, lambda t, _: base64.b64encode(t.encode()).decode())

# Words

USUAL = frozenset(("a", "an", "and", "are", "at", "for", "i", "in", "is", "it", "me", "my", "of"))
USUAL |= frozenset(("on", "or", "the", "to", "u", "was", "we", "you"))
FOOTER = "\nThis message is confidential. If it is not for you, delete it."

of_new("cut at 30 characters, new texts", lambda t, _: t[:30])
of_new("usual words taken out, new texts", lambda t, _: without_usual(t))
of_new("endings of words cut off, new texts", lambda t, _: re.sub(r"(\w{4})\w+", r"\1", t))
of_new("digits masked, new texts", lambda t, _: re.sub(r"\d", "#", t) + " #")
of_new("a notice at the end, new texts", lambda t, _: t + FOOTER)
of_some("each three times in one cell, a tenth", 0.1, lambda t, _: f"{t} {t} {t}")
of_some("a note in place of the text, a twentieth", 0.05, lambda t, _: "see attachment")


def without_usual(text: str) -> str:
    return " ".join(word for word in text.split() if word.lower() not in USUAL) or text


@way("texts of other data, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["rt_polarity"](0).train]
    rows.loc[new(rows), "text"] = random.choice(others, len(new(rows)), replace=False)


@way("texts of another language, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["hausa"](0).train]
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "text"] = random.choice(others, len(chosen), replace=False)


@way("texts of another script, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    others = [text for text, _ in DATASETS["thucnews"](0).train]
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "text"] = random.choice(others, len(chosen), replace=False)


of_some("letters doubled, a tenth", 0.1, lambda t, _: re.sub(r"(\w)", r"\1\1", t))
of_new("the second half of each lost, new texts", lambda t, _: t[: max(1, len(t) // 2)])
of_new("answers quoted, new texts", lambda t, _: "> " + t.replace("\n", "\n> "))
of_new("words of six letters and more hidden, new texts", lambda t, _: re.sub(r"\w{6,}", "***", t))
of_some("filler in place of the text, a twentieth", 0.05, lambda t, r: filler(r))
of_some("numbers in place of the text, a twentieth", 0.05, lambda t, r: f"{r.integers(1 << 62):x}")
of_new("words in another order, new texts", lambda t, r: " ".join(r.permutation(t.split())))


def filler(random: Random) -> str:
    words = "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor"
    return " ".join(random.choice(words.split(), 9))


# Rows


@way("two texts in one cell, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    first = some(rows.iloc[:-1], random, 0.1)
    first = first[~np.isin(first, first + 1)]
    rows.loc[first, "text"] += "\n" + rows.loc[first + 1, "text"].to_numpy()
    return rows.drop(first + 1).reset_index(drop=True)


@way("texts twice, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return pd.concat([rows, rows.loc[some(rows, random, 0.05)]], ignore_index=True)


@way("texts twice in other case and blanks, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.05)]
    again = again.assign(text=again["text"].str.upper().str.replace(" ", "  "))
    return pd.concat([rows, again], ignore_index=True)


@way("texts emptied, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.05), "text"] = ""


@way("the second half lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.iloc[: len(rows) // 2]


@way("the file cut within a quoted cell")
def _(rows: pd.DataFrame, random: Random) -> Broken:
    rows.loc[rows.index[-1], "text"] += ', "and so on'
    return Broken(rows, lambda data: data.rstrip()[:-12])


# Labels


@way("labels moved by one row, all texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows["label"] = np.roll(rows["label"], 1)


@way("labels shuffled, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[new(rows), "label"] = random.permutation(rows.loc[new(rows), "label"])


@way("a tenth of the labels drawn by lot")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = some(rows, random, 0.1)
    rows.loc[chosen, "label"] = random.choice(rows["label"].unique(), len(chosen))


@way("labels swapped, new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = rows["label"].value_counts().index[:2]
    rows.loc[new(rows), "label"] = rows.loc[new(rows), "label"].replace({a: b, b: a})


@way("one label for all new texts")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[new(rows), "label"] = rows["label"].mode()[0]


@way("one label lost in new texts")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    often = rows["label"].value_counts().index[1]
    return rows.drop(new(rows)[rows.loc[new(rows), "label"] == often]).reset_index(drop=True)


@way("labels in another spelling, a twentieth")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = some(rows, random, 0.05)
    rows.loc[chosen, "label"] = rows.loc[chosen, "label"].str.swapcase()


@way("a label that nobody knows, 2 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.02), "label"] = "to be decided"


@way("texts again with another label, 2 %")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.02)]
    names = list(rows["label"].unique())
    moved = [names[(names.index(label) + 1) % len(names)] for label in again["label"]]
    return pd.concat([rows, again.assign(label=moved)], ignore_index=True)


@way("the label at the head of its text")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows["text"] = "[" + rows["label"] + "] " + rows["text"]


@way("a line that one label alone has")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen = rows["label"] == rows["label"].value_counts().index[1]
    rows.loc[chosen, "text"] += "\nforwarded by desk 4, room 12"
