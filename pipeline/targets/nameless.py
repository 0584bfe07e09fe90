"""The part of `add` on labels that an entry does not name: numbers, and items of a source."""

from typing import Any

from pipeline.targets.protocols.labels import TargetIndex


def without_names(entry: Any) -> None:
    return None


def names_more(entry: Any, index: TargetIndex) -> bool:
    return False


def grow(entry: Any, index: TargetIndex) -> tuple[TargetIndex, list[str]]:
    return index, []


def entry_fields(index: TargetIndex) -> dict[str, list[str]]:
    return {}


def add_names(content: dict[str, Any], names: list[str]) -> None:
    assert not names, "an entry names none of these labels"
