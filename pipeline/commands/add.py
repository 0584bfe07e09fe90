"""Add: look at a source and write its catalog entry.

    python -m pipeline.commands.add NAME URI     looks at everything, writes data/catalog/NAME.yaml
    python -m pipeline.commands.add NAME         looks again after the data have changed

It says what it found, what looks suspicious, and what only a person can decide.
"""

import argparse
import io
import re
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from operator import call
from pathlib import Path

import pyarrow as pa
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedSeq
from tqdm import tqdm

from pipeline.commands.frame import run_command
from pipeline.dataset.catalog import Entry, entry_path, read_entry
from pipeline.dataset.table import SPLITS
from pipeline.ingest.reuse import KnownParts
from pipeline.ingest.rows import job_maker, look_at
from pipeline.ingest.sources.annotations import fetch_annotations
from pipeline.ingest.sources.opening import open_source
from pipeline.ingest.sources.places.trees import UNPACKED_DIR
from pipeline.ingest.sources.source import Source
from pipeline.ingest.survey import Survey
from pipeline.params import Params, load_params
from pipeline.runtime.errors import SettingsError, one_line
from pipeline.runtime.process import map_ordered

MAX_CLASSES_LISTED = 12
BLANK_CONTRAST = 0.005  # as validate has it
LINE_WIDTH = 98
HEADLINE = re.compile(r"\A# \d+ examples, .*\n")
RARE_BELOW = 10  # times less frequent than the most frequent class


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.commands.add",
        description="Look at a source of images and write its catalog entry.",
        epilog="example: python -m pipeline.commands.add pets /data/pets --license CC-BY-4.0",
    )
    parser.add_argument("name", help="what to call the dataset, in data/catalog/NAME.yaml")
    parser.add_argument(
        "uri", nargs="?", help="path or URL; leave it out to look again at a dataset that is there"
    )
    parser.add_argument("--license", help="SPDX identifier of the terms you hold the data under")
    arguments = parser.parse_args()
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", arguments.name):  # as in params.py
        raise SettingsError(
            f"a dataset cannot be called {arguments.name!r}", fix="use letters, digits, - and _"
        )
    params = load_params()
    path = entry_path(arguments.name)
    if arguments.uri is None:
        look_again(arguments.name, path, params)
    elif path.exists():
        raise SettingsError(
            f"{path} exists already",
            fix=f"leave the uri out to look again, or remove the file: git rm {path}",
        )
    else:
        add(arguments.name, path, local_or_url(arguments.uri), arguments.license, params)


def add(name: str, path: Path, uri: str, license: str | None, params: Params) -> None:
    """Write a new entry."""
    entry = Entry(uri=uri, license=license or "unknown")
    source, survey, doubts = look(name, entry, params)
    replace(path, entry_text(name, entry, license, source, survey))
    print_findings(source, survey, doubts)
    print_list("to decide, in " + str(path), decisions(license, source, survey))
    print(f"\nwrote {path}; next:\n  git add {path}\n  dvc exp run -S dataset={name}")


def look_again(name: str, path: Path, params: Params) -> None:
    """Compare the data with their entry, and have the entry accept them as they are now."""
    entry = read_entry(name)
    seen = entry.model_copy(update={"annotations": None})
    if entry.classes:
        unnamed = seen.model_copy(update={"classes": None})
        found = {*open_source(unnamed, params.ingest.max_file_mb * 1e6).classes}
        if found & {*entry.classes} and not found <= {*entry.classes}:
            seen = unnamed  # there are new ones; else these are the names, or numbers of names
    source, survey, doubts = look(name, seen, params)
    known = entry.classes or source.classes
    new = [name for name in source.classes if name not in known]
    if entry.annotations is not None:
        survey.add_annotations(fetch_annotations(entry.annotations, known + new))
    print_findings(source, survey, doubts)
    if entry.fingerprint == survey.fingerprint_hex:
        print(f"\n{path} is of these data already")
        return
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = LINE_WIDTH
    content = yaml.load(path)
    content["fingerprint"] = survey.fingerprint_hex
    if new:
        content["classes"] += new  # at the end, so that the others keep their index
        print("\n" + one_line(f"new classes: {', '.join(new)}"))
    stream = io.StringIO()
    yaml.dump(content, stream)
    replace(path, HEADLINE.sub(headline(source, survey) + "\n", stream.getvalue()))
    print(f"\nwrote the new fingerprint into {path}; next: git diff {path}, then dvc repro")


def replace(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    partial_path = path.with_name(path.name + ".partial")
    partial_path.write_text(text, encoding="utf-8")
    partial_path.replace(path)


def local_or_url(uri: str) -> str:
    """The uri as the entry has it: a local path relative to the repository where it lies in it."""
    if "://" in uri or uri.startswith("builtin:"):
        return uri
    full = Path(uri).expanduser().absolute()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)


def look(name: str, entry: Entry, params: Params) -> tuple[Source, Survey, list[str]]:
    """Read every example as ingest would; returns also what looks suspicious.

    What ingest has made of files that have not changed since is not made again, if it was made as
    this looks at them: whatever their purpose, whoever opted out, under their own names.
    """
    started = time.time_ns()
    source = open_source(entry, params.ingest.max_file_mb * 1e6)
    make_job = job_maker(
        entry,
        source,
        seed=params.seed,
        max_pixels=params.ingest.max_megapixels * 1e6,
        purpose=params.ingest.purpose,
        any_purpose=True,
    )
    found = KnownParts(name, make_job.keywords).find(source.batches, started)
    jobs = (partial(look_at, make_job(batch), known) for batch, _, known in found)
    survey, oddities = Survey(), Oddities()
    total = source.num_examples
    with tqdm(desc="add", total=total, unit="image", disable=None, leave=False) as bar:
        for rows in map_ordered(call, jobs):
            survey.add(rows)
            oddities.add(rows.table)
            bar.update(survey.seen - bar.n)
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    survey.add_annotations(source.annotations)
    return source, survey, list(oddities.doubts(source, survey))


class Oddities:
    """What looks suspicious over a whole dataset."""

    def __init__(self) -> None:
        self.blank = 0
        self.seen: dict[str, set[str]] = {}
        self.repeated = 0
        self.contradicting = 0
        self.groups: set[str] = set()

    def add(self, table: pa.Table) -> None:
        columns = (table[name].to_pylist() for name in ("sha256", "label", "contrast"))
        for digest, label, contrast in zip(*columns, strict=True):
            if digest is None:
                continue
            self.blank += contrast < BLANK_CONTRAST
            labels = self.seen.setdefault(digest, set())
            self.repeated += bool(labels)
            self.contradicting += bool(labels) and label not in labels
            labels.add(label or "")
        self.groups.update(table["group"].drop_null().to_pylist())

    def doubts(self, source: Source, survey: Survey) -> Iterator[str]:
        for reason, number in survey.problems.most_common(5):
            yield f"{images(number)} cannot be used: {reason}"
        if len(survey.problems) > 5:
            yield f"{len(survey.problems) - 5} more kinds of unusable images"
        counts = by_class(survey)
        if unlabelled := counts.pop(None, 0):
            yield f"{images(unlabelled)} without a label"
        if len(source.classes) == 1:
            yield "only one class; a classifier needs two"
        if self.repeated:
            yield f"{images(self.repeated)} repeated exactly (clean removes copies)"
        if self.contradicting:
            yield f"{images(self.contradicting)} repeated under another label"
        if self.blank:
            yield f"{images(self.blank)} blank"
        most = max(counts.values(), default=0)
        rare = [str(name) for name, n in counts.items() if n * RARE_BELOW < most]
        if rare:
            yield f"less than a tenth of the largest class: {some(rare)}"
        few = [str(name) for name, n in counts.items() if n < 20]
        if few:
            yield f"fewer than 20 examples: {some(few)}"
        alike = Counter(name.strip().casefold().replace(" ", "_") for name in source.classes)
        if same := [name for name, n in alike.items() if n > 1]:
            yield f"class names that differ in case or spaces alone: {some(same)}"
        if len(survey.channels) > 1:
            yield "grey and colour images are mixed; all become RGB"
        for kind in ("gps", "exif"):
            if number := survey.metadata[kind]:
                yield f"{images(number)} with {kind.upper()} metadata (ingest removes it)"


def by_class(survey: Survey) -> Counter[str | None]:
    counts: Counter[str | None] = Counter()
    for (_, label), number in survey.labels.items():
        counts[label] += number
    return counts


def decisions(license: str | None, source: Source, survey: Survey) -> Iterator[str]:
    """What only a person can decide."""
    if license is None:
        yield "license: under which terms do you hold the data? Nothing is ingested without"
    yield "purposes: what may the data be used for? (ingest.purpose is what a run is for)"
    if len(survey.sizes) > 1:
        height, width = survey.common_size()
        yield f"image_size: training will see [{height}, {width}]; is that enough to tell classes?"
    if "test" not in source.splits:
        yield "split: a tenth each will be drawn for val and test"
    yield "groups: do several images show one person, animal or thing? A manifest can say so"
    yield "augmentation: may images be mirrored? (augment.transforms in params.yaml)"


def print_findings(source: Source, survey: Survey, doubts: list[str]) -> None:
    counts = by_class(survey)
    splits = ", ".join(split for split in SPLITS if split in source.splits)
    print(f"{source.kind}: {survey.examples} examples of {len(source.classes)} classes")
    print(f"splits of its own: {splits or 'none'}")
    for name in source.classes[:MAX_CLASSES_LISTED]:
        print(one_line(f"  {name}: {counts[name]}"))
    if len(source.classes) > MAX_CLASSES_LISTED:
        print(f"  ... and {len(source.classes) - MAX_CLASSES_LISTED} more classes")
    print(f"sizes: {size_range(survey)}; modes: {', '.join(sorted(survey.modes))}")
    print_list("suspicious", iter(doubts))


def print_list(title: str, lines: Iterator[str]) -> None:
    for number, line in enumerate(lines):
        if number == 0:
            print(f"{title}:")
        print(one_line(f"  - {line}"))


def size_range(survey: Survey) -> str:
    if not survey.sizes:
        return "none readable"
    smallest = min(survey.sizes, key=lambda size: size[0] * size[1])
    largest = max(survey.sizes, key=lambda size: size[0] * size[1])
    if smallest == largest:
        return f"all {smallest[0]} x {smallest[1]}"
    return f"{smallest[0]} x {smallest[1]} to {largest[0]} x {largest[1]}"


def images(number: int) -> str:
    return f"{number} image{'s' if number != 1 else ''}"


def some(names: list[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def headline(source: Source, survey: Survey) -> str:
    counts = ", ".join(f"{survey.in_split(s)} {s}" for s in SPLITS if s in source.splits)
    text = f"# {survey.examples} examples, {size_range(survey)} pixels"
    return f"{text}; {counts}" if counts else text


def entry_text(name: str, entry: Entry, license: str | None, source: Source, survey: Survey) -> str:
    """The entry as YAML, with a comment where a person should look."""
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
    lines += ["# Of all examples as they were; `commands.add` without a uri accepts others."]
    lines += yaml_lines("fingerprint", survey.fingerprint_hex)
    return "\n".join(lines) + "\n"


def yaml_lines(key: str, value: str | list[str]) -> list[str]:
    """`key: value`, quoted where YAML needs it; a list in brackets, over several lines if long."""
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


if __name__ == "__main__":
    run_command(main)
