"""The account names each file and row once, and sums to all that is there."""

import pyarrow as pa

from pipeline.ingest.account import account, figures, print_account
from pipeline.ingest.survey import Survey
from tests.support.entries import KIND


def surveyed() -> Survey:
    survey = Survey(KIND)
    survey.examples = 109
    survey.taken.update({"train": 90, "val": 10})
    survey.problems.update({f"reason {n}": 1 for n in range(6)} | {"empty file": 3})
    survey.left_out.update({"opted out": 2, "splits: leaves out test": 3, "only for x, not y": 1})
    survey.unlabelled = 7
    survey.unlabelled_problems["empty file"] = 1
    return survey


BESIDE = {"not images: .json": 80, "in @eaDir": 5}


def test_lines_sum_to_all_that_is_there(capsys):
    lines = account(surveyed(), BESIDE)
    print_account(lines)
    assert (
        capsys.readouterr().out
        == """\
accounted for:
   90  train
   10  val
    0  test
    3  set aside: empty file
    1  set aside: reason 0
    1  set aside: reason 1
    1  set aside: reason 2
    1  set aside: reason 3
    2  set aside: 2 more kinds
    3  left out: splits: leaves out test
    2  left out: opted out
    1  left out: only for x, not y
    6  unlabelled: waiting in the pool
    1  unlabelled, unusable: empty file
   80  beside: not images: .json
    5  beside: in @eaDir
  207  in all
"""
    )
    assert lines[-1][0] == surveyed().seen + sum(BESIDE.values())


def test_the_report_has_the_same_figures():
    assert figures(surveyed(), BESIDE) == {
        "unlabelled": 7,
        "unlabelled_unreadable": 1,
        "opted_out": 2,
        "other_purpose": 1,
        "other_split": 3,
        "beside": 85,
        "beside_in_eadir": 5,
        "beside_not_images_json": 80,
        "in_source": 207,
    }


def test_examples_without_a_label_after_all_move_to_the_pool():
    survey = surveyed()
    before = account(survey, {})[-1]
    survey.move_to_pool(pa.table({"split": ["train", "train", "val"]}))
    assert (survey.examples, survey.unlabelled) == (106, 10)
    assert survey.taken == {"train": 88, "val": 9}
    assert account(survey, {})[-1] == before
