"""Compares a classifier with one that always names the most frequent class."""

from collections.abc import Mapping


def compared_with_guessing(accuracy: float, low: float, support: Mapping[str, int]) -> str | None:
    """A sentence if the model is not surely better than guessing; None if it is.

    Args:
        accuracy: on the test split, and `low`, the lower end of its interval.
        support: test examples of each class.
    """
    there = {name: count for name, count in support.items() if count}
    if len(there) == 1:
        return f"all test examples are {next(iter(there))}: whether it guesses cannot be told"
    commonest = max(there, key=lambda name: there[name])
    share = there[commonest] / sum(there.values())
    if low > share:
        return None
    doubt = "no better than guessing" if accuracy <= share else "not for sure better than guessing"
    return f"{doubt}: always naming {commonest}, the commonest class, is right on {share:.4f}"
