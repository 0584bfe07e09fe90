"""The part of `add` on classes: an entry whose data have new ones."""

from typing import Any

from pipeline.targets.protocols.labels import TargetIndex


def without_names(entry: Any) -> Any | None:
    return entry.model_copy(update={"classes": None}) if entry.classes else None


def names_more(entry: Any, index: TargetIndex) -> bool:
    names, known = {*index["classes"]}, {*entry.classes}
    # Without new names, or without common ones, the entry names the classes or their numbers.
    return bool(names & known) and not names <= known


def grow(entry: Any, index: TargetIndex) -> tuple[TargetIndex, list[str]]:
    known = entry.classes or index["classes"]
    new = [name for name in index["classes"] if name not in known]
    return {"classes": known + new}, new


def entry_fields(index: TargetIndex) -> dict[str, list[str]]:
    return {"classes": index["classes"]}


def add_names(content: dict[str, Any], names: list[str]) -> None:
    content["classes"] += names  # at the end, so that the others keep their index
