"""Add: look at a source and write its catalog entry.

    groundwork add NAME URI     looks at everything, writes data/catalog/NAME.yaml
    groundwork add NAME         looks again after the data have changed

It prints what the source has, what looks suspicious, and what only a person can decide.
"""

import argparse
import re
import shutil
import time
from functools import partial
from operator import call
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from pipeline.commands.add.arguments import parser
from pipeline.commands.add.entry_text import accept_text, entry_text
from pipeline.commands.add.oddities import Oddities
from pipeline.commands.add.summary import decisions, print_list, print_summary
from pipeline.commands.frame import run_command
from pipeline.dataset.catalog import Entry, entry_path, read_entry
from pipeline.ingest.reuse import KnownParts
from pipeline.ingest.rows import job_maker, look_at
from pipeline.ingest.sources.annotations import fetch_annotations
from pipeline.ingest.sources.opening import open_source
from pipeline.ingest.survey import Survey
from pipeline.params import Params, load_params
from pipeline.runtime.errors import SettingsError, one_line
from pipeline.runtime.files import written_whole
from pipeline.runtime.process import map_ordered
from pipeline.sources.places.trees import UNPACKED_DIR
from pipeline.sources.source import Source


class Inspection(NamedTuple):
    """A source of which every example was read."""

    source: Source
    survey: Survey
    oddities: list[str]
    """A sentence for each thing that looks suspicious."""


def main(arguments: argparse.Namespace) -> None:
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
    source, survey, oddities = inspect(name, entry, params)
    write_text(path, entry_text(name, entry, license, source, survey))
    print_summary(source, survey, oddities)
    print_list("to decide, in " + str(path), decisions(license, source, survey))
    steps = f"  git add {path}\n  groundwork use {name}\n  dvc exp run"
    print(f"\nwrote {path}; next:\n{steps}")


def look_again(name: str, path: Path, params: Params) -> None:
    """Compare the data with their entry, and write their fingerprint into it."""
    entry = read_entry(name)
    source, survey, oddities = inspect(name, entry_to_inspect(entry, params), params)
    known_classes = entry.classes or source.classes
    new_classes = [name for name in source.classes if name not in known_classes]
    if entry.annotations is not None:
        annotations = fetch_annotations(entry.annotations, known_classes + new_classes)
        survey.add_annotations(annotations)
    print_summary(source, survey, oddities)
    if entry.fingerprint == survey.fingerprint_hex:
        print(f"\n{path} is of these data already")
        return
    text = accept_text(path.read_bytes(), new_classes, source, survey)
    if new_classes:
        print("\n" + one_line(f"new classes: {', '.join(new_classes)}"))
    write_text(path, text)
    print(f"\nwrote the new fingerprint into {path}; next: git diff {path}, then dvc repro")


def entry_to_inspect(entry: Entry, params: Params) -> Entry:
    """Return an entry that finds new classes too; annotations are fetched after it."""
    entry = entry.model_copy(update={"annotations": None})
    if not entry.classes:
        return entry
    without_classes = entry.model_copy(update={"classes": None})
    names = {*open_source(without_classes, params.ingest.max_file_mb * 1e6).classes}
    known = {*entry.classes}
    # Without new names, or any in common, the entry names the classes or their numbers.
    return without_classes if names & known and not names <= known else entry


def inspect(name: str, entry: Entry, params: Params) -> Inspection:
    """Read every example as ingest would.

    A file of data/raw whose images are unchanged since an ingest is not made again, if that ingest
    was like this inspection: for any purpose, without opt-outs, under the ids of the source.
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
    batches = KnownParts(name, make_job.keywords).find(source.batches, started)
    jobs = (partial(look_at, make_job(batch), known) for batch, _, known in batches)
    survey, oddities = Survey(), Oddities()
    total = source.num_examples
    with tqdm(desc="add", total=total, unit="image", disable=None, leave=False) as bar:
        for rows in map_ordered(call, jobs):
            survey.add(rows)
            oddities.add(rows.table)
            bar.update(survey.seen - bar.n)
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    survey.add_annotations(source.annotations)
    return Inspection(source, survey, list(oddities.describe(source, survey)))


def write_text(path: Path, text: str) -> None:
    with written_whole(path) as partial_path:
        partial_path.write_text(text, encoding="utf-8")


def local_or_url(uri: str) -> str:
    """Return the uri for the entry: a path below the repository relative to it, others in full."""
    if "://" in uri or uri.startswith("builtin:"):
        return uri
    full = Path(uri).expanduser().absolute()
    return str(full.relative_to(Path.cwd())) if full.is_relative_to(Path.cwd()) else str(full)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
