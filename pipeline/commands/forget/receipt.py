"""What `forget` says: before it erases, and when it has."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commands.forget.erasure import Findings, Left
from pipeline.commands.forget.storage import git
from pipeline.commands.forget.traces import Forgotten
from pipeline.dataset.addresses import without_secrets
from pipeline.dataset.places import RAW
from pipeline.dataset.table import read_folder
from pipeline.modalities.opening import open_show
from pipeline.runtime.stage import INDEX

MAX_NAMED = 20


def plan(dataset: str, examples: Forgotten, found: Findings, models: bool) -> Iterator[str]:
    """What would be erased, and what would stay."""
    yield f"To forget in {dataset}: {len(examples.ids)} examples"
    yield f"- tombstones in data/optout/{dataset}.csv, then dvc repro"
    yield from removals(found)
    yield from trained(found, models)


def related_examples(ids: Collection[str], modality: str) -> Iterator[str]:
    """Other examples that may be of the same person: of the same group, or that look the same."""
    if not (RAW / INDEX).exists():
        return
    look_alike = open_show(modality).LOOK_ALIKE
    what_of = {"group": "of the same group", **dict([look_alike] if look_alike else [])}
    table = read_folder(RAW, ["id", *what_of])
    mine = pc.is_in(table["id"], pa.array(sorted(ids), pa.string()))
    for column, what in what_of.items():
        shared = table[column].filter(mine).drop_null().combine_chunks()
        which = pc.and_(pc.is_in(table[column], shared), pc.invert(mine))
        others = table["id"].filter(which).to_pylist()
        if others:
            listed = ", ".join(others[:MAX_NAMED])
            yield f"- {len(others)} others {what} stay; look at them: {listed}"


def removals(found: Findings) -> Iterator[str]:
    for name, paths in found.objects.items():
        yield f"- {len(paths)} objects in {name}"
    for name, paths in found.runs.items():
        yield f"- {len(paths)} run-cache entries in {name}"
    yield f"- {len(found.experiments)} experiments"
    yield from indented(found.experiments)


def trained(found: Findings, models: bool) -> Iterator[str]:
    if found.commits:
        yield f"- built with them: {len(found.commits)} commits, whose data cannot be restored"
        yield from indented(found.commits)
    if found.unjudged:
        yield f"- their data is in no store, so it cannot be said: {len(found.unjudged)} commits"
        yield from indented(found.unjudged)
    if found.models:
        what = "erased" if models else "kept"
        yield f"- trained on them, and {what}: {len(found.models)} files of models"
        yield from indented(sorted(f"{path} {id}" for id, path in found.models.items()))


def write_receipt(
    dataset: str,
    sources: Sequence[str],
    examples: Forgotten,
    found: Findings,
    left: Left,
    counts: dict[str, int],
    models: bool,
    outputs: list[str],
) -> str:
    """The receipt in Markdown; it names the examples by digests alone.

    `outputs` were removed from the workspace, `counts` are the objects now in each store.
    """
    lines = [*_removed(dataset, examples, found), *_remains(sources, found, left, models, outputs)]
    return "\n".join([*lines, *_searched(left, counts), ""])


def _removed(dataset: str, examples: Forgotten, found: Findings) -> Iterator[str]:
    yield f"# Forgotten from {dataset} on {date.today()}\n"
    yield f"{len(examples.ids)} examples, known here by SHA-256 of their ids alone:"
    yield from sorted(f"- {hashlib.sha256(id.encode()).hexdigest()}" for id in examples.ids)
    yield "\nRemoved:\n"
    yield from removals(found)
    yield "- temporary workspaces of experiments, work files, downloaded copies of the source"


def _remains(
    sources: Sequence[str], found: Findings, left: Left, models: bool, outputs: list[str]
) -> Iterator[str]:
    yield "\nRemains, for you to decide on:\n"
    named = " and ".join(map(without_secrets, sources))
    yield f"- the source itself, {named}: its owner must delete them there"
    yield "- other clones with their caches, backups, and versions that a bucket keeps of objects"
    if git("remote") and found.experiments:
        yield "- experiments that were pushed: dvc exp remove --git-remote NAME"
    if outputs:
        yield f"- erased in the workspace and not rebuilt: {', '.join(outputs)}; run dvc repro"
    yield from trained(found, models)
    if left.yours:
        yield f"- files of the workspace that people put there: {len(left.yours)}"
    if left.others:
        yield f"- the same in other datasets of this repository: {len(left.others)} objects"
        yield from indented(left.others)
    if left.history:
        yield f"- examples or ids in git's history: {len(left.history)} objects"
        yield from indented(
            f"git object {name}, of the commits {' '.join(commits) or 'that nothing leads to'}"
            for name, commits in left.history.items()
        )
    if found.commits:
        yield "- pictures in reports/ of the commits above may show the examples"


def _searched(left: Left, counts: dict[str, int]) -> Iterator[str]:
    yield "\nSearched: the workspace, .dvc and DVC's notes, work files, downloads, every object of"
    yield f"git; {', '.join(f'{number} objects in {name}' for name, number in counts.items())}."
    yield "For ids and digests in every table, ids in what is made from the data, and bytes of the"
    yield "content in every file."
    yield f"Found: {', '.join(left.ours) if left.ours else 'nothing.'}"


def indented(lines: Iterator[str] | list[str]) -> Iterator[str]:
    listed = list(lines)
    yield from (f"  - {line}" for line in listed[:MAX_NAMED])
    if len(listed) > MAX_NAMED:
        yield f"  - and {len(listed) - MAX_NAMED} more"
