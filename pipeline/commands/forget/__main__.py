"""Forget: erase examples for good, wherever DVC and git keep them, and prove it.

Writes tombstones (digests, no names) to data/optout/<dataset>.csv, rebuilds, removes every object
that holds the examples from the DVC cache, the run-cache, experiments and all remotes, searches
for what might be left, and prints a receipt. Killed half-way, it can be run again.
"""

import argparse
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pipeline.commands.forget.arguments import parser
from pipeline.commands.forget.erasure import (
    JOURNAL,
    RECEIPT,
    Scope,
    erase,
    erase_downloads,
    erase_notes,
    erase_outputs,
    find,
    search,
)
from pipeline.commands.forget.receipt import plan, related_examples, write_receipt
from pipeline.commands.forget.request import (
    add_tombstones,
    drop_decisions,
    read_journal,
    resolve,
    write_journal,
)
from pipeline.commands.forget.storage import current_lock, git, locked, open_repository, stores
from pipeline.commands.forget.traces import Forgotten, tombstones
from pipeline.commands.frame import run_command
from pipeline.dataset.addresses import is_remote
from pipeline.dataset.catalog import entry_path
from pipeline.dataset.places import OPTOUT_DIR, REVIEWS_DIR
from pipeline.entry import read_entry
from pipeline.params import load_params
from pipeline.runtime.errors import ForgetError
from pipeline.runtime.settings import Kind, read_yaml
from pipeline.runtime.stage import WORK_DIR
from pipeline.sources.places.fetch import cached_copy


def main(arguments: argparse.Namespace) -> None:
    params = load_params()
    dataset = arguments.dataset or params.dataset
    entry = read_entry(dataset, *kind_of(dataset, params))
    names = set(arguments.ids or [])
    if arguments.ids_file:
        names |= {line for line in read_lines(arguments.ids_file) if line}
    request = read_journal(dataset)
    if not names and not request.unfinished:
        raise ForgetError("no ids are given", fix="name them: --ids ID, or --ids-file FILE")
    is_built = dataset == params.dataset
    repository = open_repository()
    places = stores(repository)
    scope = Scope(dataset, places)
    examples = request.examples
    resolve(request, names, scope, places, is_built)
    if request.unknown and not arguments.allow_unknown:
        raise ForgetError(
            f"{len(request.unknown)} of {len(names)} ids are nowhere in data/raw, the cache or a "
            f"remote, first: {request.unknown[0]}",
            fix="check them (data/raw has ids and digests), or add --allow-unknown to keep them "
            "out of the future at least",
        )
    request.found |= find(examples, scope, places, (), arguments.models)
    print("\n".join(plan(dataset, examples, request.found, arguments.models)))
    if is_built:
        print("\n".join(related_examples(examples.ids, params.modality)), flush=True)
    if arguments.dry_run:
        print("\nNothing was changed (--dry-run).")
        return

    with locked(repository):
        pass  # fail now rather than half-way
    if not request.unfinished:
        refuse_uncommitted(touched(dataset))
    if not arguments.yes:
        confirm()
    write_journal(request)
    add_tombstones(dataset, tombstones(examples, request.unknown), arguments.reason)
    drop_decisions(dataset, examples.ids)
    rebuilds = is_built and not arguments.no_rebuild
    if rebuilds:
        rebuild()
        scope = Scope(dataset, places)
    kept = scope.reached(current_lock()) if rebuilds else set()
    request.found |= find(examples, scope, places, kept, arguments.models)
    request.found.bad -= kept  # the same again in the rebuilt data, so without them
    write_journal(request)
    notes = Path(repository.site_cache_dir)
    with locked(repository):
        erase(request.found, places)
        outputs = [] if rebuilds else erase_outputs(examples, scope)
        erase_notes(examples, notes)
    annotations = getattr(entry, "annotations", None)  # a key of some targets
    sources = [entry.uri, *([annotations] if annotations else [])]
    for uri in filter(is_remote, sources):  # an archive may hide them, and a table may name them
        shutil.rmtree(cached_copy(uri), ignore_errors=True)
    erase_downloads(examples)
    left = search(examples, Scope(dataset, places), places, notes, list(map(Path, sources)))
    counts = {store.name: len(store.objects()) for store in places}
    receipt = write_receipt(
        dataset, sources, examples, request.found, left, counts, arguments.models, outputs
    )
    print(f"\n{receipt}\nThis receipt: {keep_receipt(receipt)}")
    for path in left.yours[:20]:
        print(f"Not made by the pipeline, and has them: {path}")
    if left.ours:
        raise ForgetError(
            f"{len(left.ours)} places still hold the examples, first: {left.ours[0]}",
            fix="close what may be using them and run it again",
        )
    JOURNAL.unlink()
    hand_over(touched(dataset) if is_built else touched(dataset)[:2], examples, arguments.commit)


def kind_of(dataset: str, params: Kind) -> tuple[str, str]:
    """Modality and target of a dataset, which need not be those of params.yaml."""
    path = entry_path(dataset)
    own = read_yaml(path) if path.exists() else {}
    return str(own.get("modality", params.modality)), str(own.get("target", params.target))


def read_lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ForgetError(f"{path} cannot be read: {error}", fix="give a UTF-8 file") from None


def touched(dataset: str) -> list[str]:
    """What is in git and may be changed."""
    paths = [f"{OPTOUT_DIR}/{dataset}.csv", f"{REVIEWS_DIR}/{dataset}.csv", "dvc.lock", "reports"]
    return [path for path in paths if Path(path).exists() or path.startswith(str(OPTOUT_DIR))]


def refuse_uncommitted(paths: Iterable[str]) -> None:
    changed = git("status", "--porcelain", "--untracked-files=no", "--", *paths).split("\n")[0]
    if changed:
        raise ForgetError(
            f"{changed[3:]} has changes that are not committed, and this command may change it",
            fix="commit them first (git commit), or take them back (git checkout, dvc checkout)",
        )


def confirm() -> None:
    if not sys.stdin.isatty():
        raise ForgetError("nobody is there to confirm this", fix="add --yes")
    if input("\nThis cannot be taken back. Type yes to go on: ").strip() != "yes":
        raise ForgetError("not confirmed, so nothing was changed", fix="answer yes, or add --yes")


def rebuild() -> None:
    print("\nRebuilding without them ...", flush=True)
    if subprocess.run(["dvc", "repro"], check=False).returncode:
        raise ForgetError(
            "dvc repro failed, so nothing was erased yet; the tombstones are written",
            fix="mend what it says above and run this again, or add --no-rebuild to erase now",
        )


def keep_receipt(receipt: str) -> Path:
    digest = hashlib.sha256(receipt.encode()).hexdigest()[:8]
    path = WORK_DIR / f"{RECEIPT}{date.today()}-{digest}.md"
    path.write_text(receipt, encoding="utf-8")
    return path


def hand_over(paths: list[str], examples: Forgotten, commit: bool) -> None:
    """Commit what has changed in git, or say how to."""
    message = f"Forget {len(examples.ids)} examples"
    if not commit:
        print(f"Next: git add {' '.join(paths)} && git commit -m '{message}'")
        return
    git("add", "--", *paths)
    if git("status", "--porcelain", "--untracked-files=no", "--", *paths):
        git("commit", "-q", "-m", message, "--", *paths)
        print(f"Committed: {message}")


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
