"""Does a candidate win against what serves, on the test examples that both have?

The candidate wins where the first metric judged is surely better: the paired interval leaves out
no change, and a coin that says which run gets which answer brings so large a gain about in at most
ALPHA of cases (commands/compare/comparison.py). Parts of the test split have few examples, so they
stop a candidate only where it surely loses there: at ALPHA over all parts together.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.commands.compare.comparison import (
    ALPHA,
    FAIL,
    INCONCLUSIVE,
    PASS,
    Change,
    compare,
    verdict_of,
)
from pipeline.commands.promote.checks import NOTHING, Check
from pipeline.dataset.arrays import Float64
from pipeline.dataset.table import SLICE
from pipeline.targets.bootstrap import (
    RESAMPLES,
    Owners,
    bootstrap_sums,
    owners_of,
    percentile_interval,
    swapped_sums,
)
from pipeline.targets.by_example import by_example
from pipeline.targets.gaps import parts_of
from pipeline.targets.protocols.judging import Judging, Predictions
from pipeline.targets.slices import MIN_EXAMPLES, TAIL

WITHIN = 0.01
"""What a part may lose: of a share so much, of an error this share of it."""
Part = NDArray[np.bool_]
"""Whether each example is in it, `(N,)`."""


class Qualities(NamedTuple):
    """How good two runs are on each of N examples, `(N,)` each; more is better."""

    base: Float64
    candidate: Float64
    owners: Owners | None
    within: float
    """What a part may lose."""


def check_test_split(
    base: Predictions,
    candidate: Predictions,
    judging: Judging,
    *,
    tolerance: float,
    must_win: bool,
    seed: int = 0,
    num_resamples: int = RESAMPLES,
) -> Check:
    """PASS where the candidate surely wins, or where it need not and surely loses nothing.

    `tolerance` is what another metric judged may lose; of an error, this share of it.
    """
    options = {"seed": seed, "num_resamples": num_resamples}
    changes = compare(base, candidate, judging, judged=judging.JUDGED, **options)
    losses = [c for c in changes if c.metric in judging.JUDGED]
    verdicts = {c.metric: _verdict(c, judging, tolerance) for c in losses}
    first = next(c for c in losses if c.metric == judging.JUDGED[0])
    words = words_of(first, judging, len(base.ids))
    if worse := [metric for metric, verdict in verdicts.items() if verdict == FAIL]:
        return Check("test split", FAIL, f"{words}; surely worse: {', '.join(worse)}")
    if not must_win:
        is_sure = set(verdicts.values()) == {PASS}
        return Check("test split", PASS if is_sure else INCONCLUSIVE, words)
    # Turned round: does what serves surely lose against the candidate?
    turned = compare(candidate, base, judging, judged=judging.JUDGED[:1], tolerance=0.0, **options)
    wins = next(c for c in turned if c.metric == first.metric).verdict == FAIL
    return Check("test split", PASS if wins else INCONCLUSIVE, words)


def words_of(change: Change, judging: Judging, num: int) -> str:
    return (
        f"{change.metric} {change.before:.4f} -> {change.after:.4f}, "
        f"{change.after - change.before:+.4f} ({change.low:+.4f} to {change.high:+.4f}), "
        f"{num:,} examples"
    )


def check_parts(
    base: Predictions,
    candidate: Predictions,
    judging: Judging,
    labels: Mapping[str, Part],
    slices: Mapping[str, Part],
) -> list[Check]:
    """`worst label`: the least quality over labels; `slices`: each of them and each label."""
    qualities = qualities_of(base, candidate, judging)
    if qualities is None:
        why = f"{judging.JUDGED[0]} is no mean over examples"
        return [Check("worst label", NOTHING, why), Check("slices", NOTHING, why)]
    return [check_worst(qualities, labels), check_each(qualities, {**slices, **labels})]


def qualities_of(base: Predictions, candidate: Predictions, judging: Judging) -> Qualities | None:
    """Qualities by the first metric judged; None where it is no mean over examples."""
    metric = judging.JUDGED[0]
    good = judging.GOOD[metric]
    one, other = (by_example(judging, metric, judging.scores(run)) for run in (base, candidate))
    if one is None or other is None:
        return None
    within = WITHIN if good > 0 else WITHIN * float(np.abs(one).mean())
    return Qualities(good * one, good * other, owners_of(base.ids, base.groups), within)


def check_worst(qualities: Qualities, labels: Mapping[str, Part]) -> Check:
    """Is the label on which the candidate is worst worse than that of what serves?"""
    labels = _large(labels)
    if len(labels) < 2:
        return Check("worst label", NOTHING, f"no labels with {MIN_EXAMPLES} test examples")
    names, members = list(labels), _members(labels)
    means = _means(_sums(qualities, members).sum(0)[None])
    drawn = _means(bootstrap_sums(_sums(qualities, members), 0, qualities.owners))
    before, after = (values[0] for values in means)
    change = float(after.min() - before.min())
    low, high = percentile_interval(drawn[1].min(1) - drawn[0].min(1), 1 - 2 * ALPHA)
    # The least of several varies to one side, so that chance alone decides on no difference.
    verdict = FAIL if high < -qualities.within and change < -qualities.within else PASS
    words = f"{names[int(after.argmin())]} {abs(after.min()):.4f}, was "
    words += f"{names[int(before.argmin())]} {abs(before.min()):.4f}, "
    return Check("worst label", verdict, words + f"{change:+.4f} ({low:+.4f} to {high:+.4f})")


def check_each(qualities: Qualities, parts: Mapping[str, Part]) -> Check:
    """Does the candidate surely lose in any part?"""
    parts = _large(parts)
    if not parts:
        return Check("slices", NOTHING, f"none with {MIN_EXAMPLES} test examples")
    names, members, alpha = list(parts), _members(parts), ALPHA / len(parts)
    sums = _sums(qualities, members)
    drawn = _means(bootstrap_sums(sums, 0, qualities.owners))
    before, after = (values[0] for values in _means(sums.sum(0)[None]))
    gains, counts = after - before, members.sum(0)
    difference = sparse.csr_array(members * (qualities.candidate - qualities.base)[:, None])
    # Swapping an answer takes its difference twice: of the gain, and from it.
    by_chance = gains - 2 * swapped_sums(difference, 0, qualities.owners) / counts
    ends = [percentile_interval(change, 1 - 2 * alpha) for change in (drawn[1] - drawn[0]).T]
    failed = []
    for place, name in enumerate(names):
        p = (1 + (by_chance[:, place] <= gains[place] + 1e-12).sum()) / (1 + len(by_chance))
        if verdict_of(ends[place], float(p), qualities.within, alpha) == FAIL:
            failed.append(f"{name} {gains[place]:+.4f}")
    if failed:
        return Check("slices", FAIL, f"surely worse: {'; '.join(failed)}")
    worst = int(np.argmin(gains))
    return Check(
        "slices",
        PASS,
        f"none of {len(names)} surely worse; the largest change for the worse: {names[worst]} "
        f"{gains[worst]:+.4f} ({ends[worst][0]:+.4f} to {ends[worst][1]:+.4f})",
    )


def labels_of(predictions: pa.Table) -> dict[str, Part]:
    """The parts with the same label, where labels are names."""
    if "label" not in predictions.column_names:
        return {}
    column = predictions["label"].combine_chunks()
    values = np.array(column.to_pylist(), object)
    return {f"label {v}": values == v for v in sorted({v for v in values if v is not None})}


def slices_of(examples: pa.Table | None) -> dict[str, Part]:
    """The tails of measurements, and the values of columns that the entry names as slices."""
    parts: dict[str, Part] = {}
    if examples is None:
        return parts
    for name in examples.column_names:
        values = examples[name]
        if name.startswith(SLICE):
            own = parts_of(values.to_pylist())
            parts |= {f"{name.removeprefix(SLICE)} {value}": part for value, part in own.items()}
        elif name != "id":
            numbers = values.to_numpy().astype(np.float64)
            low, high = np.nanquantile(numbers, [TAIL, 1 - TAIL])
            tails = {f"low {name}": numbers <= low, f"high {name}": numbers >= high}
            # As when all examples are of one size.
            parts |= {tail: part for tail, part in tails.items() if part.mean() <= 0.5}
    return {name: part for name, part in parts.items() if not part.all()}


def _verdict(change: Change, judging: Judging, tolerance: float) -> str:
    good = judging.GOOD[change.metric]
    gains = (change.low, change.high) if good > 0 else (-change.high, -change.low)
    margin = tolerance if good > 0 else tolerance * abs(change.before)
    return verdict_of(gains, change.p, margin, ALPHA / len(judging.JUDGED))


def _large(parts: Mapping[str, Part]) -> dict[str, Part]:
    return {name: part for name, part in parts.items() if part.sum() >= MIN_EXAMPLES}


def _members(parts: Mapping[str, Part]) -> Float64:
    return np.stack(list(parts.values()), 1).astype(np.float64)


def _sums(qualities: Qualities, members: Float64) -> sparse.csr_array:
    """Rows whose sums have the quality of both runs by part, and the number of examples."""
    of_runs = [members * quality[:, None] for quality in (qualities.base, qualities.candidate)]
    return sparse.csr_array(np.hstack([*of_runs, members]))


def _means(sums: Float64) -> tuple[Float64, Float64]:
    """Means by part of both runs, `(B, P)`, from sums of such rows, `(B, 3 P)`."""
    base, candidate, counts = np.split(sums, 3, axis=1)
    counts = counts.clip(min=1)
    return base / counts, candidate / counts
