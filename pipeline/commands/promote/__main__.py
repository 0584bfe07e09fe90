"""Promote: a model is tagged for production when it wins against the one that serves there.

    groundwork promote               the last commit
    groundwork promote nasty-zips    a commit, branch or experiment
    groundwork promote --rollback    what served before

The gate is in paired.py, traffic.py and served_copy.py; the first model has to win against the
strongest baseline. Exit status: 1 unless it passes. Tags have the form of GTO
(serving/releases/tags.py); nothing is pushed.
"""

import argparse
import fcntl
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq

from pipeline.commands.compare.__main__ import PREDICTIONS, read
from pipeline.commands.compare.comparison import FAIL, INCONCLUSIVE, PASS
from pipeline.commands.compare.revisions import read_output
from pipeline.commands.frame import run_command
from pipeline.commands.promote.arguments import parser
from pipeline.commands.promote.candidates import (
    artifact_of,
    candidate_of,
    fetch,
    refuse_unevaluated,
    refuse_unpushed,
)
from pipeline.commands.promote.checks import Check, decided_by_traffic, verdict_of_all
from pipeline.commands.promote.gate import against_baseline, against_serving
from pipeline.commands.promote.served_copy import check_served_copy, served
from pipeline.commands.promote.traffic import check_traffic
from pipeline.runtime.errors import ServingError, one_line
from pipeline.runtime.files import as_native
from pipeline.serving.folder import folder_digest
from pipeline.serving.model import Model, open_model
from pipeline.serving.releases.tags import (
    Release,
    Tag,
    next_stage_tag,
    next_version,
    read_tags,
    releases_of,
    stack_of,
    versions_of,
    write_tag,
)

HERE = Path()
LOCK = Path(".groundwork/promote.lock")


def main(arguments: argparse.Namespace) -> None:
    with alone(), tempfile.TemporaryDirectory(prefix="groundwork-") as place:
        if arguments.rollback:
            roll_back(arguments, Path(place))
        else:
            promote(arguments, Path(place))


def promote(arguments: argparse.Namespace, place: Path) -> None:
    """Judge a commit, and tag it where it passes; `place` is an empty folder."""
    commit, stage = candidate_of(arguments.revision), arguments.stage
    artifact, tags = artifact_of(commit), read_tags(HERE)
    serving = next(iter(reversed(stack_of(releases_of(tags, artifact, stage)))), None)
    if serving is not None and serving.commit == commit:
        say(f"{serving.version} serves in {stage} already")
        return
    if serving is None and arguments.by_traffic:
        raise ServingError(
            f"nothing serves in {stage} yet, so there is no other model to compare on traffic",
            fix="leave out --by-traffic",
        )
    fetch(commit, place / "candidate")
    refuse_unevaluated(commit, place / "candidate")
    has_remote = arguments.dry_run or refuse_unpushed(commit)
    against = f"{serving.version} ({stage})" if serving else "the strongest baseline"
    say(f"{arguments.revision or 'HEAD'} ({commit[:12]}) against {against}")
    checks = judge(arguments, commit, serving, tags, place)
    if arguments.by_traffic:
        checks = decided_by_traffic(checks)
    for check in checks:
        print(one_line(f"  {check.name:<17} {check.verdict:<13} {check.words}"))
    verdict = verdict_of_all(checks, by_traffic=arguments.by_traffic)
    if verdict != PASS or arguments.dry_run:
        say(f"{verdict}: {meaning(verdict, checks, arguments.by_traffic)}; nothing is tagged")
        sys.exit(int(verdict != PASS))
    names = tag(commit, artifact, stage, tags, message_of(against, checks, place / "candidate"))
    if not has_remote:
        say("no remote is set up: only this machine has these files (dvc remote add --default)")
    say(f"next: git push origin {names}")


def judge(
    arguments: argparse.Namespace,
    commit: str,
    serving: Release | None,
    tags: Sequence[Tag],
    place: Path,
) -> list[Check]:
    """All checks of a candidate in `place/candidate`."""
    model = open_model(place / "candidate")
    content = read_output(PREDICTIONS, commit)
    predictions = pq.read_table(as_native(content))
    if serving is None:
        checks = [against_baseline(commit, must_win=not arguments.not_worse)]
        old: Model | None = None
    else:
        fetch(serving.commit, place / "serving", version_tag(serving, tags))
        old = open_model(place / "serving")
        judging, (base, candidate) = read([serving.commit, commit])
        checks = against_serving(
            judging,
            base,
            candidate,
            predictions,
            commit,
            tolerance=arguments.tolerance,
            must_win=not arguments.not_worse,
        )
        dataset = str(model.graph.about.get("dataset"))
        checks.append(check_traffic(arguments.records, model, old, dataset))
    checks.append(check_served_copy(place / "candidate", model, commit, predictions, old))
    return checks


def roll_back(arguments: argparse.Namespace, place: Path) -> None:
    """Assign a stage again to what served before, once a server has started on the same bytes.

    Raises:
        ServingError: there is nothing to go back to, or it does not start.
    """
    artifact, stage, tags = artifact_of(candidate_of("HEAD")), arguments.stage, read_tags(HERE)
    releases = stack_of(releases_of(tags, artifact, stage))
    if len(releases) < 2:
        found = f"only {releases[-1].version} served" if releases else "nothing served"
        what = f"there is nothing to go back to: {found} in {stage}"
        raise ServingError(what, fix="git fetch --tags brings the tags of others")
    before, now = releases[-2:]
    fetch(before.commit, place / "before", version_tag(before, tags))
    with served(place / "before"):
        pass
    name = next_stage_tag(tags, artifact, stage)
    if not arguments.dry_run:
        digest = folder_digest(place / "before")
        message = f"{stage}: {before.version} again, after {now.version}\n\n"
        write_tag(HERE, name, before.commit, f"{message}Serving-SHA256: {digest}\n")
    would = "would be" if arguments.dry_run else "is"
    say(f"{stage} {would} {before.version} again, after {now.version} ({name})")
    if not arguments.dry_run:
        say(f"next: git push origin '{name}'")


def tag(commit: str, artifact: str, stage: str, tags: Sequence[Tag], message: str) -> str:
    """Give a commit a version, unless it has one, and the stage; returns what to push.

    The stage comes last: it is what servers follow.
    """
    own = [v for v, tag in versions_of(tags, artifact).items() if tag.commit == commit]
    version = own[-1] if own else next_version(tags, artifact)
    name, of_stage = f"{artifact}@{version}", next_stage_tag(tags, artifact, stage)
    if not own:
        write_tag(HERE, name, commit, f"{version}: {message}")
    is_signed = write_tag(HERE, of_stage, commit, f"{stage}: {version}, {message}")
    signed = "signed" if is_signed else "not signed: git has no user.signingkey"
    say(f"tagged {name} and {of_stage}, {signed}")
    return f"'{name}' '{of_stage}'"


def message_of(against: str, checks: Sequence[Check], folder: Path) -> str:
    """Why it was tagged, and the digest of what was."""
    lines = [f"{check.name}: {check.verdict}, {check.words}" for check in checks]
    text = "\n".join(map(one_line, lines))
    return f"against {against}\n\n{text}\n\nServing-SHA256: {folder_digest(folder)}\n"


def version_tag(release: Release, tags: Sequence[Tag]) -> Tag:
    """The tag with the digest of what was released: its version's, or else that of the stage."""
    for other in tags:
        if other.commit == release.commit and other.name.endswith(f"@{release.version}"):
            return other
    return release.tag


def meaning(verdict: str, checks: Sequence[Check], by_traffic: bool) -> str:
    names = ", ".join(check.name for check in checks if check.verdict == verdict)
    if verdict == FAIL:
        return f"it loses by {names}"
    if verdict == INCONCLUSIVE:
        advice = (
            "it takes more labels, by /feedback or groundwork review --collected"
            if by_traffic
            else "--not-worse takes what surely loses nothing"
        )
        return f"it does not surely win by {names}; {advice}"
    return "it would be tagged"


@contextmanager
def alone() -> Iterator[None]:
    """One promote at a time: a second one waits, and is judged against the outcome of the first."""
    LOCK.parent.mkdir(exist_ok=True)
    with LOCK.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def say(line: str) -> None:
    print(one_line(f"promote: {line}"), flush=True)


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
