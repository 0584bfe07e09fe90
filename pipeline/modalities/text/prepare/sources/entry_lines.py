"""Lines of YAML for a new entry: what was found by looking, for people to correct."""

import json

from pipeline.modalities.text.prepare.sources.reading import TextTables
from pipeline.modalities.text.prepare.sources.roles import Roles

RESERVED = ("true", "false", "null", "yes", "no", "on", "off", "y", "n")


def entry_lines(roles: Roles, table: TextTables) -> tuple[str, ...]:
    texts = roles.texts
    text = quoted(texts[0]) if len(texts) == 1 else f"[{', '.join(map(quoted, texts))}]"
    named = ", ".join(f"{key}: {quoted(name)}" for key, name in roles.named.items())
    lines = [f"columns: {{text: {text}, {named}}}"]
    if all(name.isdecimal() for name in table.columns):
        lines.append("header: false")
    return tuple(" ".join(line.splitlines()) for line in lines)


def quoted(text: str) -> str:
    """A text in YAML; as it is where that is one for sure."""
    plain = text.replace("_", "a").replace(" ", "a").replace("-", "a")
    is_word = plain.isascii() and plain.isalnum() and plain[:1].isalpha() and text == text.strip()
    if is_word and plain.lower() not in RESERVED:
        return text
    return json.dumps(text, ensure_ascii=False)
