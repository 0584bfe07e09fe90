"""Reasons why clean could not judge something, whose figures reports/labels.json then lacks."""

from collections.abc import Iterator

from pipeline.clean.ledger import Ledger


def could_not_judge(rows: Ledger, *, no_agreement: bool) -> Iterator[str]:
    """A line for each check that had too little data, in the order of the figures.

    `no_agreement`: there are several people's labels, but no agreement could be computed.
    """
    in_test = rows.split_of("test") & rows.kept
    if not rows.judged.any():
        yield f"labels: {_why_no_check(rows)}"
    elif in_test.any() and not (rows.judged & in_test).any():
        yield "labels of test: no model was asked, and no example there has labels by two people"
    if rows.judged.any() and rows.noise_rate is None:
        reason = rows.reliability.reason if rows.reliability else "no model was asked"
        yield f"share of wrong labels: {reason}"
    if not rows.near_compared:
        yield "near duplicates: examples are too small to be told apart, or there is one alone"
    if not rows.compared:
        yield "outliers: too few examples"
    if no_agreement:
        yield (
            "agreement of annotators: no example has labels by two people, or all labels are alike"
        )


def _why_no_check(rows: Ledger) -> str:
    if rows.reliability is not None:
        return rows.reliability.reason
    return "no model was asked (clean.folds: 0), and no example has labels by two people"
