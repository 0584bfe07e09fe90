"""What git keeps of a file, by commit; without DVC, so that it takes a moment and no cache."""

import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.runtime.errors import HistoryError

EXPERIMENTS = "refs/exps/"
SEPARATOR = "\x1f"


class Commit(NamedTuple):
    """A commit, as people know it."""

    name: str
    parent: str
    """The first; empty where it has none."""
    short: str
    date: str
    author: str
    subject: str


def git(*arguments: str, stdin: bytes = b"") -> bytes:
    """What a command of git prints.

    Raises:
        HistoryError: there is no git, or the command failed.
    """
    try:
        done = subprocess.run(["git", *arguments], input=stdin, capture_output=True, check=False)
    except FileNotFoundError:
        raise HistoryError("git is not installed", fix="install git") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
        raise HistoryError(
            f"git {arguments[0]} failed: {words or done.returncode}",
            fix="see to what git says; run it in a clone of the repository",
        )
    return done.stdout


def resolve(revision: str) -> str:
    """The full name of a commit, given as git has it, or as the name of an experiment of DVC.

    Raises:
        HistoryError: there is none.
    """
    try:
        return _commit_of(revision)
    except HistoryError:
        refs = git("for-each-ref", "--format=%(refname)", EXPERIMENTS).decode().split()
        for ref in refs:
            if ref.endswith(f"/{revision}"):
                return _commit_of(ref)
    raise HistoryError(
        f"{revision} is no commit, branch, tag or experiment",
        fix="see git branch --all and dvc exp show; git fetch brings those of others",
    )


def read_at(revision: str, paths: Iterable[Path | str]) -> list[bytes | None]:
    """Content of files at a revision; None where it has no such file."""
    return list(contents(f"{revision}:./{Path(path).as_posix()}" for path in paths))


def contents(names: Iterable[str]) -> Iterator[bytes | None]:
    """Content of objects of git, in turn, one in memory at a time; None where there is none.

    A name with a line break in it is that of none.
    """
    with subprocess.Popen(
        ["git", "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for name in names:
            if "\n" in name:
                yield None
                continue
            process.stdin.write(f"{name}\n".encode())
            process.stdin.flush()
            header = process.stdout.readline().split()
            if len(header) != 3 or not header[2].isdigit():
                yield None
                continue
            content = process.stdout.read(int(header[2]))
            process.stdout.read(1)
            yield content if header[1] == b"blob" else None


def blobs_of(names: Iterable[str]) -> list[str | None]:
    """What git knows the content of each object by; None where there is none."""
    asked = "".join(f"{name}\n" for name in names).encode()
    lines = git("cat-file", "--batch-check", stdin=asked).decode("utf-8", "replace").splitlines()
    return [line.split()[0] if line.split()[1:2] == ["blob"] else None for line in lines]


def commits_of(paths: Iterable[Path]) -> list[Commit]:
    """The commits of the branch that changed some files, the oldest first."""
    if b" commit " not in git("cat-file", "--batch-check", stdin=b"HEAD\n"):
        return []  # there is none yet
    form = SEPARATOR.join(["%H", "%P", "%h", "%cs", "%an", "%s"])
    log = ("-c", "log.showSignature=false", "log", "--topo-order", "--reverse")
    listed = git(*log, f"--format={form}", "--", *map(str, paths)).decode("utf-8", "replace")
    commits = []
    for line in listed.splitlines():
        name, parents, *others = line.split(SEPARATOR, 5)
        commits.append(Commit(name, parents.partition(" ")[0], *others))
    return commits


def _commit_of(revision: str) -> str:
    if revision.startswith("-"):
        raise HistoryError(f"{revision} is no commit", fix="see git log")
    return git("rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}").decode().strip()
