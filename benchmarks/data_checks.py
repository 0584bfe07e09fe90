"""How many ways of breaking data does validate notice, and does it keep quiet about good data?

Real data are broken in the ways that corruptions.py lists, at the source (images and labels go
through the pipeline's own `make_rows` again) or, where no source can do it, in the table. Broken
data count as detected when validate would stop, warn, or set rows aside. Three situations:

    grown   the profile is of 70 % of the examples; now there are all, and something broke
    other   the profile is of one half; the other half takes its place, under other ids
    first   the same tables as grown, without a profile

Clean data, halved and grown in the same ways by other seeds, must cause no alarm. The ablation
counts the broken tables that only one expectation notices: deleting it would lose them.

    [GROUNDWORK_CIFAR10=/data/cifar10] python benchmarks/data_checks.py [--seeds 1] [--markdown]

Digits come with scikit-learn; with GROUNDWORK_CIFAR10, also 10,000 images of CIFAR-10.
"""

import argparse
import os
import platform
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("OMP_NUM_THREADS", "1")  # the workers have the cores

import numpy as np
from corruptions import CORRUPTIONS
from data_trials import Trial, run
from results import Figure, save

VERDICTS = ("warning", "set aside", "critical")
SITUATIONS = ("grown", "other", "first")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="for each corruption and situation")
    parser.add_argument("--clean", type=int, default=25, help="seeds of clean data")
    parser.add_argument("--markdown", action="store_true")
    parser.add_argument("--only", default="", help="corruptions whose name has this in it")
    options = parser.parse_args()
    started = time.perf_counter()
    names = ["digits"] + (["cifar10"] if os.environ.get("GROUNDWORK_CIFAR10") else [])
    broken = sorted(trials(names, options.seeds, options.only), key=lambda t: t.profile)
    clean = [
        Trial(name, situation, 1000 + seed, None, 0)
        for name in names
        for situation in ("grown", "other")
        for seed in range(options.clean)
    ]
    workers = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
        found = list(pool.map(run, broken + clean, chunksize=16))
    figures = report(broken, found[: len(broken)], options.markdown)
    figures.append(report_clean(clean, found[len(broken) :]))
    save("data_checks", figures, f"python benchmarks/data_checks.py --seeds {options.seeds}")
    report_ablation(broken, found[: len(broken)], options.markdown)
    print(
        f"\n{', '.join(names)}; Python {platform.python_version()}, {workers} cores, "
        f"{time.perf_counter() - started:.0f} s"
    )


def trials(names: list[str], seeds: int, only: str) -> Iterator[Trial]:
    for place, corruption in enumerate(CORRUPTIONS):
        for strength in range(len(corruption.strengths)):
            for name in names:
                if only not in corruption.name or (corruption.color and name == "digits"):
                    continue
                for situation in ("grown", "other"):
                    if not (corruption.needs_history and situation == "other"):
                        for seed in range(seeds):
                            yield Trial(name, situation, seed, place, strength)


def report(
    trials: list[Trial], found: list[dict[str, dict[str, str]]], markdown: bool
) -> list[Figure]:
    """Detected of tried, for each corruption and strength, in each situation."""
    counts: dict[tuple[int, int], dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for trial, by_situation in zip(trials, found, strict=True):
        assert trial.corruption is not None
        for situation, names in by_situation.items():
            counts[trial.corruption, trial.strength][situation].append(bool(names))
    rows = [
        [
            CORRUPTIONS[place].name,
            say(CORRUPTIONS[place].strengths[strength]),
            *(f"{sum(of[s])}/{len(of[s])}" if of[s] else "" for s in SITUATIONS),
        ]
        for (place, strength), of in sorted(counts.items())
    ]
    print_table(["corruption", "strength", *SITUATIONS], rows, markdown)
    print(f"\n{len({place for place, _ in counts})} corruptions at {len(counts)} strengths")
    kinds = f"{len({place for place, _ in counts})} kinds of broken data at {len(counts)} strengths"
    figures = []
    for situations, how in (
        (("grown", "other"), "noticed with an accepted profile"),
        (("first",), "noticed without a profile"),
    ):
        hits = [hit for of in counts.values() for s in situations for hit in of[s]]
        rate = np.mean(hits)
        print(f"detected, {' and '.join(situations)}: {sum(hits)} of {len(hits)}, {rate:.1%}")
        ours = f"{sum(hits)} of {len(hits)} ({rate:.1%})"
        figures.append(Figure("validate", f"{kinds}, {how}", ours, 1))
    return figures


def report_clean(trials: list[Trial], found: list[dict[str, dict[str, str]]]) -> Figure:
    alarms: Counter[str] = Counter()
    num = 0
    for trial, by_situation in zip(trials, found, strict=True):
        for situation, names in by_situation.items():
            num += 1
            alarms.update(f"{trial.data}, {situation}: {name}" for name in names)
    print(f"false alarms on clean data: {alarms.total()} in {num} runs")
    for name, number in alarms.most_common():
        print(f"  {number} {name}")
    return Figure("validate", "alarms on clean data", f"{alarms.total()} of {num} runs", num)


def report_ablation(
    trials: list[Trial], found: list[dict[str, dict[str, str]]], markdown: bool
) -> None:
    """For each expectation: tables that it notices, and those judged more mildly without it.

    From the outcomes: what another expectation would find in rows that are set aside is not known.
    """
    seen: Counter[str] = Counter()
    needed: dict[str, Counter[str]] = defaultdict(Counter)
    for trial, by_situation in zip(trials, found, strict=True):
        assert trial.corruption is not None
        for situation, failed in by_situation.items():
            seen.update(failed.keys())
            for name in failed:
                others = [kind for other, kind in failed.items() if other != name]
                if verdict(others) < verdict(failed.values()):
                    needed[name][f"{CORRUPTIONS[trial.corruption].name} ({situation})"] += 1
    print()
    rows = [
        [
            name,
            str(number),
            str(needed[name].total()),
            ", ".join(key for key, _ in needed[name].most_common(1)),
        ]
        for name, number in seen.most_common()
    ]
    print_table(["expectation", "notices", "needed", "such as"], rows, markdown)
    useless = [name for name in seen if not needed[name]]
    print(f"expectations whose deletion would change no verdict: {', '.join(useless) or 'none'}")


def verdict(consequences: Iterable[str]) -> int:
    """0 for nothing noticed, 1 for a warning, 2 for rows set aside, 3 for a stop."""
    return max((VERDICTS.index(kind) + 1 for kind in consequences), default=0)


def say(strength: Any) -> str:
    if isinstance(strength, tuple):
        return " ".join(map(say, strength))
    return f"{strength:.1%}" if isinstance(strength, float) else str(strength)


def print_table(header: list[str], rows: list[list[str]], markdown: bool) -> None:
    if markdown:
        print("\n".join(f"| {' | '.join(row)} |" for row in [header, ["---"] * len(header), *rows]))
        return
    widths = [max(len(row[column]) for row in [header, *rows]) + 2 for column in range(len(header))]
    for row in [header, *rows]:
        print("".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip())


if __name__ == "__main__":
    main()
