"""The text of a catalog entry: a new one, and one that accepts changed data."""

import io
import re

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq

from pipeline.dataset.catalog import Entry
from pipeline.dataset.table import SPLITS
from pipeline.ingest.survey import Survey
from pipeline.sources.source import Source

LINE_WIDTH = 98
HEADLINE = re.compile(r"\A# \d+ examples, .*\n")


def entry_text(name: str, entry: Entry, license: str | None, source: Source, survey: Survey) -> str:
    """Write a new entry as YAML, with a comment where a person should look."""
    lines = [
        headline(source, survey),
        *yaml_lines("uri", entry.uri),
        *yaml_lines("kind", source.kind),
        *(
            yaml_lines("license", license)
            if license
            else ["license:  # decide: the terms you hold the data under, such as CC-BY-4.0"]
        ),
        "# purposes: [training]  # what the data may be used for; anything when not given",
        *yaml_lines("title", name),
        *yaml_lines("classes", source.classes),
    ]
    if len(survey.sizes) > 1:
        height, width = survey.common_size()
        lines.append(f"image_size: [{height}, {width}]  # the images differ in size")
    if "test" not in source.splits:
        lines.append("split: {val: 0.1, test: 0.1}")
    lines += ["# Of all examples as they were; `groundwork add` without a uri accepts others."]
    lines += yaml_lines("fingerprint", survey.fingerprint_hex)
    return "\n".join(lines) + "\n"


def accept_text(text: bytes, new_classes: list[str], source: Source, survey: Survey) -> str:
    """Bring headline, classes and fingerprint of an entry up to date; the rest stays."""
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = LINE_WIDTH
    content = yaml.load(text)
    content["fingerprint"] = survey.fingerprint_hex
    if new_classes:
        content["classes"] += new_classes  # at the end, so that the others keep their index
    stream = io.StringIO()
    yaml.dump(content, stream)
    return HEADLINE.sub(headline(source, survey) + "\n", stream.getvalue())


def headline(source: Source, survey: Survey) -> str:
    counts = ", ".join(f"{survey.in_split(s)} {s}" for s in SPLITS if s in source.splits)
    text = f"# {survey.examples} examples, {size_range(survey)} pixels"
    return f"{text}; {counts}" if counts else text


def size_range(survey: Survey) -> str:
    """Name the smallest and the largest size: "12 x 10 to 20 x 16"."""
    if not survey.sizes:
        return "none readable"
    smallest = min(survey.sizes, key=lambda size: size[0] * size[1])
    largest = max(survey.sizes, key=lambda size: size[0] * size[1])
    if smallest == largest:
        return f"all {smallest[0]} x {smallest[1]}"
    return f"{smallest[0]} x {smallest[1]} to {largest[0]} x {largest[1]}"


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
