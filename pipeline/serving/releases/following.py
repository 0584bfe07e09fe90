"""A server follows a stage of a git repository, such as `production`.

Below a folder of its own stand a bare copy of the repository's tags, the last releases, and the
link `current`, which a server serves as any folder: what follow.py does at a change of the link is
what tests the new model and lets the old one go on. Needs the commands git and dvc, not their code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.runtime.errors import GroundworkError, ServingError, as_groundwork_error, one_line
from pipeline.serving.folder import folder_digest, read_about
from pipeline.serving.releases.tags import (
    STAGE,
    Release,
    Tag,
    git,
    read_tags,
    releases_of,
    verify,
    versions_of,
)

LOOK_SECONDS = 60.0
SERVED = "models/serving"
KEPT = 2
"""Releases that stay on the disk, so that going back takes no download."""


class Source(NamedTuple):
    """What is followed."""

    url: str
    """The URL of a git repository, or its path."""
    stage: str
    must_be_signed: bool
    place: Path
    """Where releases are kept."""

    @property
    def link(self) -> Path:
        """The folder to serve."""
        return self.place / "current"


def update(source: Source) -> str | None:
    """Fetch what the stage has, and move the link there; returns its version where that is new.

    Raises:
        GroundworkError: nothing is released, it cannot be fetched, or is not to be trusted.
    """
    repository = _fetch_tags(source)
    release, digest = _latest(source, read_tags(repository))
    if source.must_be_signed:
        verify(repository, release.tag.name)
    folder = source.place / f"release-{release.commit[:12]}"
    if not folder.is_dir():
        _fetch(source, release, folder, digest)
    _refuse_other(folder, release, digest)
    if source.link.is_symlink() and source.link.readlink() == Path(folder.name):
        return None
    _move_link(source.link, folder)
    _tidy(source)
    return release.version


class SourceFollower:
    """Looks at a source in a thread."""

    def __init__(self, source: Source, say: Callable[[str], None]) -> None:
        self._source, self._say = source, say
        self._wake, self._is_over = threading.Event(), False
        self._said = ""
        self._thread = threading.Thread(target=self._watch, name="releases", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def look_now(self) -> None:
        self._wake.set()

    def close(self) -> None:
        """End; a download under way is left, and is done again next time."""
        self._is_over = True
        self._wake.set()

    def _watch(self) -> None:
        while not self._is_over:
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
            if not self._is_over:
                self.update()

    def update(self) -> None:
        """Call `update`; a failure is said once, and what is served goes on."""
        try:
            version = update(self._source)
        except (GroundworkError, OSError) as error:
            line = f"{self._source.stage} cannot be followed: {as_groundwork_error(error)}"
        else:
            line = f"{self._source.stage} is {version}" if version else ""
        if line and line != self._said:
            self._say(one_line(f"serve: {line}"))
        self._said = line


def _fetch_tags(source: Source) -> Path:
    repository = source.place / "tags.git"
    if not (repository / "HEAD").is_file():
        source.place.mkdir(parents=True, exist_ok=True)
        git(source.place, "init", "-q", "--bare", repository.name)
    # A path of a shell starts where the server does, not in the copy.
    url = str(Path(source.url).resolve()) if Path(source.url).exists() else source.url
    git(repository, "fetch", "-q", "--prune", "--force", url, "refs/tags/*:refs/tags/*")
    return repository


def _latest(source: Source, tags: list[Tag]) -> tuple[Release, str | None]:
    """The release of the stage, and the digest of its serving.json: by the tag of the stage, or
    where that may be unsigned by the tag of the version."""
    found = [STAGE.fullmatch(tag.name) for tag in tags]
    artifacts = {match["artifact"] for match in found if match and match["stage"] == source.stage}
    released = {name: releases_of(tags, name, source.stage) for name in sorted(artifacts)}
    released = {name: releases for name, releases in released.items() if releases}
    if len(released) != 1:
        names = f"{' and '.join(released)} are" if released else "nothing is"
        raise ServingError(
            f"{names} in the stage {source.stage} of {source.url}, expected one artifact",
            fix="groundwork promote there, then git push origin --tags",
        )
    ((artifact, releases),) = released.items()
    release = releases[-1]
    if source.must_be_signed and release.tag.digest is None:
        raise ServingError(
            f"the tag {release.tag.name} does not say the digest of what it is given for",
            fix="groundwork promote writes tags that do",
        )
    versioned = versions_of(tags, artifact).get(release.version)
    return release, release.tag.digest or (versioned.digest if versioned else None)


def _refuse_other(folder: Path, release: Release, digest: str | None) -> None:
    """Raises ServingError where a folder is not what was released."""
    if digest not in (None, folder_digest(folder)):
        raise ServingError(
            f"{SERVED} of {release.version} is not what the tag {release.tag.name} was given for",
            fix="somebody moved the tag or changed storage: git show --show-signature "
            f"'{release.tag.name}'",
        )


def _fetch(source: Source, release: Release, folder: Path, digest: str | None) -> None:
    """Bring a release into a folder, whole or not at all."""
    beside = str(Path(sys.executable).parent / "dvc")
    dvc = shutil.which("dvc") or shutil.which(beside)
    if dvc is None:
        raise ServingError(
            "there is no command dvc, which fetches releases",
            fix="install it beside: pipx install 'dvc[s3]'; or fetch by a job (docs/promote.md)",
        )
    with tempfile.TemporaryDirectory(dir=source.place, prefix="partial-") as partial:
        place = Path(partial) / "serving"
        command = [dvc, "get", "-q", source.url, SERVED, "--rev", release.commit]
        result = subprocess.run(
            [*command, "-o", str(place)], capture_output=True, text=True, check=False
        )
        if result.returncode:
            lines = [line for line in result.stderr.splitlines() if line.strip()]
            raise ServingError(
                f"{SERVED} of {release.version} cannot be fetched: {(lines or ['no reason'])[0]}",
                fix=f"dvc push {SERVED} where it was made; storage of the repository must be "
                "readable here",
            )
        read_about(place)
        _refuse_other(place, release, digest)
        place.rename(folder)


def _move_link(link: Path, folder: Path) -> None:
    new = link.with_name(f"{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(folder.name)
    new.replace(link)


def _tidy(source: Source) -> None:
    """Remove releases but the last KEPT that were served, and what killed downloads left."""
    os.utime(source.link.resolve())
    folders = [path for path in source.place.glob("release-*") if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in [*folders[KEPT:], *source.place.glob("partial-*")]:
        shutil.rmtree(folder, ignore_errors=True)
