"""Traffic with labels: the sign test, and which contents count."""

import time
import uuid

import pytest

from pipeline.commands.promote.checks import Check, decided_by_traffic, verdict_of_all
from pipeline.commands.promote.traffic import (
    chance_of,
    decided_labels,
    learnt_ids,
    read_labelled,
    verdict_of_signs,
)
from pipeline.dataset.served.ids import id_of
from pipeline.dataset.served.layout import ANSWERS, TRUTHS, Layout, answer_row, truth_row


@pytest.mark.parametrize(
    ("wins", "losses", "verdict"),
    [
        (0, 0, "INCONCLUSIVE"),
        (4, 0, "INCONCLUSIVE"),
        (5, 0, "PASS"),
        (0, 5, "FAIL"),
        (27, 4, "PASS"),
        (20, 22, "INCONCLUSIVE"),
        (4000, 4600, "FAIL"),
    ],
)
def test_only_what_a_coin_hardly_does_counts(wins, losses, verdict):
    assert verdict_of_signs(wins, losses) == verdict


def test_the_chance_of_a_coin():
    assert chance_of(0, 7) == 1
    assert chance_of(3, 3) == pytest.approx(1 / 8)
    assert chance_of(2, 3) == pytest.approx(4 / 8)


def test_contents_that_were_kept_and_have_a_label_count_once(tmp_path):
    """The last label of each counts; a label of what was not kept has nothing to be asked again."""
    assert read_labelled(tmp_path / "nothing") == []
    ids = [uuid.uuid4() for _ in range(4)]
    digests = ["a" * 64, "b" * 64, "a" * 64, "c" * 64]
    answers = Layout(ANSWERS, "m" * 64, 2, 1, ())
    rows = [
        answer_row(time.time(), id.bytes, digest, 0.1, bytes(6))
        for id, digest in zip(ids, digests, strict=True)
    ]
    (tmp_path / "1.rec").write_bytes(answers.header() + b"".join(rows))
    said = [(0, "cat"), (0, "dog"), (1, "cat"), (3, "cat")]
    labels = [truth_row(time.time(), ids[n].bytes, label) for n, label in said]
    (tmp_path / "2.rec").write_bytes(Layout(TRUTHS, "m" * 64).header() + b"".join(labels))
    kept = tmp_path / "contents/2030-01-01"
    kept.mkdir(parents=True)
    for digest in "ab":
        (kept / (digest * 64)).write_bytes(digest.encode())
    found = read_labelled(tmp_path)
    assert [(path.read_bytes(), label) for path, label in found] == [(b"a", "dog"), (b"b", "cat")]
    # What people said on the page counts before that; what was collected is left out.
    decided = {id_of("b" * 64): "bird"}
    found = read_labelled(tmp_path, decided)
    assert [label for _, label in found] == ["dog", "bird"]
    assert read_labelled(tmp_path, decided, {id_of("a" * 64)}) == found[1:]


def test_labels_of_the_page(here):
    ids = [id_of(letter * 64) for letter in "abc"]
    path = here / "data/reviews/pets.csv"
    path.parent.mkdir(parents=True)
    lines = [f"{ids[0]},cat,keep,ana,", f"{ids[1]},cat,dog,ana,", f"{ids[2]},cat,drop,ana,"]
    path.write_text(
        "\n".join(["id,given,decision,reviewer,note", *lines, "cat/1.jpg,cat,dog,,", ""])
    )
    assert decided_labels("pets") == {ids[0]: "cat", ids[1]: "dog"}
    assert learnt_ids("pets") == set()


def test_labelled_traffic_decides_where_the_test_split_does_not_stand_for_it():
    def gate(traffic, split="FAIL"):
        checks = [
            Check("test split", split, ""),
            Check("slices", split, ""),
            Check("labelled traffic", traffic, ""),
            Check("served copy", "PASS", ""),
        ]
        return verdict_of_all(decided_by_traffic(checks), by_traffic=True)

    assert [gate(verdict) for verdict in ("PASS", "INCONCLUSIVE", "-", "FAIL")] == [
        "PASS", "INCONCLUSIVE", "INCONCLUSIVE", "FAIL"
    ]  # fmt: skip
    assert verdict_of_all([Check("test split", "FAIL", ""), Check("served copy", "PASS", "")]) == (
        "FAIL"
    )
