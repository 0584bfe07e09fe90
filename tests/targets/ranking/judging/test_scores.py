"""Figures of rankings: by their definitions, and as ranx computes them."""

import numpy as np
import pytest

from pipeline.dataset.rankings.listed import as_outputs, items_in, width_of
from pipeline.targets.protocols.judging import Answers, Stressed
from pipeline.targets.protocols.judging import TestSplit as Split
from pipeline.targets.ranking.judging.evaluation import evaluate_ranking, places_of
from pipeline.targets.ranking.judging.scores import dense_scores, metrics_of

NUM_ITEMS = 60


def some_rankings(num_users: int = 40, seed: int = 0):
    """For each user a list of 50 items, and one to fifteen that were taken."""
    random = np.random.default_rng(seed)
    lists = np.stack([random.permutation(NUM_ITEMS)[:50] for _ in range(num_users)])
    taken = [
        random.choice(NUM_ITEMS, random.integers(1, 16), replace=False) for _ in range(num_users)
    ]
    return lists, taken


def as_events(lists, taken):
    users = np.repeat(np.arange(len(taken)), [len(items) for items in taken])
    return lists[users], np.concatenate(taken), users


def found(lists, taken) -> dict[str, float]:
    listed, items, users = as_events(lists, taken)
    sums = dense_scores(places_of(listed, items), users).sum(0)
    return {name: float(value) for name, value in metrics_of(sums).items()}


def by_definition(lists, taken) -> dict[str, float]:
    ndcg, recall = [], []
    for ranking, items in zip(lists.tolist(), taken, strict=True):
        wanted = {*items.tolist()}
        gain = sum(1 / np.log2(place + 2) for place, i in enumerate(ranking[:10]) if i in wanted)
        best = sum(1 / np.log2(place + 2) for place in range(min(10, len(wanted))))
        ndcg.append(gain / best)
        recall.append(len(wanted & {*ranking[:20]}) / len(wanted))
    return {"ndcg_10": float(np.mean(ndcg)), "recall_20": float(np.mean(recall))}


def test_figures_are_those_of_their_definitions():
    rankings = some_rankings()
    assert found(*rankings) == pytest.approx(by_definition(*rankings), abs=1e-12)


@pytest.mark.slow
def test_figures_are_those_of_ranx():
    ranx = pytest.importorskip("ranx", reason="only the extra `bench` has ranx")
    lists, taken = some_rankings()
    right = {f"u{u}": {f"i{i}": 1 for i in items.tolist()} for u, items in enumerate(taken)}
    run = {
        f"u{u}": {f"i{i}": 1 - place / 100 for place, i in enumerate(ranking)}
        for u, ranking in enumerate(lists.tolist())
    }
    names = ["ndcg@10", "recall@20"]
    theirs = ranx.evaluate(ranx.Qrels(right), ranx.Run(run), names)
    ours = found(lists, taken)
    assert [ours["ndcg_10"], ours["recall_20"]] == pytest.approx([theirs[n] for n in names])


def test_a_perfect_list_is_1_and_nothing_of_it_is_0():
    taken = [np.arange(12), np.array([3])]
    perfect = np.stack([np.arange(50), np.r_[3, np.arange(10, 59)]])
    assert found(perfect, taken) == {"ndcg_10": 1.0, "recall_20": 1.0}
    nothing = np.stack([np.arange(12, 60)] * 2)[:, :40]
    assert found(nothing, [np.arange(12), np.array([3])]) == {"ndcg_10": 0.0, "recall_20": 0.0}


def test_users_count_alike_whatever_they_took():
    lists = np.stack([np.arange(50), np.arange(50)])
    once = found(lists, [np.array([0]), np.array([55])])
    often = found(lists, [np.array([0]), np.arange(50, 60)])
    assert once["ndcg_10"] == pytest.approx(often["ndcg_10"]) == pytest.approx(0.5)


def evaluation_of(lists, taken, measurements):
    listed, items, users = as_events(lists, taken)
    index = {"items": [f"i{n:02}" for n in range(NUM_ITEMS)], "counts": [5] * NUM_ITEMS}
    outputs = as_outputs(np.ones(listed.shape), listed, width_of(NUM_ITEMS))
    assert np.array_equal(items_in(outputs)[:, : listed.shape[1]], listed)
    test = Split(
        ids=[f"e{row}" for row in range(len(items))],
        y=items.astype(np.int32),
        groups=[f"u{user}" for user in users],
        measurements=measurements(items, users),
        leaked=np.zeros(len(items), bool),
    )
    nothing = Stressed(np.zeros(0, np.int64), iter(()))
    return evaluate_ranking(index, test, outputs, Answers(outputs, test.y), nothing)


def test_cold_users_and_items_stand_apart():
    def measured(items, users):
        return {
            "num_before": np.where(users < 10, 0.0, 7.0),
            "num_of_item": np.where(items < 5, 0.0, 9.0),
        }

    lists, taken = some_rankings()
    metrics = evaluation_of(lists, taken, measured).metrics()
    assert metrics["ndcg_10_cold_users"] == pytest.approx(
        by_definition(lists[:10], taken[:10])["ndcg_10"]
    )
    known = by_definition(lists[10:], taken[10:])["ndcg_10"]
    assert metrics["ndcg_10_known_users"] == pytest.approx(known)
    only_cold = [(row, items[items < 5]) for row, items in enumerate(taken) if (items < 5).any()]
    rows = [row for row, _ in only_cold]
    expected = by_definition(lists[rows], [items for _, items in only_cold])["ndcg_10"]
    assert metrics["ndcg_10_cold_items"] == pytest.approx(expected)


def test_coverage_is_the_share_of_items_in_the_first_ten():
    lists = np.stack([np.arange(50), np.arange(5, 55)])
    taken = [np.array([0]), np.array([5])]
    found = evaluation_of(lists, taken, lambda items, users: {})
    assert found.metrics()["coverage"] == pytest.approx(15 / NUM_ITEMS)
    assert found.metrics()["popularity_bias"] == pytest.approx(1.0)
    assert found.num_users == 2
