"""What `forget` says: before it erases, and when it has."""

import hashlib
import sys
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.finding import Findings
from pipeline.commands.forget.history import EXECUTION, described, git
from pipeline.commands.forget.search import Remains
from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.places import RAW
from pipeline.dataset.review.store import counted
from pipeline.modalities.opening import open_show
from pipeline.runtime.errors import one_line

MAX_NAMED = 10


def say(lines: Iterable[str]) -> None:
    """Print lines of which nothing drives a terminal, whatever ids and names there are."""
    for line in lines:
        print("\n".join(map(one_line, line.split("\n"))))
    sys.stdout.flush()


def plan(dataset: str, examples: Forgotten, found: Findings, models: bool) -> Iterator[str]:
    """What would be erased, and what would stay."""
    yield f"To forget in {dataset}: {counted(len(examples.ids), 'example')}"
    yield f"- tombstones in data/optout/{dataset}.csv, then dvc repro"
    yield from removals(found)
    yield from trained(found, models, examples.ids)


def related_examples(ids: Collection[str], modality: str) -> Iterator[str]:
    """Other examples that may be of the same person: of the same group, or that look the same."""
    look_alike = open_show(modality).LOOK_ALIKE
    what_of = {"group": "of the same group", **dict([look_alike] if look_alike else [])}
    table = _rows_of_raw(["id", *what_of])
    if table is None:
        return
    mine = pc.is_in(table["id"], pa.array(sorted(ids), pa.string()))
    for column, what in what_of.items():
        shared = table[column].filter(mine).drop_null().combine_chunks()
        which = pc.and_(pc.is_in(table[column], shared), pc.invert(mine))
        others = table["id"].filter(which).to_pylist()
        if others:
            listed = ", ".join(others[:MAX_NAMED])
            yield f"- {len(others)} others {what} stay; look at them: {listed}"


def _rows_of_raw(columns: list[str]) -> pa.Table | None:
    """Columns of all examples in data/raw, also of those that its index does not list."""
    tables = []
    for path in sorted(RAW.glob("*.parquet")):
        try:
            if set(columns) <= set(pq.read_schema(path).names):
                tables.append(pq.read_table(path, columns=columns))
        except (pa.ArrowException, OSError):  # damaged, as the search says
            continue
    return pa.concat_tables(tables, promote_options="permissive") if tables else None


def removals(found: Findings) -> Iterator[str]:
    for name, paths in found.objects.items():
        yield f"- {counted(len(paths), 'object')} in {name}"
    for name, paths in found.runs.items():
        yield f"- {len(paths)} run-cache entries in {name}"
    named = [ref for ref in found.experiments if not ref.startswith(EXECUTION)]
    yield f"- {counted(len(named), 'experiment')}"
    yield from indented(named)


def trained(found: Findings, models: bool, ids: Collection[str]) -> Iterator[str]:
    """What was built with them; `ids` are not to be named."""
    if found.commits:
        commits = counted(len(found.commits), "commit")
        yield f"- built with them: {commits}, whose data cannot be restored"
        yield from indented(described(found.commits, ids))
    if found.unjudged:
        unjudged = counted(len(found.unjudged), "commit")
        yield f"- their data is in no store, so it cannot be said: {unjudged}"
        yield from indented(described(found.unjudged, ids))
    if found.models:
        what = "erased" if models else "kept"
        yield f"- trained on them, and {what}: {counted(len(found.models), 'model file')}"
        yield from indented(sorted(f"{path} {id}" for id, path in found.models.items()))


def write_receipt(
    dataset: str,
    sources: Sequence[str],
    examples: Forgotten,
    found: Findings,
    remains: Remains,
    counts: dict[str, int],
    models: bool,
    outputs: list[str],
) -> str:
    """The receipt in Markdown; it names the examples by digests alone.

    `outputs` were removed from the workspace, `counts` are the objects now in each store.
    """
    lines = [*_removed(dataset, examples, found)]
    lines += _remains(sources, examples.ids, found, remains, models, outputs)
    return "\n".join([*lines, *_searched(remains, counts), ""])


def _removed(dataset: str, examples: Forgotten, found: Findings) -> Iterator[str]:
    yield f"# Forgotten from {dataset} on {date.today()}\n"
    yield f"{counted(len(examples.ids), 'example')}, known here by SHA-256 of their ids alone:"
    yield from sorted(f"- {hashlib.sha256(id.encode()).hexdigest()}" for id in examples.ids)
    yield "\nRemoved:\n"
    yield from removals(found)
    yield "- temporary workspaces of experiments, work files, downloaded copies of the source"


def _remains(
    sources: Sequence[str],
    ids: Collection[str],
    found: Findings,
    remains: Remains,
    models: bool,
    outputs: list[str],
) -> Iterator[str]:
    yield "\nRemains, for you to decide on:\n"
    named = " and ".join(map(without_secrets, sources))
    yield f"- the source itself, {named}: its owner must delete them there"
    yield "- other clones with their caches, backups, and versions that a bucket keeps of objects"
    if git("remote") and found.experiments:
        yield "- experiments that were pushed: dvc exp remove --git-remote NAME"
    if outputs:
        yield f"- erased in the workspace and not rebuilt: {', '.join(outputs)}; run dvc repro"
    yield from trained(found, models, ids)
    if remains.yours:
        yield f"- files of the workspace that people put there: {len(remains.yours)}"
    if remains.others:
        yield f"- the same in other datasets of this repository: {len(remains.others)} objects"
        yield from indented(remains.others)
    if remains.history:
        yield f"- examples, ids or digests of ids in git's history: {len(remains.history)} objects"
        yield from indented(
            f"{name}{', of the commits ' if commits else ''}{' '.join(commits)}"
            for name, commits in remains.history.items()
        )
    if remains.stashed:
        yield f"- stashes with them, that somebody made (git stash drop): {len(remains.stashed)}"
        yield from indented(described(remains.stashed, ids))
    if remains.worktrees:
        yield f"- other worktrees, where this has to be run too: {len(remains.worktrees)} files"
    if found.commits:
        yield "- pictures in reports/ of the commits above may show the examples"
    if remains.pictures:
        yield f"- pictures that no stage makes now; look at them: {', '.join(remains.pictures)}"


def _searched(remains: Remains, counts: dict[str, int]) -> Iterator[str]:
    stored = ", ".join(f"{number} objects in {name}" for name, number in counts.items())
    yield "\nSearched: the workspace and other worktrees, .dvc and DVC's notes, work files,"
    yield f"downloads, all of git; {stored}."
    yield "For ids and digests in every table, ids in any spelling in what is made from the data,"
    yield "and bytes of the content in every file, archives opened."
    if remains.unopened:
        yield f"Could not be looked into: {', '.join(remains.unopened)}"
    found = [*remains.ours, *remains.worktrees]
    yield f"Found: {', '.join(found) if found else 'nothing.'}"


def indented(lines: Iterable[str]) -> Iterator[str]:
    listed = list(lines)
    yield from (f"  - {line}" for line in listed[:MAX_NAMED])
    if len(listed) > MAX_NAMED:
        yield f"  - and {len(listed) - MAX_NAMED} more"
