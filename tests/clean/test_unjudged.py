"""What clean could not judge is said, and its figure is absent."""

import numpy as np
import pyarrow as pa
import pytest

from pipeline.clean import tables
from pipeline.clean.duplicates import Duplicates
from pipeline.clean.ledger import Ledger
from pipeline.clean.unjudged import could_not_judge
from pipeline.dataset.annotations import Annotations
from pipeline.targets.opening import open_noise
from pipeline.targets.protocols.noise import Reliability

DOUBTFUL = Reliability(0.75, 0.5, 0.01, 0.2, False, "models guess")
NONE_FOUND = Duplicates([], np.arange(4))


@pytest.fixture
def rows() -> Ledger:
    """Where everything could be judged."""
    columns = {
        "id": list("abcd"),
        "split": ["train", "train", "val", "test"],
        "label": ["cat", "dog", "cat", "dog"],
        "group": pa.nulls(4, pa.string()),
    }
    rows = Ledger(pa.table(columns), open_noise("classes"), {"classes": ["cat", "dog"]})
    rows.quality[:] = 0.9
    rows.unusual[:] = 1.0
    rows.noise_rate = 0.01
    rows.reliability = DOUBTFUL._replace(trusted=True)
    return rows


def reasons(rows: Ledger) -> list[str]:
    return list(could_not_judge(rows, no_agreement=False))


def test_nothing_is_said_where_all_was_judged(rows):
    assert reasons(rows) == []
    summary = tables.summary(rows, NONE_FOUND, None)
    assert "could_not_judge" not in summary
    assert [summary[name] for name in ("label_issues", "outliers", "near_leaks")] == [0, 0, 0]
    assert summary["estimated_noise_rate"] == 0.01
    assert summary["out_of_fold_accuracy"] == 0.75
    assert summary["label_check_trusted"] is True
    assert summary["suspects_wrong"] == 0.01


def no_models(rows: Ledger) -> None:
    rows.quality[:], rows.reliability, rows.noise_rate = np.nan, None, None


def models_not_relied_on(rows: Ledger) -> None:
    rows.reliability, rows.noise_rate = DOUBTFUL, None


def the_test_split_alone_not_judged(rows: Ledger) -> None:
    rows.quality[3] = np.nan


def no_measurements(rows: Ledger) -> None:
    rows.unusual[:] = np.nan


def nothing_to_compare(rows: Ledger) -> None:
    rows.near_compared = False


@pytest.mark.parametrize(
    ("lacking", "reason", "absent"),
    [
        (
            no_models,
            "labels: no model was asked (clean.folds: 0), and no example has labels by two people",
            {
                "label_issues",
                "label_issues_in_test",
                "sure_label_issues",
                "estimated_noise_rate",
                "out_of_fold_accuracy",
            },
        ),
        (
            models_not_relied_on,
            "share of wrong labels: models guess",
            {"estimated_noise_rate", "suspects_wrong"},
        ),
        (
            the_test_split_alone_not_judged,
            "labels of test: no model was asked, and no example there has labels by two people",
            {"label_issues_in_test"},
        ),
        (no_measurements, "outliers: too few examples", {"outliers"}),
        (
            nothing_to_compare,
            "near duplicates: examples are too small to be told apart, or there is one alone",
            {"near_duplicates", "near_leaks"},
        ),
    ],
)
def test_what_was_not_judged_is_said_and_has_no_figure(rows, lacking, reason, absent):
    lacking(rows)
    summary = tables.summary(rows, NONE_FOUND, None)
    assert summary["could_not_judge"] == reason
    assert not absent & set(summary)


def test_annotators_who_cannot_be_compared_have_no_agreement(rows):
    alone = Annotations(np.array([0]), np.array([0]), np.array([0]))
    summary = tables.summary(rows, NONE_FOUND, alone)
    assert "agreement_alpha" not in summary
    assert str(summary["could_not_judge"]).startswith("agreement of annotators: ")
