"""Add: look at a source and write its catalog entry.

    groundwork add NAME URI     looks at everything, writes data/catalog/NAME.yaml
    groundwork add NAME         looks again after the data have changed

It prints what the source has, what looks suspicious, and what only a person can decide.
"""

import argparse
import os
import re
import shlex
import shutil
import sys
import time
from functools import partial
from operator import call
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from pipeline.commands.add.arguments import parser
from pipeline.commands.add.changes import Changes
from pipeline.commands.add.dates import as_yaml, with_dates
from pipeline.commands.add.entry_text import accept_text, detected_keys, entry_text
from pipeline.commands.add.oddities import Oddities
from pipeline.commands.add.summary import decisions, print_list, print_summary
from pipeline.commands.frame import run_command
from pipeline.dataset.addresses import is_remote, local_path, refuse_secrets
from pipeline.dataset.catalog import Entry, entry_path
from pipeline.dataset.places import RAW
from pipeline.describe.licenses import advice, identifier
from pipeline.entry import entry_type, read_entry
from pipeline.ingest.account import account, of_splits, print_account
from pipeline.ingest.refusals import refuse_source
from pipeline.ingest.reuse import KnownParts
from pipeline.ingest.rows import job_maker, look_at
from pipeline.ingest.sources.annotations import fetch_annotations
from pipeline.ingest.sources.opening import BUILTIN, annotations_of, open_source
from pipeline.ingest.survey import Survey
from pipeline.modalities.opening import MODALITIES, open_prepare
from pipeline.params import load_params
from pipeline.runtime.errors import GroundworkError, SettingsError, SourceError, one_line
from pipeline.runtime.files import written_whole
from pipeline.runtime.process import map_ordered
from pipeline.runtime.progress import Teller
from pipeline.runtime.settings import Kind, parse, read_params, read_yaml
from pipeline.sources.places.trees import UNPACKED_DIR
from pipeline.sources.source import Source
from pipeline.targets.opening import open_labels

RECIPES = Path("recipes")
TABLE = re.compile(r"\.(csv|tsv|jsonl?|ndjson|parquet)(\.(gz|bz2|xz|zst))?$")
IN_ENTRY = re.compile(r" in the catalog entry, under columns: (\w+):")
ADD_TO_ENTRY = re.compile(r"`columns: \{(\w+): '([^']*)'\}` to the catalog entry")
WRONG_IN_ENTRY = re.compile(r"correct columns: (\w+): in the catalog entry")
USUAL_TARGETS = {"interactions": "ranking"}


class Inspection(NamedTuple):
    """A source whose examples have all been read."""

    source: Source
    survey: Survey
    oddities: list[str]
    """A sentence for each thing that looks suspicious."""
    changes: list[str]
    """Changes since the last ingest."""


def main(arguments: argparse.Namespace) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", arguments.name):  # as in params.py
        raise SettingsError(
            f"a dataset cannot be called {arguments.name!r}", fix="use letters, digits, - and _"
        )
    path = entry_path(arguments.name)
    params = params_for(arguments, path)
    if arguments.uri is None:
        if arguments.columns and path.exists():
            raise SettingsError(
                f"{path} exists already, and --column is for a new entry",
                fix=f"write the column below columns: in {path}",
            )
        look_again(arguments.name, path, params)
    elif path.exists():
        raise SettingsError(
            f"{path} exists already",
            fix=f"leave the uri out to look again, or remove the file: git rm {path}",
        )
    else:
        add(arguments, path, local_or_url(arguments.uri), params)


def params_for(arguments: argparse.Namespace, path: Path) -> Any:
    """params.yaml; or where the data are of another kind than it says, the recipe for that kind.

    Raises:
        SettingsError: there is no recipe for what the arguments, or the entry at `path`, say.
    """
    kind = read_params(Kind)
    entry = read_yaml(path) if arguments.uri is None and path.exists() else {}
    entry = {key: value for key, value in entry.items() if isinstance(value, str)}
    modality = arguments.modality or entry.get("modality") or kind.modality
    usual = kind.target if modality == kind.modality else USUAL_TARGETS.get(modality, "classes")
    target = arguments.target or entry.get("target") or usual
    if (modality, target) == (kind.modality, kind.target):
        return load_params()
    recipe = RECIPES / f"{modality}-{target}.yaml"
    if not recipe.exists():
        raise SettingsError(
            f"there is no recipe for modality {modality} and target {target}: {recipe} does not "
            "exist",
            fix="choose another target, or write the recipe as those beside it",
        )
    return load_params(recipe)


def add(arguments: argparse.Namespace, path: Path, uri: str, params: Any) -> None:
    """Write a new entry."""
    refuse_secrets(uri)
    name, license, columns = arguments.name, arguments.license, dict(arguments.columns)
    license = license and (identifier(license) or license)
    content = {"uri": uri, "license": license or "unknown", "columns": columns}
    entry = parse(entry_type(params.modality, params.target), content, path)
    if not is_remote(uri) and not uri.startswith(BUILTIN):
        refuse_missing(uri)
    try:
        source, survey, oddities, _ = inspect(name, entry, params)
    except GroundworkError as error:
        error = with_way_to_entry(error, name, path, uri)
        raise (error if arguments.modality else with_other_kinds(error, uri, params)) from None
    write_text(path, entry_text(name, params, entry, license, source, survey))
    print_summary(source, open_labels(params.target), survey, oddities)
    print_list("to decide, in " + str(path), decisions(license, source, survey))
    print_account(account(survey, source.beside))
    steps = f"  git add {path}\n  groundwork use {name}\n  dvc exp run"
    print(f"\nwrote {path}; next:\n{steps}")


def refuse_missing(uri: str) -> None:
    """Stop if there is nothing at a path.

    Raises:
        SourceError: see above.
    """
    if not os.path.exists(local_path(uri)):  # noqa: PTH110 - Path.exists raises for a long name
        raise SourceError(f"{uri} does not exist", fix="check the path")


def with_way_to_entry(error: GroundworkError, name: str, path: Path, uri: str) -> GroundworkError:
    """Name the option, or else the key of an entry, that fixes an error, if one does."""
    fix = IN_ENTRY.sub(r" with --column \1=COLUMN", error.fix)
    fix = ADD_TO_ENTRY.sub(lambda found: f"--column {found[1]}={shlex.quote(found[2])}", fix)
    fix = fix.replace("check uri in the catalog entry", "check the path or address")
    fix = WRONG_IN_ENTRY.sub(r"correct --column \1=COLUMN", fix)
    if "catalog entry" not in fix:
        return type(error)(error.what, fix=fix)
    fix = f"{fix} ({path} with uri: {uri}, license: and that key; then groundwork add {name})"
    return type(error)(error.what, fix=fix)


def with_other_kinds(error: GroundworkError, uri: str, params: Any) -> GroundworkError:
    """Add to an error about a table of another kind how to say of which it is."""
    if not isinstance(error, SourceError) or not TABLE.search(uri.lower()):
        return error
    others = [name for name in MODALITIES if name not in ("images", params.modality)]
    fitting = [name for name in others if opens_as(name, uri, params)] or others
    fix = f"{error.fix}; or where a row is an example itself, say of what kind: --modality "
    return type(error)(error.what, fix=fix + " or ".join(fitting))


def opens_as(modality: str, uri: str, params: Any) -> bool:
    """Whether a source has what a modality needs, without a word about its columns."""
    target = USUAL_TARGETS.get(modality, "classes")
    content = {"uri": uri, "license": "unknown"}
    try:
        entry = parse(entry_type(modality, target), content, Path(uri))
        open_for(entry, SimpleNamespace(modality=modality, target=target, ingest=params.ingest))
    except GroundworkError:
        return False
    return True


def look_again(name: str, path: Path, params: Any) -> None:
    """Compare the data with their entry, and write their fingerprint into it."""
    labels = open_labels(params.target)
    entry = read_entry(name, params.modality, params.target)
    is_shared = entry.split.is_shared
    if is_shared:
        entry = with_dates(entry, open_for(entry, params))
    source, survey, oddities, changes = inspect(name, entry_to_inspect(entry, params), params)
    index, new_labels = labels.grow(entry, source.target)
    if (annotations := annotations_of(entry)) is not None:
        survey.add_annotations(fetch_annotations(annotations, labels, index))
    print_summary(source, labels, survey, oddities)
    print_account(account(survey, source.beside))
    for sentence in changes:
        print(one_line(sentence))
    doubt = advice(entry.license)
    of_license = [f"license: {doubt}"] if doubt else []
    print_list("to decide, in " + str(path), [*of_license, *source.decisions])
    new_keys = detected_keys(source).keys() - entry.model_fields_set
    if entry.fingerprint == survey.fingerprint_hex and not is_shared and not new_keys:
        print(f"\n{path} is of these data already")
        return
    split = as_yaml(entry.split) if is_shared else None
    text = accept_text(path.read_bytes(), labels, new_labels, source, survey, split)
    if split:
        print(f"\nval begins at {split['val']}, test at {split['test']}")
    if new_labels:
        print("\n" + one_line(f"new labels: {', '.join(new_labels)}"))
    write_text(path, text)
    print(f"\nwrote the new fingerprint into {path}; next: git diff {path}, then dvc repro")


def entry_to_inspect(entry: Entry, params: Any) -> Entry:
    """Return an entry that finds new labels too; annotations are fetched after it."""
    if annotations_of(entry) is not None:
        entry = entry.model_copy(update={"annotations": None})
    labels = open_labels(params.target)
    nameless: Entry | None = labels.without_names(entry)
    if nameless is None:
        return entry
    source = open_for(nameless, params)
    return nameless if labels.names_more(entry, source.target) else entry


def open_for(entry: Entry, params: Any) -> Source:
    """Open the source of an entry."""
    prepare, labels = open_prepare(params.modality), open_labels(params.target)
    return open_source(entry, prepare, labels, params.ingest.max_file_mb * 1e6)


def inspect(name: str, entry: Entry, params: Any) -> Inspection:
    """Read every example as ingest would.

    A file of data/raw whose examples are unchanged since an ingest is reused, if that ingest was
    like this inspection: for any purpose, without opt-outs, under the ids of the source.
    """
    started = time.time_ns()
    source = open_for(entry, params)
    prepare, labels = open_prepare(params.modality), open_labels(params.target)
    refuse_source(entry, source, prepare, labels)
    make_job = job_maker(
        name,
        entry,
        source,
        params,
        seed=params.seed,
        limits=params.ingest,
        purpose=params.ingest.purpose,
        any_purpose=True,
    )
    batches = KnownParts(name, make_job.keywords).find(source.batches, started)
    jobs = (partial(look_at, make_job(batch), known) for batch, _, known in batches)
    survey, oddities = Survey(params), Oddities(params)
    changes = Changes(name, RAW, labels.COLUMN)
    total, noun = source.num_examples, prepare.NOUN
    with Teller("add", say_progress) as teller, teller.work(total, noun) as bar:
        for rows in map_ordered(call, jobs):
            survey.add(rows)
            oddities.add(rows.table)
            changes.add(rows.table)
            changes.add(rows.pool)
            bar.update(survey.seen - bar.n)
    shutil.rmtree(UNPACKED_DIR, ignore_errors=True)
    survey.add_annotations(source.annotations)
    effects = of_splits(entry, survey, parts_groups=source.parts_groups)
    suspicious = [*source.doubts, *oddities.describe(source, survey), *effects]
    return Inspection(source, survey, suspicious, list(changes.describe()))


def say_progress(text: str) -> None:
    print(one_line(f"add: {text}"), file=sys.stderr, flush=True)


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
