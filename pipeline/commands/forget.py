"""Forget: erase examples for good, wherever DVC and git keep them, and prove it.

    python -m pipeline.commands.forget --ids cat/1.jpg cat/2.jpg --dry-run
    python -m pipeline.commands.forget --ids cat/1.jpg cat/2.jpg --reason "asked on 3 May"

Writes tombstones (digests, no names) to data/optout/<dataset>.csv, rebuilds, removes every object
that holds the examples from the DVC cache, the run-cache, experiments and all remotes, searches
for what might be left, and prints a receipt. Killed half-way, it can be run again.
"""

import argparse
import csv
import hashlib
import io
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.dataset.catalog import read_entry
from pipeline.dataset.labels import REVIEWS_DIR
from pipeline.dataset.privacy import OPTOUT_COLUMNS, OPTOUT_DIR, is_opted_out, read_opted_out
from pipeline.dataset.sources.fetch import cache_dir, cached_copy, is_remote, without_secrets
from pipeline.runtime.command import run_command
from pipeline.runtime.errors import ForgetError
from pipeline.runtime.params import load_params
from pipeline.runtime.stage import WORK_DIR
from pipeline.runtime.storage import (
    Store,
    experiment_refs,
    git,
    git_objects,
    listing,
    locks,
    object_id,
    stores,
)

PARQUET = b"PAR1"
WORKSPACE = ("data", "models", "reports", "dvclive")
TEMPORARY = Path(".dvc/tmp/exps")
MAX_CSV_BYTES = 64 << 20
TRACE_BYTES = 64  # of an image: enough to know it by
END_BYTES = 16  # at most, of the end marker of a JPEG or PNG
RECEIPT = "forgotten-"
MAX_NAMED = 20


@dataclass
class Known:
    """What is known of the examples to forget; it grows as they are found."""

    wanted: frozenset[str]
    """Ids, or digests of ids or images, as given."""
    ids: set[str] = field(default_factory=set)
    images: set[str] = field(default_factory=set)
    """SHA-256 of the images, as stored and as the source had them."""
    traces: set[bytes] = field(default_factory=set)
    """A few bytes of each stored image."""
    met: set[str] = field(default_factory=set)
    """Which of `wanted` have been found."""

    def look_into(self, table: pa.Table) -> pa.Table:
        """The rows that are to be forgotten."""
        columns = [table["id"].to_pylist()]
        for name in ("sha256", "source_sha256"):
            there = name in table.column_names
            columns.append(table[name].to_pylist() if there else [None] * table.num_rows)
        names = self.wanted | self.ids | self.images
        rows = []
        for row, (id, stored, source) in enumerate(zip(*columns, strict=True)):
            if is_opted_out(names, id, stored) or source in names:
                rows.append(row)
                self.ids.add(id)
                self.images |= {digest for digest in (stored, source) if digest}
                digest = hashlib.sha256(id.encode()).hexdigest()
                self.met |= self.wanted & {id, digest, stored, source}
        return table.take(rows)


@dataclass
class Findings:
    """What holds the examples."""

    objects: dict[str, list[str]] = field(default_factory=dict)
    """Paths in each store, by its name."""
    runs: dict[str, list[str]] = field(default_factory=dict)
    bad_ids: set[str] = field(default_factory=set)
    commits: list[str] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    experiments: list[str] = field(default_factory=list)


def main() -> None:
    arguments = parse()
    dataset = arguments.dataset or load_params().dataset
    entry = read_entry(dataset)
    wanted = set(arguments.ids or [])
    if arguments.ids_file:
        wanted |= {line for line in arguments.ids_file.read_text("utf-8").splitlines() if line}
    if not wanted:
        raise ForgetError("no ids are given", fix="name them: --ids ID, or --ids-file FILE")
    known = Known(frozenset(wanted))
    places = stores()
    resolve(known, places)
    tombstones = read_opted_out(dataset)
    unknown = sorted(known.wanted - known.met - tombstones)
    unknown = [u for u in unknown if hashlib.sha256(u.encode()).hexdigest() not in tombstones]
    if unknown and not arguments.allow_unknown:
        raise ForgetError(
            f"{len(unknown)} of {len(wanted)} ids are nowhere in data/raw, the cache or a remote, "
            f"first: {unknown[0]}",
            fix="check them (data/raw has ids and digests), or add --allow-unknown to keep them "
            "out of the future at least",
        )
    found = find(known, places)
    if arguments.dry_run:
        print("\n".join(plan(dataset, known, found)))
        print("\nNothing was changed (--dry-run).")
        return
    add_tombstones(dataset, known, tombstones, arguments.reason)
    if dataset == load_params().dataset:
        rebuild()
        found = merged(found, find(known, places))
    erase(found, places)
    drop_decisions(dataset, known.ids)
    forget_downloads(entry.uri)
    left = list(search(known, places))
    receipt = "\n".join(write_receipt(dataset, entry.uri, known, found, left))
    WORK_DIR.mkdir(exist_ok=True)
    digest = hashlib.sha256(receipt.encode()).hexdigest()[:8]
    path = WORK_DIR / f"{RECEIPT}{date.today()}-{digest}.md"
    path.write_text(receipt + "\n", encoding="utf-8")
    print(receipt)
    print(f"\nThis receipt: {path}\nNext: git add data/optout dvc.lock reports && git commit")
    if left:
        raise ForgetError(
            f"{len(left)} places still hold the examples, first: {left[0]}",
            fix="close what may be using them and run it again",
        )


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m pipeline.commands.forget",
        description="Erase examples from the dataset, every cache and every remote.",
        epilog="example: python -m pipeline.commands.forget --ids cat/1.jpg --dry-run",
    )
    parser.add_argument("--ids", nargs="+", metavar="ID", help="ids, or SHA-256 of ids or images")
    parser.add_argument("--ids-file", type=Path, metavar="FILE", help="the same, one a line")
    parser.add_argument("--dataset", help="its name; default: the one in params.yaml")
    parser.add_argument("--reason", default="", help="a note for data/optout, which is in git")
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, do nothing")
    parser.add_argument(
        "--allow-unknown", action="store_true", help="add tombstones for ids that are nowhere"
    )
    return parser.parse_args()


def resolve(known: Known, places: Iterable[Store]) -> None:
    """Learn what is to be forgotten: from the workspace, and what is not there from the stores."""
    for path in sorted(Path("data").rglob("*.parquet")):
        learn(known, path.open("rb"))
    for store in places:
        if known.wanted <= known.met:
            return
        for name in store.objects():
            if not name.endswith(".dir"):
                learn(known, store.open(name))


def learn(known: Known, file: BinaryIO) -> bool:
    """Whether a file holds rows to forget; what they are is remembered."""
    with file:
        if file.read(4) != PARQUET:
            return False
        try:
            with pq.ParquetFile(file) as parquet:
                names = parquet.schema_arrow.names
                if "id" not in names:
                    return False
                there = [name for name in ("id", "sha256", "source_sha256") if name in names]
                rows = known.look_into(parquet.read(there))
                if rows.num_rows and "image" in names:
                    ids = set(rows["id"].to_pylist())
                    for batch in parquet.iter_batches(1024, columns=["id", "image"]):
                        for row in batch.to_pylist():
                            if row["id"] in ids and row["image"]:
                                known.traces.add(trace(row["image"]))
        except (pa.ArrowException, OSError):
            return False  # no whole Parquet file, so no table of ours
    return bool(rows.num_rows)


def trace(image: bytes) -> bytes:
    """The last bytes of its pixels: the tables before and the end marker are alike in many."""
    end = max(TRACE_BYTES, len(image) - END_BYTES)
    return image[max(0, end - TRACE_BYTES) : end]


def find(known: Known, places: Iterable[Store]) -> Findings:
    """Every stored object that holds the examples, and all that hangs on it."""
    found = Findings()
    folders: dict[str, set[str]] = {}
    verdicts: dict[str, bool] = {}  # the same object may be in several stores
    for store in places:
        held = found.objects.setdefault(store.name, [])
        for name in store.objects():
            id = object_id(name)
            if name.endswith(".dir"):
                folders[id] = listing(store, name)
                continue
            if id not in verdicts:
                verdicts[id] = holds(known, store.open(name))
            if verdicts[id]:
                held.append(name)
                found.bad_ids.add(id)
    bad_folders = {id for id, members in folders.items() if members & found.bad_ids}
    found.bad_ids |= bad_folders
    for store in places:
        found.objects[store.name] += [n for n in store.objects() if object_id(n) in bad_folders]
        found.runs[store.name] = [
            name
            for name in store.runs()
            if any(id.encode() in store.read(name) for id in found.bad_ids)
        ]
    affected = [lock for lock in locks() if found.bad_ids & set(lock.outputs.values())]
    found.commits = [commit for lock in affected for commit in lock.commits]
    found.models = {
        f"{path} {id}" for lock in affected for path, id in lock.outputs.items() if is_model(path)
    }
    commits = set(found.commits)
    found.experiments = [ref for ref, commit in experiment_refs().items() if commit in commits]
    return found


def is_model(path: str) -> bool:
    return path.startswith("models/") and path.endswith(".safetensors")


def holds(known: Known, file: BinaryIO) -> bool:
    """Whether a file has rows, cells or bytes of the examples."""
    with file:
        content = file.read()
    if content.startswith(PARQUET) and learn(known, io.BytesIO(content)):
        return True
    return any(t in content for t in known.traces) or names_ids(known, content)


def names_ids(known: Known, content: bytes) -> bool:
    """Whether a CSV table with a column `id` names one of them."""
    if len(content) > MAX_CSV_BYTES or not any(id.encode() in content for id in known.ids):
        return False
    try:
        rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
        return "id" in (rows.fieldnames or []) and any(row["id"] in known.ids for row in rows)
    except (UnicodeDecodeError, csv.Error):
        return False


def merged(before: Findings, after: Findings) -> Findings:
    """What was found before and after the rebuild, which may have made more."""
    return Findings(
        objects={
            name: sorted({*before.objects.get(name, []), *paths})
            for name, paths in after.objects.items()
        },
        runs={
            name: sorted({*before.runs.get(name, []), *paths}) for name, paths in after.runs.items()
        },
        bad_ids=before.bad_ids | after.bad_ids,
        commits=list(dict.fromkeys(before.commits + after.commits)),
        models=before.models | after.models,
        experiments=list(dict.fromkeys(before.experiments + after.experiments)),
    )


def add_tombstones(dataset: str, known: Known, tombstones: frozenset[str], reason: str) -> None:
    """Add what is not there yet: digests of ids and images, which are no personal data."""
    path = OPTOUT_DIR / f"{dataset}.csv"
    unknown = known.wanted - known.met
    names = {n if is_digest(n) else hashlib.sha256(n.encode()).hexdigest() for n in unknown}
    names |= {hashlib.sha256(id.encode()).hexdigest() for id in known.ids} | known.images
    rows = [[name, str(date.today()), reason] for name in sorted(names - tombstones)]
    before = path.read_text(encoding="utf-8") if path.exists() else ",".join(OPTOUT_COLUMNS) + "\n"
    text = io.StringIO()
    text.write(before if before.endswith("\n") else before + "\n")
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".csv.partial")
    partial.write_text(text.getvalue(), encoding="utf-8")
    partial.replace(path)


def is_digest(name: str) -> bool:
    return len(name) == 64 and set(name) <= set("0123456789abcdef")


def rebuild() -> None:
    print("Rebuilding without them ...", flush=True)
    status = subprocess.run(["dvc", "repro"], check=False).returncode
    if status:
        raise ForgetError(
            "dvc repro failed, so nothing was erased yet; the tombstones are written",
            fix="mend what it says above, then run this command again",
        )


def erase(found: Findings, places: Iterable[Store]) -> None:
    """Remove what holds the examples: first what leads to it, then the objects themselves."""
    for ref in found.experiments:
        git("update-ref", "-d", ref)
    shutil.rmtree(TEMPORARY, ignore_errors=True)
    for store in places:
        for path in found.runs.get(store.name, []) + found.objects.get(store.name, []):
            store.remove(path)
    for work in sorted(WORK_DIR.glob("*")):
        if work.is_dir():
            shutil.rmtree(work)
        elif not work.name.startswith(RECEIPT):
            work.unlink()


def drop_decisions(dataset: str, ids: set[str]) -> None:
    """Remove people's decisions about the examples, which name their ids."""
    path = REVIEWS_DIR / f"{dataset}.csv"
    if not path.exists():
        return
    with path.open(newline="", encoding="utf-8-sig") as file:
        header, *rows = list(csv.reader(file)) or [[]]
    kept = [row for row in rows if not ids & set(row)]
    if len(kept) < len(rows):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *kept])
        path.write_text(text.getvalue(), encoding="utf-8")


def forget_downloads(uri: str) -> None:
    """Remove the downloaded source; it is fetched again when it is needed."""
    if is_remote(uri):
        shutil.rmtree(cached_copy(uri), ignore_errors=True)


def search(known: Known, places: Iterable[Store]) -> Iterator[str]:
    """Every place that still holds the examples: files, stored objects, git's objects."""
    for root in (*map(Path, WORKSPACE), Path(".dvc/tmp"), WORK_DIR, cache_dir()):
        for path in sorted(root.rglob("*")):
            if not path.is_file() or path.is_symlink() or path.name.startswith(RECEIPT):
                continue
            if OPTOUT_DIR in path.parents:  # it may list ids that people wrote there themselves
                continue
            if holds(known, path.open("rb")):
                yield str(path)
    read = set()  # objects have the name of their digest: one is read once
    for store in places:
        for name in (*store.objects(), *store.runs()):
            if object_id(name) not in read and holds(known, store.open(name)):
                yield f"{store.name}: {name}"
            read.add(object_id(name))
    for name, content in git_objects():
        if any(t in content for t in known.traces):
            yield f"git object {name}"


def plan(dataset: str, known: Known, found: Findings) -> Iterator[str]:
    yield f"To forget in {dataset}: {len(known.ids)} examples"
    yield f"- tombstones in data/optout/{dataset}.csv, then dvc repro"
    yield from removals(found)
    yield from trained(found)


def removals(found: Findings) -> Iterator[str]:
    for name, paths in found.objects.items():
        yield f"- {len(paths)} objects in {name}"
    for name, paths in found.runs.items():
        yield f"- {len(paths)} run-cache entries in {name}"
    yield f"- {len(found.experiments)} experiments"
    yield from (f"  - {ref}" for ref in found.experiments[:MAX_NAMED])


def trained(found: Findings) -> Iterator[str]:
    if found.commits:
        yield f"- built with them: {len(found.commits)} commits, whose data cannot be restored"
        yield from (f"  - {commit}" for commit in found.commits[:MAX_NAMED])
    if found.models:
        yield f"- trained on them, and kept: {len(found.models)} models"
        yield from (f"  - {model}" for model in sorted(found.models)[:MAX_NAMED])


def write_receipt(
    dataset: str, uri: str, known: Known, found: Findings, left: list[str]
) -> Iterator[str]:
    yield f"# Forgotten from {dataset} on {date.today()}"
    yield ""
    yield f"{len(known.ids)} examples, known here by SHA-256 of their ids alone:"
    yield from (f"- {hashlib.sha256(id.encode()).hexdigest()}" for id in sorted(known.ids))
    yield "\nRemoved:\n"
    yield from removals(found)
    yield "- temporary workspaces of experiments, work files, downloaded copies of the source"
    yield "\nRemains, for you to decide on:\n"
    yield f"- the source itself, {without_secrets(uri)}: its owner must delete them there"
    yield "- other clones, their caches, and backups"
    yield from trained(found)
    tables = sorted({name for name, content in git_objects() if names_ids(known, content)})
    if tables:
        yield f"- tables in git's history that name the ids: {len(tables)} objects"
        yield from (f"  - git object {name}" for name in tables[:MAX_NAMED])
    if found.commits:
        yield "- pictures in reports/ of the commits above may show the images"
    yield "\nSearched: workspace, .dvc, work files, download cache, remotes, every object of git;"
    yield "for ids in every table, for image bytes in every file."
    yield f"Found: {', '.join(left) if left else 'nothing.'}"


if __name__ == "__main__":
    run_command(main)
