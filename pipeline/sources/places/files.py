"""The files of a source: the kind of tree at a path, and its members."""

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pipeline.runtime.errors import SourceError
from pipeline.sources.places.archives import Tar, Zip, damaged, open_archive, refuse_unread
from pipeline.sources.places.links import check_links
from pipeline.sources.places.members import (
    Member,
    by_name,
    has_suffix,
    with_slashes,
    without_litter,
)
from pipeline.sources.places.problems import LINK_OUTSIDE, LINK_TO_FOLDER, UnusableFile, fix_of
from pipeline.sources.places.trees import UNPACKED_DIR, Folder, Tree, member_of
from pipeline.sources.places.unpack import decompress, growth_limit

MAX_RESOLVED = 1000  # links examined for an error


@dataclass(frozen=True)
class Files:
    """A tree and its members."""

    tree: Tree
    members: dict[str, Member]
    """Files by name, sorted; without hidden ones and what file managers leave behind."""
    where: str
    """Name of the tree in messages."""
    suffixes: frozenset[str]
    """Suffixes of files that are examples."""
    beside: Mapping[str, int] = field(default_factory=dict)
    """Files that are not among the members, counted by kind: `in @eaDir`."""

    @cached_property
    def others(self) -> dict[str, Member]:
        """The members without the suffix of an example: few, even in large data."""
        return {
            name: member
            for name, member in self.members.items()
            if not has_suffix(name, self.suffixes)
        }

    def read(self, name: str, max_bytes: float) -> bytes:
        """Read a file that the source cannot do without.

        Raises:
            SourceError: it is not there or cannot be read.
        """
        try:
            return self.tree.read(self.members[name], max_bytes)
        except KeyError:
            raise SourceError(f"{self.where} has no file {name}", fix="fetch it again") from None
        except UnusableFile as error:
            raise SourceError(
                f"file {name} of {self.where} is unusable: {error}",
                fix=fix_of(str(error)) or "fetch it again",
            ) from None


def open_files(path: Path, where: str, suffixes: frozenset[str], links: str | None = None) -> Files:
    """Open the folder, archive or single file at `path`, and list it.

    `suffixes` are those of examples; see `has_suffix`. `links` says where links of a folder may
    lead; see `may_lead_to`.

    Raises:
        SettingsError: `links` is neither `follow` nor a folder.
        SourceError: nothing is there, it is a damaged or hostile archive or one of a kind that is
            not read, or none of its files can be read for a reason that is known.
    """
    check_links(links)
    if not os.path.exists(path):  # noqa: PTH110 - Path.exists raises where a name is too long
        raise SourceError(f"uri {where} does not exist", fix=_fix_of_missing(path))
    if not path.is_dir() and not path.is_file():  # a pipe would never end
        raise SourceError(
            f"uri {where} is neither a folder nor a regular file",
            fix="correct it in the catalog entry",
        )
    tree: Tree
    beside: Counter[str] = Counter()
    if path.is_dir():
        tree = Folder(path, links)
        members = list(tree.list(beside))
    elif (archive := _open_archive(path, where)) is not None:
        tree = archive
        members = without_litter(_list_archive(archive, path, where), beside)
    else:
        tree = Folder(path.parent, links)
        members = [member_of(path.name, path.stat(), tree)]
    files = Files(tree, by_name(with_slashes(members)), where, suffixes, dict(beside))
    _refuse_unusable(files)
    return files


def _fix_of_missing(path: Path) -> str:
    """What to do about a missing path; for a relative one in an experiment's own folder, how to
    write it so that it means the same everywhere."""
    project, is_experiment, _ = str(Path.cwd()).partition("/.dvc/tmp/exps/")
    if not is_experiment or path.is_absolute():
        return "correct it in the catalog entry"
    full = os.path.normpath(Path(project, path))
    return (
        "an experiment of --temp or --queue runs in a folder elsewhere, where a relative path "
        f"leads to another place: write {full} in the catalog entry, or run it without --temp"
    )


def _open_archive(path: Path, where: str) -> Tar | Zip | None:
    """Open the archive at `path`, recognised by its content; None when it is none."""
    with path.open("rb") as file:
        start = file.read(512)
    refuse_unread(path, where, start)
    if (archive := open_archive(path, start)) is not None:
        return archive
    if path.suffix == ".gz" and "idx" in path.name:  # an IDX file by itself
        return None
    tar = decompress(path, where, UNPACKED_DIR, growth_limit(path))
    return Tar(tar) if tar else None


def _list_archive(archive: Tar | Zip, path: Path, where: str) -> list[Member]:
    try:
        return list(archive.list())
    except SourceError:
        raise
    except Exception as error:  # a hostile archive makes tarfile and zipfile raise anything
        raise damaged(path, where, error) from None


def _refuse_unusable(files: Files) -> None:
    """Refuse a tree without a readable example or, if it has no examples, without a readable file.

    Raises:
        SourceError: the reason is one that has a known fix.
    """
    examples = {n: m for n, m in files.members.items() if n not in files.others} or files.members
    problems = Counter(member.problem for member in examples.values())
    if not problems or "" in problems:
        return
    problem, number = problems.most_common(1)[0]
    if (fix := fix_of(problem)) is None:
        return
    what = f"{number} of {len(examples)} files of {files.where} cannot be read: each is {problem}"
    if problem in (LINK_OUTSIDE, LINK_TO_FOLDER) and isinstance(files.tree, Folder):
        store = _shared_target(files.tree, examples, problem)
        what += f"; they lead into {store}"
        fix += f" ({store})"
        if "/files/md5" in f"{store}/":
            fix += "; or have DVC copy: dvc config cache.type copy, then dvc checkout --relink"
    raise SourceError(what, fix=fix)


def _shared_target(folder: Folder, members: Mapping[str, Member], problem: str) -> str:
    """The deepest folder into which links with this problem lead."""
    links = [folder.root / m.path for m in members.values() if m.problem == problem]
    targets = [os.path.realpath(link) for link in links[:MAX_RESOLVED]]
    if problem == LINK_OUTSIDE:
        targets = [os.path.dirname(target) for target in targets]  # noqa: PTH120 - are strings
    return os.path.commonpath(targets)
