"""Lines of YAML for a new entry: what was detected, for people to correct."""

from collections.abc import Sequence
from typing import Any

from pipeline.modalities.tables.content.columns import TableColumn
from pipeline.modalities.tables.prepare.sources.oddities import TableOddities
from pipeline.modalities.tables.prepare.sources.roles import OTHERS, Roles
from pipeline.modalities.tables.prepare.types.finding import ColumnsFound
from pipeline.sources.tables.yaml_text import quoted

WIDTH = 96


def entry_lines(
    roles: Roles,
    entry: Any,
    columns: Sequence[TableColumn],
    found: ColumnsFound,
    odd: TableOddities,
) -> tuple[str, ...]:
    """`columns`, `types` and other detected keys, with comments where a person should look."""
    named = {roles.label_key: roles.label}
    named |= {name: value for name in OTHERS if (value := getattr(roles, name)) is not None}
    known = {column.name for column in columns}
    ignored = [*entry.columns.ignore, *(n for n in found.left_out if n not in named.values())]
    columns_text = ", ".join(f"{key}: {quoted(name)}" for key, name in named.items())
    if ignored:
        columns_text += f", ignore: [{', '.join(map(quoted, ignored))}]"
    lines = [f"columns: {{{columns_text}}}"]
    lines += _mapping("types", {c.name: c.kind for c in columns if c.name in known})
    if found.decimal != ".":
        lines.append(f"decimal: {quoted(found.decimal)}")
    if found.missing_suggested:
        codes = ", ".join(
            f"{quoted(name)}: [{', '.join(map(quoted, values))}]"
            for name, values in found.missing_suggested.items()
        )
        lines.append(f"# missing: {{{codes}}}  # decide: are these codes for missing?")
    if odd.telling:
        telling = ", ".join(map(quoted, odd.telling))
        lines.append(f"# decide: are these known before the outcome? {telling}")
    return tuple(" ".join(line.splitlines()) for line in lines)


def decisions(roles: Roles, odd: TableOddities) -> tuple[str, ...]:
    """Decisions for a person."""
    questions = list(odd.decisions)
    if roles.group is None and not any(text.startswith("group:") for text in questions):
        questions.append(
            "group: do several rows belong to one person, firm or site? Then name the column under "
            "columns: group:"
        )
    return tuple(questions)


def _mapping(key: str, values: dict[str, str]) -> list[str]:
    if not values:
        return []
    shown = ", ".join(f"{quoted(name)}: {value}" for name, value in values.items())
    if len(shown) + len(key) + 4 <= WIDTH:
        return [f"{key}: {{{shown}}}"]
    return [f"{key}:", *(f"  {quoted(name)}: {value}" for name, value in values.items())]
