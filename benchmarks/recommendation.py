"""How good are the lists for users, beside the best peers on the same split; what do they cost?

    python benchmarks/recommendation.py quality --data FOLDER [--splits FOLDER]
    python benchmarks/recommendation.py cost --data FOLDER
    python benchmarks/recommendation.py scale [--events 1000000]
    python benchmarks/recommendation.py corruptions [--seeds 5]

FOLDER has ml_100k/ml-100k.inter (as RecBole 1.2.1 ships it) and ml_latest_small/ratings.csv, which
their licence forbids to put here. Users and items with five events at least; all items are ranked,
what a user had is left out. Settings of both sides are chosen on validation. Peers: EASE by the
lines of its paper, and ALS of implicit 0.7.3. A paired bootstrap over users says how sure
differences are.
"""

import argparse
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow as pa
import torch
from interaction_trials import TRIALS, noticed
from ranked import (
    Ranked,
    answers,
    by_user,
    ease_reference,
    encode_table,
    implicit_als,
    ours,
    paired,
    read_ranked,
)
from results import Figure, save

from pipeline.dataset.rankings.listed import width_of
from pipeline.modalities.interactions.modules.als import NUM_ROUNDS, USUAL
from pipeline.modalities.interactions.modules.ease import PENALTIES, Ease, co_occurrences
from pipeline.modalities.interactions.modules.ranker import pairs_of, read_events
from pipeline.modalities.interactions.network.interface import build

MINIMUM = {"per_user": 5, "per_item": 5}
DATA: Mapping[str, tuple[str, dict[str, str]]] = {
    "ML-100K": (
        "ml_100k/ml-100k.inter",
        {
            "user": "user_id:token",
            "item": "item_id:token",
            "time": "timestamp:float",
            "value": "rating:float",
        },
    ),
    "ml-latest-small": (
        "ml_latest_small/ratings.csv",
        {"user": "userId", "item": "movieId", "time": "timestamp", "value": "rating"},
    ),
}
RULES: Mapping[str, dict[str, Any]] = {
    "last": {"by": "last"},
    "time": {"by": "time", "val": 0.1, "test": 0.1},
}
OURS = ("popularity", "ease", "als", "sasrec")
ALS_SETTINGS = [(alpha, penalty) for alpha in (1.0, 3.0, 10.0) for penalty in (1.0, 10.0, 30.0)]
FLOOR = 0.95
THEIR_ROUNDS = 15  # of implicit, where nobody says another number


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("part", choices=["quality", "cost", "scale", "corruptions"])
    parser.add_argument("--data", type=Path, default=Path("/data"))
    parser.add_argument("--only", choices=list(DATA), help="one dataset")
    parser.add_argument("--rule", choices=list(RULES), help="one split")
    parser.add_argument("--models", nargs="+", default=list(OURS), choices=OURS)
    parser.add_argument("--splits", type=Path, help="folder for files that say each event's split")
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts = {"quality": quality, "cost": cost, "scale": scale, "corruptions": corruptions}
    figures = parts[arguments.part](arguments)
    for figure in figures:
        print(f"{figure.what}: {figure.ours}" + (f" ({figure.peer})" if figure.peer else ""))
    if not (arguments.only or arguments.rule):
        options = {
            "scale": f"--events {arguments.events}",
            "corruptions": f"--seeds {arguments.seeds}",
        }
        said = options.get(arguments.part, "--data FOLDER")
        command = f"python benchmarks/recommendation.py {arguments.part} {said}"
        save(f"recommendation-{arguments.part}", figures, command)


def read(data: Path, name: str, rule: str, splits: Path | None = None) -> Ranked:
    path, columns = DATA[name]
    file = splits / f"{name}-{rule}.csv" if splits else None
    said = {"columns": columns, "minimum": MINIMUM, "split": RULES[rule]}
    return read_ranked(str(data / path), file, **said)


def quality(arguments: argparse.Namespace) -> list[Figure]:
    figures = []
    for name in [arguments.only] if arguments.only else DATA:
        for rule in [arguments.rule] if arguments.rule else RULES:
            ranked = read(arguments.data, name, rule, arguments.splits)
            peers = {
                "EASE": ease_reference(ranked, PENALTIES),
                "implicit ALS": implicit_als(ranked, ALS_SETTINGS),
            }
            of_peers = {peer: by_user(fitted.listed, ranked) for peer, fitted in peers.items()}
            best = max(of_peers, key=lambda peer: of_peers[peer][:, 0].mean())
            print(f"{name} by {rule}: {len(of_peers[best])} test users, {ranked.num_items} items")
            for peer, found in of_peers.items():
                print(
                    f"  {peer:14} {_line(found)}  {peers[peer].cpu_seconds:.1f} CPU s", flush=True
                )
            for model in arguments.models:
                fitted = ours(ranked, model)
                found = by_user(fitted.listed, ranked)
                difference, low, high = paired(found[:, 0], of_peers[best][:, 0])
                print(
                    f"  our {model:10} {_line(found)}  {fitted.cpu_seconds:.1f} CPU s, "
                    f"{difference:+.4f} ({low:+.4f} to {high:+.4f}) to {best}",
                    flush=True,
                )
                ratio = found[:, 0].mean() / of_peers[best][:, 0].mean()
                figures.append(
                    Figure(
                        "train",
                        f"NDCG@10 of {model}, {name} by {rule}, {len(found)} users",
                        f"{found[:, 0].mean():.4f} ({difference:+.4f}, {low:+.4f} to {high:+.4f})",
                        1,
                        f"{best} {of_peers[best][:, 0].mean():.4f}",
                        (ratio, ratio, ratio),
                    )
                )
    return figures


def _line(found: Any) -> str:
    return f"NDCG@10 {found[:, 0].mean():.4f}  recall@20 {found[:, 1].mean():.4f}"


def cost(arguments: argparse.Namespace) -> list[Figure]:
    """One setting each, as many factors and steps of conjugate gradients in a round: with as many
    rounds, and with those that ours takes to rank as well; and EASE of ml-latest-small."""
    ranked = read(arguments.data, "ML-100K", "last")
    train = read_events(ranked, "train", ranked.num_items)
    network: Any = build("als", ranked.preparation, width_of(ranked.num_items), None)
    pairs = pairs_of(train, ranked.num_items)
    seconds: dict[int, list[float]] = {NUM_ROUNDS: [], THEIR_ROUNDS: []}
    theirs = []
    for _ in range(5):
        for num_rounds in seconds:
            at = time.process_time()
            with torch.no_grad():
                network.alternate(*pairs, USUAL, 0, num_rounds)
            seconds[num_rounds].append(time.process_time() - at)
        theirs.append(implicit_als(ranked, [(3.0, 10.0)], rounds=THEIR_ROUNDS).cpu_seconds)
    figures = []
    for num_rounds, own in seconds.items():
        ratios = sorted(their / our for their, our in zip(theirs, own, strict=True))
        figures.append(
            Figure(
                "train",
                f"ALS of ML-100K, 64 factors: {num_rounds} rounds of ours, {THEIR_ROUNDS} of "
                "implicit's, 3 steps of conjugate gradients in each",
                f"{np.median(own):.2f} CPU s",
                len(own),
                f"implicit {np.median(theirs):.2f} CPU s",
                (ratios[len(ratios) // 2], ratios[0], ratios[-1]),
            )
        )
    small = read(arguments.data, "ml-latest-small", "last")
    train = read_events(small, "train", small.num_items)
    ease = Ease(small.preparation, width_of(small.num_items))
    started = time.process_time()
    with torch.no_grad():
        together = co_occurrences(train, small.num_items, len(small.preparation["users"]) + 2)
        ease.solve(together, 400.0)
    spent = f"{time.process_time() - started:.2f} CPU s"
    return [*figures, Figure("train", f"EASE of {small.num_items} items", spent, 1, "limit 5 s")]


def scale(arguments: argparse.Namespace) -> list[Figure]:
    """Generated events of 50,000 users and 20,000 items: memory and the time of answers."""
    started = time.process_time()
    table, items = generated(arguments.events, 50_000, 20_000)
    ranked = encode_table(table, items, 1)
    network: Any = build("als", ranked.preparation, width_of(len(items)), None)
    fitting = time.process_time()
    network.fit(ranked, lambda outputs, y: outputs[:, 0], 0)
    fitted = time.process_time() - fitting
    inputs, _, _ = ranked.rows["test"]
    one = {key: values[:1] for key, values in inputs.items()}
    many = {key: values[:1000] for key, values in inputs.items()}
    times = []
    for _ in range(50):
        at = time.process_time()
        answers(network, one)
        times.append(time.process_time() - at)
    at = time.process_time()
    answers(network, many)
    of_many = time.process_time() - at
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"in all {time.process_time() - started:.0f} CPU s")
    return [
        Figure("train", f"{table.num_rows:,} events, als", f"{fitted:.0f} CPU s", 1),
        Figure("train", "peak memory of it", f"{peak:.2f} GB", 1, "limit 6 GB"),
        Figure("serve", "top 100 of a user", f"{np.median(times) * 1e3:.2f} ms", 50, "limit 5 ms"),
        Figure("serve", "top 100 of 1,000 users", f"{of_many:.2f} s", 1, "limit 1 s"),
    ]


def generated(num: int, num_users: int, num_items: int) -> tuple[pa.Table, list[str]]:
    """Events of users with one of 50 tastes, each once; the last two of a user are val and test."""
    random = np.random.default_rng(0)
    drawn = num * 9 // 5  # many are of a pair that is there
    users = np.sort(random.integers(0, num_users, drawn))
    rank = np.minimum(random.zipf(1.3, drawn) - 1, num_items // 50 - 1)
    loyal = random.random(drawn) < 0.8
    taste = np.where(loyal, users % 50, random.integers(0, 50, drawn))
    chosen = rank * 50 + taste
    _, first = np.unique(users * num_items + chosen, return_index=True)
    first = np.sort(random.permutation(first)[:num])
    users, chosen = users[first], chosen[first]
    ends = np.searchsorted(users, users, side="right") - 1 - np.arange(len(users))
    splits = np.select([ends == 0, ends == 1], ["test", "val"], "train")
    items = [f"i{number:05d}" for number in range(num_items)]
    names = np.array([f"u{number:05d}" for number in range(num_users)])
    said = ['{"user": "%s"}' % name for name in names[users]]  # noqa: UP031
    table = pa.table(
        {
            "id": np.arange(len(users)).astype(str),
            "event": said,
            "label": np.array(items)[chosen],
            "split": splits,
            "group": names[users],
        }
    )
    return table, items


def corruptions(arguments: argparse.Namespace) -> list[Figure]:
    """Kinds of broken events, by several seeds: is each noticed, and nothing said of good ones?"""
    missed = []
    for trial in TRIALS:
        found = [noticed(trial, seed) for seed in range(arguments.seeds)]
        missed += [f"{trial} {seed}" for seed, words in enumerate(found) if not words]
        print(f"{sum(map(bool, found))}/{len(found)} {trial}: {found[0][:1]}", flush=True)
    alarms = [words for seed in range(20) if (words := noticed(None, 100 + seed))]
    print(f"alarms in 20 clean runs: {len(alarms)} {alarms[:1]}; missed {missed}")
    num = len(TRIALS) * arguments.seeds
    return [
        Figure(
            "validate",
            f"{len(TRIALS)} kinds of corrupted events noticed",
            f"{num - len(missed)} of {num}",
            num,
            "at least 95 %",
        ),
        Figure("validate", "alarms in clean runs of events", f"{len(alarms)} of 20", 20, "none"),
    ]


if __name__ == "__main__":
    main()
