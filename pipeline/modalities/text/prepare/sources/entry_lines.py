"""Lines of YAML for a new entry: what was found by looking, for people to correct."""

from pipeline.modalities.text.prepare.sources.reading import TextTables
from pipeline.modalities.text.prepare.sources.roles import Roles
from pipeline.sources.tables.yaml_text import quoted


def entry_lines(roles: Roles, table: TextTables) -> tuple[str, ...]:
    texts = roles.texts
    text = quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"
    named = ", ".join(f"{key}: {quoted(name)}" for key, name in roles.named.items())
    lines = [f"columns: {{text: {text}, {named}}}"]
    if all(name.isdecimal() for name in table.columns):
        lines.append("header: false")
    return tuple(" ".join(line.splitlines()) for line in lines)
