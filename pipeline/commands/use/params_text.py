"""Changes values in the text of a params file, and keeps its comments."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.nodes import MappingNode

Key = tuple[str, ...]
"""`("lr",)`, or `("train", "device")`."""


class Lines(NamedTuple):
    """Consecutive lines of a params file: a key with its value, or lines between two keys."""

    key: Key
    """The key; () for comments, blank lines, and lines after the last key."""
    text: str
    comment: str = ""
    """The comment after the value, if that is one line."""


def with_values(text: str, recipe: str, own: Mapping[Key, str], kept: set[Key]) -> str:
    """Set the keys and values of a params file to those of another, `recipe`.

    Equal values and comments keep their text. Keys of `own` get the text given there as value;
    the `kept` keys that both files have are unchanged.
    """
    old, new = list(cut(text)), {lines.key: lines for lines in cut(recipe) if lines.key}
    for key, value in own.items():
        new[key] = Lines(key, f"{key[-1]}: {_as_yaml(value)}\n")
    before, after = values_of(text), values_of(recipe)
    cut_sections = {lines.key[0] for lines in old if len(lines.key) > 1}
    result = []
    for lines in old:
        key = lines.key
        if not key:
            result.append(lines)
        elif key in new:
            is_cut = key[0] in cut_sections or (len(key) == 1 and before[key] is not None)
            same = key not in own and (key in kept or before[key] == after.get(key)) and is_cut
            result.append(lines if same else _commented(new[key], lines.comment))
    previous: Key = ()
    for key, lines in new.items():
        keys = [present.key for present in result]
        if key not in keys:
            if key in kept and key in before:
                lines = lines._replace(text=f"  {key[-1]}: {json.dumps(before[key])}\n")
            result.insert(keys.index(previous) + 1 if previous else 0, lines)
        previous = key
    return "".join(lines.text for lines in result)


def content_of(text: str) -> dict[str, Any]:
    """Parse a params file."""
    return dict(YAML(typ="safe", pure=True).load(text) or {})


def values_of(text: str) -> dict[Key, Any]:
    """Values by key: those of a section one by one, and None for the section itself."""
    found: dict[Key, Any] = {}
    for key, value in content_of(text).items():
        if isinstance(value, Mapping) and value:
            found[(key,)] = None
            found |= {(key, name): inner for name, inner in value.items()}
        else:
            found[(key,)] = value
    return found


def cut(text: str) -> Iterator[Lines]:
    """Cut a params file into keys and the lines between them; together they are the whole."""
    lines = text.splitlines(keepends=True)
    if lines and not lines[-1].endswith("\n"):
        lines[-1] += "\n"
    keys = list(_keys(YAML(typ="safe", pure=True).compose(text)))
    starts = [start for _, start, _ in keys]
    if not keys:
        yield Lines((), "".join(lines))
        return
    yield Lines((), "".join(lines[: starts[0]]))
    for (key, start, column), end in zip(keys, [*starts[1:], len(lines)], strict=True):
        last = end
        while last > start + 1 and lines[last - 1].lstrip()[:1] in ("", "#"):
            last -= 1
        comment = lines[start][column:].strip() if last == start + 1 and column else ""
        yield Lines(key, "".join(lines[start:last]), comment if comment[:1] == "#" else "")
        yield Lines((), "".join(lines[last:end]))


def _keys(document: Any, above: Key = ()) -> Iterator[tuple[Key, int, int]]:
    """Keys, the lines they start on, and where their values end on that line (0: on another)."""
    for name, value in document.value if isinstance(document, MappingNode) else ():
        key, line = (*above, str(name.value)), name.start_mark.line
        on_line = value.end_mark.line == line
        yield key, line, value.end_mark.column if on_line else 0
        if not above and isinstance(value, MappingNode) and not value.flow_style:
            yield from _keys(value, key)


def _as_yaml(text: str) -> str:
    """A text in YAML: quoted if it would be read as a number or similar."""
    return text if content_of(f"text: {text}") == {"text": text} else json.dumps(text)


def _commented(lines: Lines, comment: str) -> Lines:
    """Add a comment after the value of a single line that has none."""
    if not comment or lines.comment or lines.text.count("\n") != 1:
        return lines
    return lines._replace(text=f"{lines.text.rstrip()}  {comment}\n", comment=comment)
