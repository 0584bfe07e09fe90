"""The text of a catalog entry: a new one, and one that accepts changed data."""

import io
import re
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from pipeline.dataset.catalog import Entry
from pipeline.dataset.table import SPLITS
from pipeline.ingest.survey import Survey
from pipeline.runtime.settings import Kind
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels
from pipeline.targets.protocols.labels import Labels

LINE_WIDTH = 98
HEADLINE = re.compile(r"\A# \d+ examples, .*\n")


def entry_text(
    name: str, kind: Kind, entry: Entry, license: str | None, source: Source, survey: Survey
) -> str:
    """Write a new entry as YAML, with a comment where a person should look."""
    lines = [
        headline(source, survey),
        *yaml_lines("uri", entry.uri),
        *yaml_lines("modality", kind.modality),
        *yaml_lines("target", kind.target),
        *yaml_lines("kind", source.kind),
        *(
            yaml_lines("license", license)
            if license
            else ["license:  # decide: the terms you hold the data under, such as CC-BY-4.0"]
        ),
        "# purposes: [training]  # what the data may be used for; anything when not given",
        *yaml_lines("title", name),
    ]
    if survey.labels.misfit() is None:  # otherwise ingest asks which labels are meant
        for key, values in open_labels(kind.target).entry_fields(source.target).items():
            lines += yaml_lines(key, values)
    lines += [*source.entry_lines, *survey.content.entry_lines()]
    columns = entry.columns.model_dump(exclude_unset=True)
    if columns and not any(line.startswith("columns:") for line in lines):
        lines += ["columns:", *(f"  {line}" for c in columns.items() for line in yaml_lines(*c))]
    if "test" not in source.splits:
        lines.append("split: {val: 0.1, test: 0.1}")
    lines += ["# Of all examples as they were; `groundwork add` without a uri accepts others."]
    lines += yaml_lines("fingerprint", survey.fingerprint_hex)
    return "\n".join(lines) + "\n"


def accept_text(
    text: bytes,
    labels: Labels,
    new_labels: list[str],
    source: Source,
    survey: Survey,
    split: Mapping[str, Any] | None = None,
) -> str:
    """Update headline, labels and fingerprint of an entry, and its split if one is given; missing
    keys get detected values, the rest stays."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = LINE_WIDTH
    content = yaml.load(text)
    content["fingerprint"] = survey.fingerprint_hex
    for key, value in detected_keys(source).items():
        if key not in content:
            content[key] = value
    if split is not None:
        rule = CommentedMap(split)
        rule.fa.set_flow_style()
        content["split"] = rule
    if new_labels:
        labels.add_names(content, new_labels)
    stream = io.StringIO()
    yaml.dump(content, stream)
    return HEADLINE.sub(headline(source, survey) + "\n", stream.getvalue())


def detected_keys(source: Source) -> Mapping[str, Any]:
    """Keys of an entry that the source detected, except the roles of columns."""
    lines = [line for line in source.entry_lines if not line.startswith("columns:")]
    found: Mapping[str, Any] = YAML().load("\n".join(lines)) or {}
    return found


def headline(source: Source, survey: Survey) -> str:
    counts = ", ".join(f"{survey.splits[s]} {s}" for s in SPLITS if s in source.splits)
    text = f"# {survey.examples} examples, {survey.content.headline()}"
    if number := source.options.get("num_items"):
        text += f", {number} items"
    return f"{text}; {counts}" if counts else text


def yaml_lines(key: str, value: str | list[str]) -> list[str]:
    """Write `key: value`, quoted where YAML needs it; a list in brackets, broken if long."""
    yaml = YAML()
    yaml.width = LINE_WIDTH
    stream = io.StringIO()
    if isinstance(value, list):
        sequence = CommentedSeq(value)
        sequence.fa.set_flow_style()
        yaml.dump({key: sequence}, stream)
    else:
        yaml.dump({key: value}, stream)
    return stream.getvalue().splitlines()
