"""Who stays of duplicates, who leaks, and what belongs together."""

import numpy as np

from pipeline.clean.duplicates import (
    Duplicates,
    Repetition,
    distinct_rows,
    find_duplicates,
    merge_owners,
)
from pipeline.modalities.pairs import Pairs

NEAR = {"a-b": 0.75, "c-d": 0.5, "c-e": 0.5}


def find(rows: str, near: dict[str, float] | None = None) -> Duplicates:
    """Of rows such as `test:a=x train:b=x`, split:id=digest; pairs such as `a-b`."""
    parts = [row.replace("=", ":").split(":") for row in rows.split()]
    splits, ids = [part[0] for part in parts], [part[1] for part in parts]
    digests = [part[2] if len(part) > 2 else part[1] for part in parts]
    places = sorted([*map(ids.index, pair.split("-"))] for pair in near or {})
    pairs = Pairs(
        np.array([first for first, _ in places], np.int64),
        np.array([second for _, second in places], np.int64),
        np.array(list((near or {}).values()), np.float32),
    )
    return find_duplicates(distinct_rows(digests, splits, ids), pairs, splits, ids)


def removals(found: Duplicates) -> dict[int, tuple[str, int]]:
    """Of the rows that should go, why, and the row that each repeats."""
    return {r.row: (r.reason, r.of) for r in found.repetitions if r.reason is not None}


def test_of_equal_images_the_first_split_stays_then_the_least_id():
    found = find("train:d=x train:c=x val:b=x train:f=y train:e=y test:a=x")
    assert removals(found) == {
        0: ("leak", 5),
        1: ("leak", 5),
        2: ("leak", 5),
        3: ("duplicate", 4),
    }
    assert {(r.kind, r.similarity) for r in found.repetitions} == {("exact", 1.0)}
    assert found.clusters.tolist() == [5, 5, 5, 4, 4, 5]


def test_test_rows_are_listed_but_never_go():
    found = find("test:a=x test:b=x test:c", {"a-c": 0.75})
    assert removals(found) == {}
    assert found.repetitions == [
        Repetition(1, 0, "exact", 1.0, None),
        Repetition(2, 0, "near", 0.75, None),
    ]


def test_near_duplicates_go_from_later_splits_and_stay_within_one():
    found = find("train:a train:b val:c test:d train:e", NEAR)
    assert removals(found) == {2: ("leak", 3)}
    assert [(r.row, r.of) for r in found.repetitions] == [(1, 0), (2, 3)]


def test_a_train_row_that_repeats_val_goes_unless_that_row_goes_itself():
    assert removals(find("train:a val:b", {"a-b": 0.75})) == {0: ("leak", 1)}
    gone = find("train:a val:b test:c", {"a-b": 0.75, "b-c": 0.75})
    assert removals(gone) == {1: ("leak", 2)}


def test_a_leak_names_the_first_split_and_in_it_the_most_similar():
    near = {"a-b": 0.75, "a-c": 0.8, "a-d": 1.0}
    found = find("train:a test:b test:c val:d", near)
    assert removals(found) == {0: ("leak", 2)}
    chain = find("test:a test:b train:c", {"a-b": 0.8, "b-c": 0.8})
    assert removals(chain) == {2: ("leak", 1)}


def test_a_chain_is_no_cluster():
    """Every row is near the one that stands for it, not only near a row that is near it."""
    found = find("train:a train:b train:c train:d", {"a-b": 0.9, "b-c": 0.9, "c-d": 0.9})
    assert found.clusters.tolist() == [0, 0, 2, 2]
    assert removals(found) == {}


def test_folds_keep_groups_and_clusters_together():
    found = find("train:a train:b train:c train:d train:e", {"b-c": 0.9})
    owners = ["a", "patient 1", "patient 2", "patient 2", "e"]
    assert merge_owners(owners, found.clusters) == ["a", *["patient 1"] * 3, "e"]
    assert merge_owners(owners, np.arange(5)) == owners
