"""Every planted change is found and named, and nothing else is."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.commands.diff.changes import KINDS, compare_rows
from pipeline.commands.diff.origins import Origins
from pipeline.commands.diff.summary import summarise, table_of_counts
from pipeline.dataset.rows import SCHEMA
from pipeline.runtime.errors import MissingInput
from tests.support.planted import many_rows, plant


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("num", [1, 50])
def test_planted_changes_of_six_kinds(seed, num):
    before = many_rows(3000, seed)
    plan = plant(before, num, seed)
    changes = compare_rows(before, plan.rows)
    found = {kind: set(changes.keys(kind)) for kind in KINDS if len(changes.kinds[kind])}
    assert found == plan.keys
    back = compare_rows(plan.rows, before)
    assert set(back.keys("added")) == plan.keys["removed"]
    assert set(back.keys("relabelled")) == plan.keys["relabelled"]


@pytest.mark.slow  # 20 s
@pytest.mark.parametrize("seed", range(10))
def test_planted_changes_of_six_kinds_in_60000(seed):
    before = many_rows(60_000, seed)
    for share in (0.0002, 0.01, 0.1):
        plan = plant(before, int(60_000 * share / 8) or 1, seed)
        changes = compare_rows(before, plan.rows)
        found = {kind: set(changes.keys(kind)) for kind in KINDS if len(changes.kinds[kind])}
        assert found == plan.keys


def rows(*lines: str) -> pa.Table:
    cells = [line.split(",") for line in lines]
    return pa.table(list(map(list, zip(*cells, strict=True))), schema=SCHEMA)


BEFORE = rows(
    "000000000001,aa,cat,train,1,",
    "000000000002,bb,dog,train,1,",
    "000000000003,cc,dog,val,,duplicate",
    "000000000004,dd,cat,test,1,",
)


def test_a_swap_shows_though_no_count_changes():
    after = rows(
        "000000000001,aa,dog,train,1,",
        "000000000002,bb,cat,train,1,",
        "000000000003,cc,dog,val,1,",
        "000000000004,dd,cat,test,,leak",
    )
    changes = compare_rows(BEFORE, after)
    by_kind = {one.kind: one for one in summarise(changes, Origins())}
    assert by_kind["relabelled"].details == {"cat -> dog": 1, "dog -> cat": 1}
    assert by_kind["restored"].details == {"duplicate": 1}
    assert by_kind["excluded"].details == {"leak": 1}
    assert {kind: one.count for kind, one in by_kind.items() if one.count} == {
        "relabelled": 2,
        "restored": 1,
        "excluded": 1,
    }
    assert table_of_counts(changes) == (
        ["label", "train", "val", "test"],
        [["cat", "1", "0", "1 -1"], ["dog", "1", "0 +1", "0"], ["all", "2", "0 +1", "1 -1"]],
    )


def test_nothing_and_everything():
    assert not any(map(len, compare_rows(BEFORE, BEFORE).kinds.values()))
    empty = SCHEMA.empty_table()
    assert len(compare_rows(empty, BEFORE).kinds["added"]) == 4
    assert len(compare_rows(BEFORE, empty).kinds["removed"]) == 4
    assert not any(map(len, compare_rows(empty, empty).kinds.values()))


def test_two_ids_of_one_key_are_two_examples():
    """Of a million there are two with a probability of 1 in 560."""
    twice = rows("000000000001,aa,cat,train,1,", "000000000001,bb,dog,val,1,")
    assert not any(map(len, compare_rows(twice, twice).kinds.values()))
    changes = compare_rows(twice, twice.slice(0, 1))
    assert {kind: len(pair) for kind, pair in changes.kinds.items() if len(pair)} == {"removed": 1}


@pytest.mark.parametrize("key", ["00000000000", "00000000000g", "0000000000000", "é00000000000"])
def test_a_key_that_is_none(key):
    with pytest.raises(MissingInput, match=r"^ERROR a key of rows.csv is none: "):
        compare_rows(BEFORE, rows(f"{key},aa,cat,train,1,"))


def test_order_of_lines_does_not_matter():
    made = many_rows(500)
    mixed = made.take(pa.array(np.random.default_rng(0).permutation(500)))
    assert not any(map(len, compare_rows(made, mixed).kinds.values()))
