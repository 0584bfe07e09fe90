"""Forget: erase examples for good, wherever DVC and git keep them, and prove it.

Writes tombstones (digests, no names) to data/optout/<dataset>.csv, rebuilds, removes every object
that holds the examples from the DVC cache, the run-cache, experiments and all remotes, searches
for what might be left, and prints a receipt. Killed half-way, it can be run again.
"""

import argparse
import hashlib
import subprocess
import sys
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from pipeline.commands.forget.arguments import parser
from pipeline.commands.forget.collected import (
    collected_in_git,
    drop_collected,
    learn_requests,
    learn_served,
)
from pipeline.commands.forget.contents.mentions import names_one
from pipeline.commands.forget.contents.traces import Forgotten, tombstones
from pipeline.commands.forget.decisions import (
    drop_decisions,
    drop_paraphrases,
    drop_remembered,
)
from pipeline.commands.forget.erasure import (
    erase,
    erase_downloads,
    erase_notes,
    erase_outputs,
    erase_strays,
)
from pipeline.commands.forget.finding import Scope, find, refuse_tracked_source
from pipeline.commands.forget.history import git, require_git
from pipeline.commands.forget.places import JOURNAL, RECEIPT, read_workspace
from pipeline.commands.forget.receipt import plan, related_examples, say, write_receipt
from pipeline.commands.forget.request import add_tombstones, read_journal, resolve, write_journal
from pipeline.commands.forget.search import Remains, Search
from pipeline.commands.forget.storage import current_lock, locked, open_repository, stores
from pipeline.commands.frame import run_command
from pipeline.dataset.catalog import entry_path
from pipeline.dataset.places import (
    OPTOUT_DIR,
    PARAPHRASES_DIR,
    PROFILES_DIR,
    REVIEWS_DIR,
    collected_file,
)
from pipeline.dataset.review.store import counted
from pipeline.entry import read_entry
from pipeline.params import load_params
from pipeline.runtime.errors import ForgetError
from pipeline.runtime.settings import Kind, read_yaml
from pipeline.runtime.stage import WORK_DIR


def main(arguments: argparse.Namespace) -> None:
    require_git()
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
    workspace = read_workspace(dataset)
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
    learn_served(dataset, examples)
    if is_built:
        learn_requests(dataset, params.modality, examples)
    say(plan(dataset, examples, request.found, arguments.models))
    if is_built:
        say(related_examples(examples.ids, params.modality))
    if not request.unfinished:
        refuse_tracked_source(request.found.bad, collected_file(dataset))
    if arguments.dry_run:
        print("\nNothing was changed (--dry-run).")
        return

    with locked(repository):
        pass  # fail now rather than half-way
    if not request.unfinished:
        refuse_uncommitted(touched(dataset))
        if names_one(arguments.reason.encode("utf-8", "replace"), examples.ids):
            raise ForgetError(
                "--reason names one of the examples, and data/optout is in git for ever",
                fix="give a reason without ids",
            )
    if not arguments.yes:
        confirm()
    write_journal(request)
    add_tombstones(dataset, tombstones(examples, request.unknown), arguments.reason)
    drop_decisions(dataset, examples.ids)
    drop_paraphrases(dataset, examples.ids)
    drop_remembered(dataset, examples.ids)
    drop_collected(dataset, examples)
    rebuilds = is_built and not arguments.no_rebuild
    if rebuilds:
        rebuild()
        scope = Scope(dataset, places)
    kept = scope.reached(current_lock()) if rebuilds else set()
    request.found |= find(examples, scope, places, kept, arguments.models)
    request.found.bad -= kept  # again in the rebuilt data, which lack them
    write_journal(request)
    notes = Path(repository.site_cache_dir)
    with locked(repository):
        erase(request.found, places, workspace)
        outputs = [] if rebuilds else erase_outputs(examples, scope, workspace)
        erase_strays(examples, scope, workspace)
        erase_notes(examples, notes)
    erase_downloads(examples, request.found.addresses)
    annotations = getattr(entry, "annotations", None)  # a key of some targets
    sources = [entry.uri, *([annotations] if annotations else [])]
    scope, tables = Scope(dataset, places), list(map(Path, sources))
    search = Search(examples, scope, read_workspace(dataset), tables, request.found.commits)
    remains = search.everywhere(places, notes)
    counts = {store.name: len(store.objects()) for store in places}
    receipt = write_receipt(
        dataset, sources, examples, request.found, remains, counts, arguments.models, outputs
    )
    say([f"\n{receipt}\nThis receipt: {keep_receipt(receipt)}"])
    say(f"Not made by the pipeline, and has them: {path}" for path in remains.yours[:20])
    refuse_remains(remains)
    JOURNAL.unlink()
    hand_over(touched(dataset, is_built=is_built), examples, arguments.commit)
    refuse_unopened(remains)


def refuse_remains(remains: Remains) -> None:
    """
    Raises:
        ForgetError: some place still has the examples.
    """
    if remains.ours:
        raise ForgetError(
            f"{len(remains.ours)} places still hold the examples, first: {remains.ours[0]}",
            fix="close what may be using them and run it again",
        )
    if remains.worktrees:
        raise ForgetError(
            f"another worktree holds the examples in {len(remains.worktrees)} files, first: "
            f"{remains.worktrees[0]}",
            fix="run the same command there, then here again",
        )


def refuse_unopened(remains: Remains) -> None:
    """
    Raises:
        ForgetError: a place could not be searched; all else is done, so nothing is noted.
    """
    if remains.unopened:
        raise ForgetError(
            f"all else is done, but {len(remains.unopened)} files cannot be looked into, first: "
            f"{remains.unopened[0]}",
            fix="look into them yourself, remove what has the examples, and run it again with the "
            "same ids",
        )


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


def touched(dataset: str, *, is_built: bool = True) -> list[str]:
    """Paths in git that may be changed."""
    names = [f"{of}/{dataset}.csv" for of in (OPTOUT_DIR, REVIEWS_DIR, PARAPHRASES_DIR)]
    paths = [
        *names,
        f"{PROFILES_DIR}/{dataset}.json",
        *collected_in_git(dataset),
        *(["dvc.lock", "reports"] if is_built else []),
    ]
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
    """Commit the changed files, or say how to."""
    message = f"Forget {counted(len(examples.ids), 'example')}"
    if not commit:
        say([f"Next: git add {' '.join(paths)} && git commit -m '{message}'"])
        return
    git("add", "--", *paths)
    if git("status", "--porcelain", "--untracked-files=no", "--", *paths):
        git("commit", "-q", "-m", message, "--", *paths)
        print(f"Committed: {message}")


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
