"""No layout is chosen in silence: what looks like a split or a table of labels is said or asked."""

from pathlib import Path

import pytest

from pipeline.runtime.errors import SourceError
from pipeline.sources.source import Source
from tests.support.entries import Entry, open_source

FIX = (
    "rename folders of splits to train, val and test, or point uri at the folder whose folders are "
    "labels; where these names are labels, list them all under classes: in the catalog entry"
)


def make(root: Path, names: list[str]) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"an image")
    return root


def in_folders(*folders: str, number: int = 3) -> list[str]:
    return [f"{folder}/{folder[:1]}{n}.jpg" for folder in folders for n in range(number)]


def source(root: Path, **more) -> Source:
    return open_source(Entry(uri=str(root), license="CC0-1.0", **more))


def labels(found: Source) -> dict[str, tuple[str | None, str | None]]:
    rows = [row for read in found.batches for row in read().to_pylist()]
    return {row["id"]: (row["label"], row["split"]) for row in rows}


def refusal(root: Path, **more) -> str:
    with pytest.raises(SourceError) as caught:
        source(root, **more)
    return str(caught.value)


@pytest.mark.parametrize(
    ("folders", "listed"),
    [
        (
            "seg_train/seg_train/sea seg_test/seg_test/sea seg_pred/x",
            "seg_pred, seg_test, seg_train",
        ),
        ("x/train/a x/val/a x/test/a x/x/train/a", "test, train, val (beside x)"),
        ("train_images test_images", "test_images, train_images"),
        ("images_part_1 images_part_2", "images_part_1, images_part_2"),
        ("images masks", "images, masks"),
        ("train/cat train/dog logos", "train (beside logos)"),
        ("train/cat train/dog extra/cat extra/dog", "train (beside extra)"),
        ("train/cat test/cat cat dog", "test, train (beside cat, dog)"),
        ("train/fold1 train/fold2 test/fold1", "fold1, fold2"),
    ],
)
def test_folders_that_look_like_splits_are_asked_about(tmp_path, folders, listed):
    make(tmp_path, in_folders(*folders.split()))
    assert refusal(tmp_path) == (
        f"ERROR {tmp_path} has folders that are called like splits or parts of a dataset, not like "
        f"labels: {listed} | fix: {FIX}"
    )


@pytest.mark.parametrize(
    ("folders", "names"),
    [
        ("bus train", ["bus", "train"]),
        ("bus/a bus/b train/c train/d", ["bus", "train"]),
        ("train/cat train/dog eval/cat eval/dog", ["cat", "dog"]),
        ("train/cat train/dog train/test test/cat", ["cat", "dog", "test"]),
    ],
)
def test_other_folders_are_not(tmp_path, folders, names):
    make(tmp_path, in_folders(*folders.split()))
    assert source(tmp_path).target["classes"] == names


def test_names_that_the_entry_has_are_labels(tmp_path):
    make(tmp_path, in_folders("part1", "part2", "train", "test"))
    names = ["part1", "part2", "train", "test"]
    found = source(tmp_path, classes=names)
    assert {label for label, _ in labels(found).values()} == {*names}
    assert found.splits == set()


def test_eval_is_test_and_said(tmp_path):
    make(tmp_path, in_folders("train/cat", "train/dog", "eval/cat"))
    found = source(tmp_path)
    assert found.splits == {"train", "test"}
    assert found.notes == ("folder eval counts as test",)


def test_examples_in_no_folder_of_a_label_have_none(tmp_path):
    make(tmp_path, [*in_folders("train/cat", "train/dog", "train/unlabelled", "val"), "1.jpg"])
    found = source(tmp_path)
    without = {id for id, (label, _) in labels(found).items() if label is None}
    assert without == {*in_folders("train/unlabelled", "val"), "1.jpg"}
    assert found.target["classes"] == ["cat", "dog"]
    assert found.splits == {"train"}
    assert found.notes == (
        "val has no labels (3 rows): they wait unlabelled; val is drawn from train",
    )
    assert found.doubts == (
        "3 images lie in train/unlabelled, in no class folder: without a label",
        "3 images lie in val, in no class folder: without a label",
        "1 image lies in the top folder, in no class folder: without a label",
    )


@pytest.mark.parametrize("folder", ["images", "test", "unknown"])
def test_a_split_with_one_folder_that_is_no_label_has_none(tmp_path, folder):
    make(tmp_path, in_folders("train/cat/images", "train/dog/images", f"test/{folder}"))
    found = source(tmp_path)
    assert found.target["classes"] == ["cat", "dog"]
    assert found.labels_by_split["test"] == {None: 3}
    assert found.splits == {"train"}


def test_a_split_with_one_of_the_labels_has_it(tmp_path):
    make(tmp_path, in_folders("train/cat", "train/dog", "test/cat"))
    assert source(tmp_path).splits == {"train", "test"}


def test_what_lies_beside_a_folder_that_holds_all_is_unlabelled(tmp_path):
    make(tmp_path, [*in_folders("pets-v2/cat", "pets-v2/dog"), "banner.jpg", "pets-v2/cover.jpg"])
    found = source(tmp_path)
    assert found.notes == ("what lies below pets-v2/ counts",)
    assert labels(found) == {
        **{f"{name}/p{n}.jpg": (name, None) for name in ("cat", "dog") for n in range(3)},
        "banner.jpg": (None, None),
        "cover.jpg": (None, None),
    }


def test_labels_that_stand_in_each_folder_are_noticed(tmp_path):
    make(tmp_path, in_folders("site_a/cat", "site_a/dog", "site_b/cat", "site_b/dog"))
    found = source(tmp_path)
    assert found.target["classes"] == ["site_a", "site_b"]
    assert found.doubts == (
        "cat, dog are in each of the folders that count as labels: perhaps those are the labels",
    )


TABLE = "labels.csv looks like a table of labels, but is not used: "


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("name,kind\nc0.jpg,x\nd1.jpg,y\n", "no column is called image and label as usual; it has"),
        ("id_code,diagnosis\nc0,0\nd1,1\n", "it has id_code, diagnosis (columns: in the catalog"),
        ("image,label\nc0.jpg,x\nd1.jpg,y\n", "it has c0.jpg, there is cat/c0.jpg"),
        ("cat/c0.jpg,x\ndog/d0.jpg,y\n", "it has no header that names its columns"),
        ("image,one,two\ncat/c0.jpg,1,0\n", "no column is called label as usual"),
    ],
)
def test_a_table_of_labels_is_not_passed_over(tmp_path, table, reason):
    make(tmp_path, in_folders("cat", "dog"))
    (tmp_path / "labels.csv").write_text(table)
    (doubt,) = source(tmp_path, kind="folders").doubts
    assert doubt.startswith(TABLE)
    assert reason in doubt


def test_other_texts_are_no_tables_of_labels(tmp_path):
    make(tmp_path, in_folders("cat", "dog"))
    (tmp_path / "README.txt").write_text("Look at c0.jpg.\nIt is a cat.\nOthers are not.\nBye.\n")
    (tmp_path / "cat/c0.json").write_text('{"path": "c0.jpg"}')
    (tmp_path / "empty.csv").write_text("")
    assert source(tmp_path).doubts == ()


def test_the_table_is_named_where_the_folders_are_refused(tmp_path):
    make(tmp_path, in_folders("train_images", "test_images"))
    (tmp_path / "train.csv").write_text("id_code,diagnosis\nt0,0\nt1,1\n")
    assert "; train.csv looks like a table of labels, but is not used: " in refusal(tmp_path)
