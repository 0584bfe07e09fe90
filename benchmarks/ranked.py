"""Events that are split and encoded as the stages do it, and peers; for recommendation.py."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray
from scipy import sparse  # type: ignore[import-untyped]

from pipeline.dataset.rankings.listed import items_in, width_of
from pipeline.entry import entry_type
from pipeline.ingest.sources.opening import open_source
from pipeline.modalities.interactions.encode.interface import encode
from pipeline.modalities.interactions.modules.ranker import pairs_of, read_events
from pipeline.modalities.interactions.network.interface import build
from pipeline.modalities.opening import open_prepare
from pipeline.targets.bootstrap import percentile_interval
from pipeline.targets.opening import open_labels
from pipeline.targets.ranking.judging.evaluation import places_of
from pipeline.targets.ranking.judging.scores import dense_scores

TIE = 1e-6
RESAMPLES = 5000
SPLITS = ("train", "val", "test")


class Ranked(NamedTuple):
    """A dataset that is split, as networks read it."""

    preparation: dict[str, Any]
    rows: Mapping[str, tuple[dict[str, NDArray], NDArray, None]]
    """By split: inputs, codes of items."""
    owners: NDArray[np.int64]
    """The user of each test event, also where train does not have it."""

    def read_rows(self, split: str, copy: int) -> Any:
        return self.rows[split]

    @property
    def num_items(self) -> int:
        return len(self.preparation["items"])

    def histories(self, split: str) -> sparse.csr_matrix:
        """What is known of the user of each event of a split, `(N, items)`: train, and since."""
        inputs, _, _ = self.rows[split]
        train = self.table()
        rows = train[inputs["user"]].tolil() if len(inputs["user"]) else train[:0].tolil()
        for row, codes in enumerate(inputs["history"]):
            for code in codes[codes > 0].tolist():
                rows[row, code - 1] = 1
        return rows.tocsr().astype(np.float32)

    def table(self) -> sparse.csr_matrix:
        """Users by items of train; row 0 is for users that train does not have."""
        users, items = pairs_of(read_events(self, "train", self.num_items), self.num_items)
        shape = (len(self.preparation["users"]) + 1, self.num_items)
        users, items = users[users > 0], items[users > 0]
        return sparse.csr_matrix((np.ones(len(users), np.float32), (users, items)), shape)


def read_ranked(uri: str, splits_file: Path | None = None, **said: Any) -> Ranked:
    """Read and split events as ingest does; `splits_file` gets a line for each."""
    entry = entry_type("interactions", "ranking").model_validate(
        {"uri": uri, "license": "for measuring alone", **said}
    )
    source = open_source(entry, open_prepare("interactions"), open_labels("ranking"))
    table = pa.concat_tables([batch() for batch in source.batches])
    if splits_file is not None:
        lines = zip(table["id"].to_pylist(), table["split"].to_pylist(), strict=True)
        splits_file.write_text("id,split\n" + "".join(f"{id},{split}\n" for id, split in lines))
    return encode_table(table, list(source.labels), int(source.options["later"]))


def encode_table(table: pa.Table, items: list[str], later: int) -> Ranked:
    splits = np.array(table["split"].to_pylist(), object)
    users: list[str] = table["group"].to_pylist()
    counts = Counter(user for user, split in zip(users, splits, strict=True) if split == "train")
    preparation = {
        "users": sorted(counts),
        "items": items,
        "width": max(50, later),
        "num_events": counts.total(),
        "longest": max(counts.values()),
    }
    code_of = {item: code for code, item in enumerate(items)}
    y = np.array([code_of[item] for item in table["label"].to_pylist()], np.int32)
    said = table["event"].to_pylist()
    rows = {}
    for split in SPLITS:
        chosen = np.flatnonzero(splits == split).tolist()
        contents = {"event": [_as_text(said[row]) for row in chosen]}
        rows[split] = encode(contents, preparation), y[chosen], None
    owners = np.unique(
        [users[row] for row in np.flatnonzero(splits == "test")], return_inverse=True
    )
    return Ranked(preparation, rows, owners[1])


def _as_text(content: bytes | str) -> str:
    return content if isinstance(content, str) else content.decode()


class Fitted(NamedTuple):
    """A model of one side, and the codes that it lists for each test event, `(N, T)`."""

    listed: NDArray[np.int64]
    cpu_seconds: float
    """Of fitting, what is chosen on validation included."""


def ours(ranked: Ranked, name: str, seed: int = 0) -> Fitted:
    torch.manual_seed(seed)
    network: Any = build(name, ranked.preparation, width_of(ranked.num_items), None)
    started = time.process_time()
    network.fit(ranked, lambda outputs, y: outputs[:, 0], seed)
    seconds = time.process_time() - started
    inputs, _, _ = ranked.rows["test"]
    first = np.unique(ranked.owners, return_index=True)[1]
    asked = {key: values[first] for key, values in inputs.items()}
    return Fitted(items_in(answers(network, asked))[ranked.owners], seconds)


def answers(network: Any, inputs: Mapping[str, NDArray]) -> NDArray[np.float32]:
    """Outputs of a network for N rows."""
    parts = []
    num = len(next(iter(inputs.values())))
    with torch.inference_mode():
        for start in range(0, num, network.rows_at_once):
            some = slice(start, start + network.rows_at_once)
            batch = {key: torch.from_numpy(values[some]) for key, values in inputs.items()}
            parts.append(network(batch).numpy())
    return np.concatenate(parts)


def list_new(scores: NDArray, histories: sparse.csr_matrix, ranked: Ranked) -> NDArray[np.int64]:
    """The best 100 new items by scores `(N, items)` of a peer."""
    popularity = np.asarray(ranked.table().sum(0)).ravel()
    scores = scores + TIE * popularity / popularity.max()
    scores[histories.nonzero()] = -np.inf
    return np.argsort(-scores, axis=1, kind="stable")[:, :100]


def by_user(listed: NDArray[np.int64], ranked: Ranked) -> NDArray[np.float64]:
    """NDCG at 10 and recall at 20 of each test user, `(U, 2)`."""
    _, y, _ = ranked.rows["test"]
    rows = dense_scores(places_of(listed, y.astype(np.int64)), ranked.owners)
    return np.stack([np.bincount(ranked.owners, rows[:, column]) for column in (1, 2)], 1)


def paired(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[float, float, float]:
    """Mean difference of two figures of the same users, and its 95 % interval by the bootstrap."""
    random = np.random.default_rng(0)
    difference = one - other
    drawn = [difference[random.integers(0, len(one), len(one))].mean() for _ in range(RESAMPLES)]
    return (float(difference.mean()), *percentile_interval(np.array(drawn)))


def ease_reference(ranked: Ranked, penalties: Sequence[float]) -> Fitted:
    """Steck's lines (2019) in NumPy, float64; the penalty chosen on validation."""
    started = time.process_time()
    table = ranked.table()
    gram = np.asarray((table.T @ table).todense(), np.float64)

    def weights(penalty: float) -> NDArray:
        inverse = np.linalg.inv(gram + penalty * np.eye(len(gram)))
        found = inverse / -np.diag(inverse)
        np.fill_diagonal(found, 0)
        return found

    fitted = {penalty: weights(penalty) for penalty in penalties}
    best = choose(ranked, lambda rows, penalty: rows @ fitted[penalty], penalties)
    seconds = time.process_time() - started
    histories = ranked.histories("test")
    return Fitted(list_new(histories @ fitted[best], histories, ranked), seconds)


def implicit_als(
    ranked: Ranked, settings: Sequence[tuple[float, float]], factors: int = 64, rounds: int = 15
) -> Fitted:
    """ALS of `implicit`; (alpha, regularization) chosen on validation."""
    from implicit.als import AlternatingLeastSquares  # type: ignore[import-untyped]

    table = ranked.table()
    started = time.process_time()
    fitted = {}
    for alpha, penalty in settings:
        model = AlternatingLeastSquares(
            factors=factors,
            alpha=alpha,
            regularization=penalty,
            iterations=rounds,
            num_threads=1,
            random_state=0,
        )
        model.fit(table, show_progress=False)
        fitted[alpha, penalty] = model

    def scores(rows: sparse.csr_matrix, key: tuple[float, float]) -> NDArray:
        model = fitted[key]
        vectors = model.recalculate_user(np.arange(rows.shape[0]), rows * 1.0)
        return np.asarray(vectors @ model.item_factors.T)

    best = choose(ranked, scores, settings)
    seconds = time.process_time() - started
    histories = ranked.histories("test")
    return Fitted(list_new(scores(histories, best), histories, ranked), seconds)


def choose(ranked: Ranked, scores: Any, keys: Sequence[Any]) -> Any:
    """The setting of the best NDCG on validation, whose users are asked once."""
    if len(keys) == 1:
        return keys[0]
    inputs, y, _ = ranked.rows["val"]
    known = np.flatnonzero(inputs["user"] > 0)
    histories = ranked.histories("val")[known]
    found = {}
    for key in keys:
        listed = list_new(scores(histories, key), histories, ranked)
        places = places_of(listed, y[known].astype(np.int64))
        rows = dense_scores(places, np.unique(inputs["user"][known], return_inverse=True)[1])
        found[key] = rows[:, 1].sum() / rows[:, 0].sum()
    return max(found, key=lambda key: found[key])
