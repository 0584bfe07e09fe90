"""Links of a folder are followed into it, into DVC's cache, and where `links` of an entry says."""

import os
from pathlib import Path

import pytest

from pipeline.runtime.errors import SettingsError, SourceError
from pipeline.sources.places.files import Files, open_files
from pipeline.sources.places.problems import (
    LINK_NOWHERE,
    LINK_OUTSIDE,
    LINK_TO_ABSENT_ANNEX,
    LINK_TO_ABSENT_OBJECT,
    LINK_TO_FOLDER,
)

SUFFIXES = frozenset({".jpg"})


def put(path: Path, data: bytes = b"content") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def link(path: Path, target: str | Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
    return path


def opened(path: Path, links: str | None = None) -> Files:
    return open_files(path, "here", SUFFIXES, links)


def problems(files: Files) -> dict[str, str]:
    return {name: member.problem for name, member in files.members.items()}


def refusal(path: Path, links: str | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        opened(path, links)
    return caught.value


@pytest.fixture
def store(here: Path) -> Path:
    """A folder `pets` of two links into `store`, beside which it lies."""
    for name in "ab":
        put(here / "store" / name / name, name.encode())
        link(here / "pets" / "cat" / f"{name}.jpg", here / "store" / name / name)
    return here / "store"


def test_links_out_of_a_folder_are_named_with_where_they_lead_and_what_helps(here, store):
    error = refusal(here / "pets")
    assert error.what == (
        f"2 of 2 files of here cannot be read: each is {LINK_OUTSIDE}; they lead into {store}"
    )
    assert "`links: follow`" in error.fix
    assert f"({store})" in error.fix


@pytest.mark.parametrize("links", ["follow", "store", "absolute", "parent"])
def test_a_key_of_the_entry_lets_links_lead_outside(here, store, links):
    links = {"absolute": str(store), "parent": str(here)}.get(links, links)
    files = opened(here / "pets", links)
    assert problems(files) == {"cat/a.jpg": "", "cat/b.jpg": ""}
    assert files.read("cat/b.jpg", 10) == b"b"
    assert files.tree.find("cat/a.jpg").problem == ""


def test_a_key_of_the_entry_names_one_folder_and_no_other(here, store):
    put(here / "pets" / "cat" / "own.jpg")
    link(here / "pets" / "cat" / "in.jpg", "own.jpg")
    files = opened(here / "pets", str(store / "a"))
    assert problems(files) == {
        "cat/a.jpg": "",
        "cat/b.jpg": LINK_OUTSIDE,
        "cat/in.jpg": "",
        "cat/own.jpg": "",
    }


@pytest.mark.parametrize("links", ["nowhere", "store/a/a", "yes"])
def test_a_key_that_is_neither_follow_nor_a_folder(here, store, links):
    with pytest.raises(SettingsError, match="links must be follow, or a folder"):
        opened(here / "pets", links)


@pytest.mark.parametrize("at", [None, "../shared-cache"])
def test_links_into_the_cache_of_dvc_of_this_project_are_followed(here, at):
    cache = here / ".dvc" / "cache"
    if at:
        put(here / ".dvc" / "config", f"[cache]\n    dir = ../{at}\n".encode())
        cache = here.parent / "shared-cache"
    stored = put(cache / "files" / "md5" / "0a" / "1b", b"cached")
    link(here / "pets" / "cat" / "1.jpg", stored)
    files = opened(here / "pets")
    assert files.read("cat/1.jpg", 10) == b"cached"


def test_links_into_the_cache_of_dvc_of_another_project_are_called_so(here):
    stored = put(here / "elsewhere" / "files" / "md5" / "0a" / "1b")
    link(here / "pets" / "cat" / "1.jpg", stored)
    assert "dvc config cache.type copy" in refusal(here / "pets").fix


@pytest.mark.parametrize(
    ("target", "problem", "fix"),
    [
        ("../.git/annex/objects/x/y", LINK_TO_ABSENT_ANNEX, "git annex get"),
        ("/store/files/md5/0a/1b", LINK_TO_ABSENT_OBJECT, "dvc pull"),
    ],
)
def test_contents_that_are_not_here(here, target, problem, fix):
    link(here / "pets" / "cat" / "1.jpg", target)
    error = refusal(here / "pets")
    assert problem in error.what
    assert fix in error.fix


def test_links_within_a_folder_and_a_link_to_it(here):
    put(here / "pets" / ".git" / "annex" / "objects" / "k", b"annexed")
    link(here / "pets" / "cat" / "1.jpg", "../.git/annex/objects/k")
    link(here / "pets" / "cat" / "2.jpg", "1.jpg")
    link(here / "pets" / "cat" / "3.jpg", "nothing")
    files = opened(link(here / "alias", "pets"))
    assert problems(files) == {"cat/1.jpg": "", "cat/2.jpg": "", "cat/3.jpg": LINK_NOWHERE}
    assert files.read("cat/2.jpg", 10) == b"annexed"


def test_linked_folders_are_listed_when_the_entry_says_so_and_once(here):
    put(here / "store" / "cats" / "1.jpg")
    link(here / "store" / "cats" / "up", here)  # a circle
    link(here / "pets" / "cat", here / "store" / "cats")
    link(here / "pets" / "dog", here / "store" / "cats")
    assert LINK_TO_FOLDER in refusal(here / "pets").what
    files = opened(here / "pets", "follow")
    (usable,) = [name for name, problem in problems(files).items() if not problem]
    assert usable.endswith("/1.jpg")
    assert LINK_TO_FOLDER in problems(opened(here / "pets", "store")).values()


def test_a_link_that_may_lead_anywhere_leads_to_no_device(here):
    put(here / "pets" / "cat" / "1.jpg")
    link(here / "pets" / "cat" / "zero.jpg", os.devnull)
    assert problems(opened(here / "pets", "follow"))["cat/zero.jpg"] == "no regular file"
