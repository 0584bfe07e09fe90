"""Releases as annotated tags of git, in the form of GTO (https://dvc.org/doc/gto), which DVC reads.

    classifier@v1.2.0         a version of an artifact of dvc.yaml: the commit that has it
    classifier#production#7   the 7th change of a stage: which commit serves there from now on

GTO itself neither signs nor goes back to an earlier version; so git writes the tags. The latest
tag of a stage counts, for DVC by its time, here by its number: both grow together.
"""

import os
import re
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from pipeline.runtime.errors import ServingError

NAME = r"[a-zA-Z0-9](?:[a-zA-Z0-9_/-]*[a-zA-Z0-9])?"
VERSION = re.compile(rf"(?P<artifact>{NAME})@(?P<version>v(\d+)\.(\d+)\.(\d+)[\w.+-]*)")
STAGE = re.compile(rf"(?P<artifact>{NAME})#(?P<stage>{NAME})(?P<cancel>!?)#(?P<number>\d+)")
DIGEST = re.compile(r"^Serving-SHA256: ([0-9a-f]{64})$", re.MULTILINE)
"""The digest of serving.json in the message of a tag; that has the digests of other files."""
SIGNATURE = "\n-----BEGIN "
PRODUCTION = "production"
FIRST = "v1.0.0"
FIELDS = ("refname:strip=2", "tag", "*objectname", "taggerdate:unix", "contents")


class Tag(NamedTuple):
    """An annotated tag."""

    name: str
    commit: str
    time: int
    """Seconds since 1970."""
    message: str

    @property
    def digest(self) -> str | None:
        """Hex SHA-256 of serving.json, where the tag says it."""
        found = DIGEST.search(self.message)
        return found[1] if found else None


class Release(NamedTuple):
    """What a stage serves, or served."""

    version: str
    """The first letters of the commit where it has no version."""
    tag: Tag
    """The tag of the stage."""

    @property
    def commit(self) -> str:
        return self.tag.commit


def git(repository: Path, *arguments: str, text: str = "", **variables: str) -> str:
    """What git prints.

    Raises:
        ServingError: it fails; says why.
    """
    try:
        result = subprocess.run(
            ["git", "-C", str(repository), *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0", **variables},
        )
    except FileNotFoundError:
        raise ServingError("there is no git on this machine", fix="install git") from None
    if result.returncode:
        lines = [line for line in result.stderr.splitlines() if line.strip()]
        what = f"git {arguments[0]} fails: {lines[-1] if lines else result.returncode}"
        raise ServingError(what, fix="see what git says of it, then run this again")
    return result.stdout


def read_tags(repository: Path) -> list[Tag]:
    """All annotated tags of a repository that point at commits, under the names they were given.

    A signature covers the name within a tag: an old one under a new name would pass as signed.
    """
    form = "".join(f"%({field})%00" for field in FIELDS)
    values = git(repository, "for-each-ref", "refs/tags", f"--format={form}").split("\0")[:-1]
    columns = (values[place :: len(FIELDS)] for place in range(len(FIELDS)))
    return [
        Tag(given, commit, int(seconds or 0), message)
        for name, given, commit, seconds, message in zip(*columns, strict=True)
        if commit and name.lstrip("\n") == given
    ]


def versions_of(tags: Sequence[Tag], artifact: str) -> dict[str, Tag]:
    """The tags with a version of an artifact, by version, the least first."""
    found = [(VERSION.fullmatch(tag.name), tag) for tag in tags]
    own = [(match, tag) for match, tag in found if match and match["artifact"] == artifact]
    own.sort(key=lambda pair: tuple(int(pair[0][place]) for place in (3, 4, 5)))
    return {match["version"]: tag for match, tag in own}


def releases_of(tags: Sequence[Tag], artifact: str, stage: str = PRODUCTION) -> list[Release]:
    """What a stage served, the oldest first; empty where it was taken back last."""
    names = {tag.commit: version for version, tag in versions_of(tags, artifact).items()}
    numbered = []
    for tag in tags:
        found = STAGE.fullmatch(tag.name)
        if found and (found["artifact"], found["stage"]) == (artifact, stage):
            numbered.append((int(found["number"]), bool(found["cancel"]), tag))
    releases: list[Release] = []
    for _, is_end, tag in sorted(numbered):
        release = Release(names.get(tag.commit, tag.commit[:12]), tag)
        releases = [] if is_end else [*releases, release]
    return releases


def stack_of(releases: Sequence[Release]) -> list[Release]:
    """Releases that a stage can go back to, the newest last, which is the one that serves.

    Going back takes a release off, so that going back twice is two steps.
    """
    stack: list[Release] = []
    for release in releases:
        places = [n for n, earlier in enumerate(stack) if earlier.commit == release.commit]
        stack = [*stack[: places[0]], release] if places else [*stack, release]
    return stack


def next_version(tags: Sequence[Tag], artifact: str) -> str:
    """The version after the greatest."""
    versions = list(versions_of(tags, artifact))
    if not versions:
        return FIRST
    major, minor = re.findall(r"\d+", versions[-1])[:2]
    return f"v{major}.{int(minor) + 1}.0"


def next_stage_tag(tags: Sequence[Tag], artifact: str, stage: str = PRODUCTION) -> str:
    """GTO counts all stages of an artifact together."""
    found = [STAGE.fullmatch(tag.name) for tag in tags]
    own = [int(match["number"]) for match in found if match and match["artifact"] == artifact]
    return f"{artifact}#{stage}#{max(own, default=0) + 1}"


def write_tag(repository: Path, name: str, commit: str, message: str) -> bool:
    """Tag a commit, later than every other tag; whether the tag is signed: where git has a key.

    Raises:
        ServingError: there is such a tag, or git cannot sign it.
    """
    latest = max((tag.time for tag in read_tags(repository)), default=0)
    when = f"{max(int(time.time()), latest + 1)} +0000"
    is_signed = signs(repository)
    kind = "-s" if is_signed else "-a"
    arguments = ["tag", kind, "--cleanup=verbatim", "-F", "-", name, commit]
    git(repository, *arguments, text=message, GIT_COMMITTER_DATE=when)
    # git 2.39 ends with 0 where ssh-keygen cannot read the key, and leaves a tag without signature.
    if is_signed and SIGNATURE not in git(repository, "cat-file", "tag", f"refs/tags/{name}"):
        git(repository, "tag", "-d", name)
        raise ServingError(
            "git cannot sign with its user.signingkey", fix="see: git tag -s -m test test"
        )
    return is_signed


def signs(repository: Path) -> bool:
    """Whether git has a key to sign with."""
    listed = git(repository, "config", "--list", "--name-only")
    return bool({"user.signingkey", "tag.gpgsign"} & set(listed.lower().splitlines()))


def verify(repository: Path, tag: str) -> None:
    """Raises ServingError where nobody whom git trusts has signed a tag."""
    try:
        git(repository, "verify-tag", tag)
    except ServingError as error:
        raise ServingError(
            f"the tag {tag} is not signed by anybody who is trusted here: {error.what}",
            fix="sign it (git config user.signingkey, then promote again), or trust its key: "
            "gpg --import, or git config gpg.ssh.allowedSignersFile",
        ) from None
