"""Reads and cleans git: versions of files, experiments, stashes, reflogs, unreachable objects."""

import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.commands.forget.contents.mentions import names_one
from pipeline.dataset.addresses import is_remote
from pipeline.dataset.catalog import entry_path
from pipeline.runtime.errors import ForgetError

EXPERIMENTS = "refs/exps/"
EXECUTION = "refs/exps/exec/"
"""Refs that mark DVC's progress within an experiment; they name no experiment."""
STASH = "refs/stash"


class Version(NamedTuple):
    """The content of a file in some commits."""

    content: bytes
    commits: list[str]


def require_git() -> None:
    """
    Raises:
        ForgetError: this is not a repository of git with a commit.
    """
    try:
        git("rev-parse", "--verify", "HEAD")
    except ForgetError:
        raise ForgetError(
            "git knows no commit here, so nobody can say what earlier versions of the data held",
            fix="run it in a clone of the repository; for a folder that never was in git: "
            "git init && git add -A && git commit -m start",
        ) from None


def git(*arguments: str, text: str | None = None) -> str:
    """The output of a git command; `text` goes to its standard input.

    Raises:
        ForgetError: there is no git, or the command failed.
    """
    try:
        return subprocess.run(
            ["git", *arguments],
            input=text,
            check=True,
            capture_output=True,
            text=True,
            errors="replace",
        ).stdout
    except FileNotFoundError:
        raise ForgetError("git is not installed", fix="install git") from None
    except subprocess.CalledProcessError as error:
        message = error.stderr.strip().rpartition("\n")[2] or f"it ended with {error.returncode}"
        raise ForgetError(
            f"git {arguments[0]} failed: {message}",
            fix="see to what git says (git fsck), try again",
        ) from None


def versions_of(path: Path) -> list[Version]:
    """The versions of a file in all commits of branches, tags, experiments, stashes and reflogs."""
    commits = git("rev-list", "--all", "--reflog", "HEAD").split()
    request = "".join(f"{commit}:{path}\n" for commit in commits)
    blobs: dict[str, list[str]] = {}
    for commit, line in zip(
        commits, git("cat-file", "--batch-check", text=request).splitlines(), strict=True
    ):
        blob, kind, *_ = line.split()
        if kind == "blob":
            blobs.setdefault(blob, []).append(commit)
    return [Version(_content(blob), commits) for blob, commits in blobs.items()]


def addresses(dataset: str) -> list[str]:
    """Every remote address that the catalog entry of a dataset ever named, here or in git."""
    path = entry_path(dataset)
    contents = [version.content for version in versions_of(path)]
    contents += [path.read_bytes()] if path.exists() else []
    found: dict[str, None] = {}
    for content in contents:
        try:
            entry = YAML(typ="safe").load(content.decode("utf-8", "replace"))
        except YAMLError:
            continue  # it was never read, so nothing was fetched
        found |= dict.fromkeys(filter(is_remote, _texts(entry)))
    return list(found)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _content(name: str) -> bytes:
    return subprocess.run(["git", "cat-file", "blob", name], check=True, capture_output=True).stdout


def experiments_of(
    commits: Collection[str], objects: Collection[str]
) -> tuple[list[str], list[str]]:
    """Refs of experiments, also stashed and queued ones, that contain some of the commits.

    Or that alone have some of the `objects`. Those of EXECUTION count if no other ref leads to
    their commit. Also returns the commits that only these refs reach.
    """
    found: list[str] = []
    only: dict[str, None] = {}
    others = ("--not", "--branches", "--tags", "--remotes")
    for ref in git("for-each-ref", "--format=%(refname)", EXPERIMENTS).split():
        alone = git("rev-list", ref, *others).split()
        own = set(alone)
        stashed = set(git("log", "--walk-reflogs", "--format=%H", ref, "--").split())
        if not ref.startswith(EXECUTION):
            own |= {git("rev-parse", ref).strip(), *stashed}
        listed = git("rev-list", "--objects", "--no-object-names", ref, *stashed, *others).split()
        if not own.isdisjoint(commits) or not set(listed).isdisjoint(objects):
            found.append(ref)
            only |= dict.fromkeys(alone)
    return found, list(only)


def remove_experiments(refs: Iterable[str], commits: Collection[str]) -> None:
    """Remove experiments and their objects in git, and those of unreachable `commits`.

    DVC commits an experiment in the workspace itself, so that the reflog of HEAD has it too.
    """
    for ref in refs:
        git("update-ref", "-d", ref)
    gone = set(commits) - set(git("rev-list", "--all", "HEAD").split())
    entries = git("log", "--walk-reflogs", "--format=%H", "HEAD").split()
    for number, commit in reversed(list(enumerate(entries))):  # the others keep their numbers
        if commit in gone:
            git("reflog", "delete", "--rewrite", f"HEAD@{{{number}}}")
    if gone:
        git("repack", "-a", "-d", "-q")
        git("prune", "--expire=now")


def git_objects() -> Iterator[tuple[str, bytes]]:
    """Every object that git keeps, packed or loose, reachable or not."""
    process = subprocess.Popen(
        ["git", "cat-file", "--batch-all-objects", "--batch", "--buffer"], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    with process.stdout as stream:
        while header := stream.readline().split():
            content = stream.read(int(header[2]))
            stream.read(1)
            yield header[0].decode(), content
    process.wait()


def own_files() -> Iterator[Path]:
    """Files of git other than objects: its index, messages, large files of extensions."""
    root = Path(git("rev-parse", "--git-common-dir").strip())
    objects = root / "objects"
    for path in sorted(root.rglob("*")):
        if path.is_file() and not path.is_symlink() and objects not in path.parents:
            yield path


def worktrees() -> list[Path]:
    """Other folders in which this repository is checked out."""
    here = Path(git("rev-parse", "--show-toplevel").strip())
    listed = git("worktree", "list", "--porcelain", "-z").split("\0")
    paths = [Path(line[9:]) for line in listed if line.startswith("worktree ")]
    return [path for path in paths if path.resolve() != here.resolve() and path.is_dir()]


def commits_with(blob: str) -> list[str]:
    """Short names of the commits that brought or removed a file with this content."""
    found = git("log", "--all", "--reflog", "-m", "--format=%h", f"--find-object={blob}").split()
    return list(dict.fromkeys(found))


def stashes() -> list[str]:
    """Commits of `git stash`, the newest first."""
    if not git("for-each-ref", STASH):
        return []
    return git("log", "--walk-reflogs", "--format=%H", STASH, "--").split()


def described(commits: Collection[str], ids: Collection[str]) -> list[str]:
    """Date, short name and subject of commits, the newest first; no subject that names an id."""
    known = git("cat-file", "--batch-check", text="".join(f"{c}\n" for c in commits)).splitlines()
    there = [line.split()[0] for line in known if " commit " in line]
    gone = [line.split()[0] for line in known if " commit " not in line]
    lines = []
    if there:
        form = "--format=%ct%x00%cs %h %s"
        listed = git("log", "--no-walk", "--stdin", form, text="\n".join(there))
        rows = sorted((row.split("\0", 1) for row in listed.splitlines()), key=lambda r: -int(r[0]))
        lines = [line for _, line in rows]
    named = [line[:18].rstrip() for line in lines]
    lines = [
        f"{short} (its subject names one)" if names_one(line.encode(), ids) else line
        for short, line in zip(named, lines, strict=True)
    ]
    return [*lines, *(f"{commit[:12]}, which git has no more" for commit in gone)]
