"""Data that change: with real DVC, `clean` and `augment` do what is new, to the bytes of all."""

import shutil

from repository import Repository

BEFORE = "images were searched for near duplicates before"
OUTPUTS = ("data/clean", "reports/duplicates.csv", "reports/labels.json")


def augment(repository: Repository, options: str = "") -> list[str]:
    """What `clean` says of images that it knows, and all that `augment` says."""
    output = repository.run(f"dvc repro {options} augment")
    return [line for line in output.splitlines() if line.startswith("augment: ") or BEFORE in line]


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
    searched, line = augment(repository)
    assert searched == f"clean: 1796 of 1797 {BEFORE}"
    assert line.endswith(", 2 copies of train, 1796 of 1797 images as before")
    reviews.write_text("id,given,decision,reviewer,note\n0005,5,7,ana,\n0006,6,drop,ana,\n")
    searched, line = augment(repository)
    assert searched == f"clean: 1797 of 1797 {BEFORE}"
    assert line.endswith(", 2 copies of train, 1796 of 1796 images as before")
    found = repository.digests("data/shards", "reports/augmented.png")
    cleaned = repository.digests(*OUTPUTS)

    shutil.rmtree(repository.path / ".groundwork/duplicates")
    assert BEFORE not in repository.run("dvc repro --force --single-item clean")
    assert repository.digests(*OUTPUTS) == cleaned

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
