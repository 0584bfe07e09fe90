"""Data that change: with real DVC, `clean` and `augment` do what is new, to the bytes of all."""

import shutil

from repository import Repository

BEFORE = "images were searched for near duplicates before"


def augment(repository: Repository, options: str = "") -> list[str]:
    """What the stage says."""
    return said(repository, "augment", options)


def said(repository: Repository, stage: str, options: str = "") -> list[str]:
    output = repository.run(f"dvc repro {options} {stage}")
    return [line for line in output.splitlines() if line.startswith(f"{stage}: ")]


def test_what_was_searched_for_near_duplicates_is_not_searched_again(quick_clone):
    repository = quick_clone
    repository.set_params({"clean": {"folds": 0}})
    optout = repository.path / "data/optout/digits.csv"
    optout.write_text("id\n0003\n0900\n")
    [summary] = said(repository, "clean")
    assert summary.startswith("clean: 1795 examples")
    optout.unlink()
    taken, _ = said(repository, "clean")
    assert taken == f"clean: 1795 of 1797 {BEFORE}"
    optout.write_text("id\n0004\n")
    repository.set_params({"clean": {"action": "flag"}})
    taken, _ = said(repository, "clean")
    assert taken == f"clean: 1796 of 1796 {BEFORE}"
    found = repository.digests("data/clean", "reports")
    shutil.rmtree(repository.path / ".groundwork/duplicates")
    [summary] = said(repository, "clean", "--force --single-item")
    assert summary.startswith("clean: 1796 examples")
    assert repository.digests("data/clean", "reports") == found


def test_what_has_not_changed_is_not_made_again(quick_clone):
    repository = quick_clone
    repository.set_params({"clean": {"folds": 0}})
    optout, reviews = (
        repository.path / f"data/{name}/digits.csv" for name in ("optout", "reviews")
    )
    optout.write_text("id\n0003\n")
    [line] = augment(repository)
    assert line.endswith(", 2 copies of train")
    optout.unlink()
    [line] = augment(repository)
    assert line.endswith(", 2 copies of train, 1796 of 1797 images as before")
    reviews.write_text("id,given,decision,reviewer,note\n0005,5,7,ana,\n0006,6,drop,ana,\n")
    [line] = augment(repository)
    assert line.endswith(", 2 copies of train, 1796 of 1796 images as before")
    found = repository.digests("data/shards", "reports/augmented.png")

    shard = repository.path / "data/shards/train-00003.parquet"
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    warning, line = augment(repository, "--force --single-item")
    assert warning == (
        "augment: everything is made anew, since shard data/shards/train-00003.parquet is damaged: "
        "its digest is not the one in index.json"
    )
    assert line.endswith(", 2 copies of train")
    assert repository.digests("data/shards", "reports/augmented.png") == found
    assert len(list((repository.path / ".groundwork/augment").iterdir())) <= 2
