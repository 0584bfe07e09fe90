"""Reads classes from the labels of a source."""

from collections.abc import Callable, Sequence
from typing import Any

from pipeline.runtime.errors import SourceError
from pipeline.targets.classes.labels.tally import some
from pipeline.targets.protocols.labels import TargetIndex

USUAL_NAMES = ("label", "class", "category", "target", "class_name", "label_name")
UNKNOWN = "no class"
MISSING = "-1"
"""Usual code for no class."""
MAX_DIGITS = 18
"""Of a code; Python refuses to read thousands of digits as a number."""


def names_in(entry: Any) -> list[str] | None:
    """The classes of the entry."""
    names: list[str] | None = entry.classes
    return names


def index_of(entry: Any, labels: list[str] | set[str]) -> TargetIndex:
    """The classes of the entry, or those of the source; -1 among codes is none."""
    found = labels if isinstance(labels, list) else in_order(labels - missing_among(labels))
    return {"classes": entry.classes or found}


def missing_among(texts: set[str]) -> set[str]:
    """-1, if all others are codes of classes: whole numbers from 0 or 1 on, two or more."""
    others = texts - {MISSING}
    if MISSING not in texts or len(others) < 2 or not all(map(str.isdecimal, others)):
        return set()
    begins_low = any(len(text) <= MAX_DIGITS and int(text) <= 1 for text in others)
    return {MISSING} if begins_low else set()


def is_missing(text: str, index: TargetIndex) -> bool:
    return text == MISSING and text not in index["classes"]


def refuse_unfit(entry: Any, labels: list[str] | set[str], where: str) -> None:
    """See the protocol.

    Raises:
        SourceError: the source has none of the entry's classes, or the labels are of one class.
    """
    names = index_of(entry, labels)["classes"]
    if entry.classes and isinstance(labels, set) and labels and not labels & {*names}:
        raise SourceError(
            f"{where} has the labels {some(in_order(labels))}; classes: in the catalog entry has "
            f"{some(names)}",
            fix="correct classes: in the catalog entry, or leave it out",
        )
    if len(names) == 1:
        raise SourceError(
            f"{where} has one class, {names[0]}; a classifier needs two",
            fix="sort its examples into a folder for each class, or list them with their labels in "
            "a table",
        )
    if not names and entry.annotations is None:
        raise SourceError(
            f"no example of {where} has a label",
            fix="give labels to some of them, in folders, a table or annotations:",
        )


def in_order(names: set[str]) -> list[str]:
    """Class names in the order of their indices: numbers by value, others alphabetically."""

    def place(name: str) -> tuple[bool, int, str, str]:
        digits = name.lstrip("0") if name.isdecimal() else ""
        return name.isdecimal(), len(digits), digits, name

    return sorted(names, key=place)


def namer(texts: set[str], entry: Any, where: str) -> Callable[[str], str | None]:
    """Choose how a text becomes a class name: as it is, or as the index of a class.

    Raises:
        SourceError: no text is one of the entry's classes, nor an index of one.
    """
    if not entry.classes or not texts or texts & set(entry.classes):
        return lambda text: text
    names: dict[str, str | None] = {str(code): name for code, name in enumerate(entry.classes)}
    if not texts & names.keys():
        raise SourceError(
            f"{where} has no label that the entry's classes name; the first is {min(texts)!r}",
            fix="correct classes: in the catalog entry, or leave it out",
        )
    names[MISSING] = None
    return lambda text: names.get(text, text)


def problem_of(label: str, entry: Any) -> str | None:
    if not entry.classes or label in entry.classes:
        return None
    return f"label {label} is none of the classes"


def named(texts: Sequence[str], index: TargetIndex) -> list[str | None]:
    """Names of classes or, if no text is one, the classes of these indices."""
    names = {name: name for name in index["classes"]}
    if not names.keys() & set(texts):
        names = {str(code): name for code, name in enumerate(index["classes"])}
    return [names.get(text) for text in texts]


def how_to_mend(index: TargetIndex) -> str:
    return (
        f"the classes are {', '.join(index['classes']) or 'none'}; "
        "correct the labels, or classes: in the catalog entry"
    )


def describe(index: TargetIndex) -> str:
    return f"{len(index['classes'])} classes"


def label_names(index: TargetIndex) -> list[str]:
    return list(index["classes"])


def figures(index: TargetIndex) -> dict[str, int]:
    return {"classes": len(index["classes"])}
