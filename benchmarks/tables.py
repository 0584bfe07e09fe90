"""How good are the networks for tables, beside scikit-learn's on the same rows?

Small records (breast cancer, heart disease of one and of four hospitals, German credit), 5,000 rows
of adult and of credit default, and numbers (diabetes, wine quality). Each seed draws its own 20 %
of test and 15 % of the rest of validation, by which both sides choose: epochs, penalties, sizes of
trees. Beside ours, in the same run: a linear model of scikit-learn, its penalty chosen, and
HistGradientBoosting, its leaves and learning rate chosen; LightGBM and CatBoost where they are
installed.

    GROUNDWORK_TABLES=/data python benchmarks/tables.py [--seeds 3] [--only NAME ...]

GROUNDWORK_TABLES is a folder with heart_disease, german_credit, adult, credit_default and
wine_quality, a folder each, with the files that UCI has; without it scikit-learn's own tables are
measured alone.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.metrics import roc_auc_score

from pipeline.dataset.shards.files import ShardRows
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.learning.inference import predict
from pipeline.modalities.tables.network.interface import TRIED, build
from pipeline.targets.classes.measures.metrics import calibration, fit_temperature, softmax
from pipeline.targets.opening import open_loss
from pipeline.train.alone import fit_itself, fits_itself
from pipeline.train.choosing import choose

CPU = Device("cpu", bf16=False)
SMALL = ("breast_cancer", "heart", "heart_sites", "german")
LARGE = ("adult", "credit")
NUMBERS = ("diabetes", "wine")
MISSING = ["?", " ?", "-9", "-9.0", ""]
ROWS = 5000
MOST_UNCALIBRATED = 0.05
OURS = ("linear", "mlp", "tabm", "trees")
RECIPE = {
    "optimizer": "adamw",
    "lr": 0.002,
    "batch_size": 128,
    "epochs": 60,
    "schedule": "cosine",
    "weight_decay": 0.03,
    "patience": 16,
}


class Table(NamedTuple):
    """N rows and what is said of each."""

    rows: pd.DataFrame
    """Numbers, and texts for categories; None or NaN for missing."""
    y: NDArray
    """Whole numbers for labels, others to be estimated."""

    @property
    def is_classified(self) -> bool:
        return bool(np.issubdtype(self.y.dtype, np.integer))


def folder() -> Path:
    return Path(os.environ["GROUNDWORK_TABLES"])


def table_of(frame: pd.DataFrame, label: Any, positive: Any = None) -> Table:
    """Columns of texts are categories; `positive` says which label is 1."""
    y = frame.pop(label)
    frame.columns = [str(name) for name in frame.columns]
    labels = (y == positive).to_numpy(np.int64) if positive is not None else y.to_numpy(np.float64)
    return Table(frame, labels)


def breast_cancer(seed: int) -> Table:
    frame, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return Table(frame, y.to_numpy(np.int64))


def diabetes(seed: int) -> Table:
    frame, y = load_diabetes(return_X_y=True, as_frame=True)
    return Table(frame, y.to_numpy(np.float64))


def heart_of(sites: Mapping[str, str]) -> Table:
    parts = []
    for site, file in sites.items():
        path = folder() / "heart_disease" / f"processed.{file}.data"
        part = pd.read_csv(path, na_values=MISSING, skipinitialspace=True)
        parts.append(part.set_axis(range(14), axis=1).assign(site=site))
    frame = pd.concat(parts, ignore_index=True)
    frame = frame if len(sites) > 1 else frame.drop(columns="site")
    for column in (2, 6, 10, 12):  # codes: chest pain, ECG, slope, thal
        frame[column] = frame[column].map("c{:g}".format, na_action="ignore")
    frame[13] = (frame[13] > 0).astype(int)
    return table_of(frame, 13, positive=1)


def heart(seed: int) -> Table:
    return heart_of({"cleveland": "cleveland"})


def heart_sites(seed: int) -> Table:
    names = ("cleveland", "hungarian", "switzerland", "va")
    return heart_of({name: name for name in names})


def german(seed: int) -> Table:
    frame = pd.read_csv(folder() / "german_credit/german.csv", header=None)
    return table_of(frame, frame.columns[-1], positive=2)


def adult(seed: int) -> Table:
    path = folder() / "adult/adult-train.csv"
    frame = pd.read_csv(path, header=None, na_values=MISSING, skipinitialspace=True)
    return table_of(drawn(frame, seed), frame.columns[-1], positive=">50K")


def credit(seed: int) -> Table:
    frame = pd.read_csv(folder() / "credit_default/UCI_Credit_Card.csv").drop(columns="ID")
    for column in ("SEX", "EDUCATION", "MARRIAGE"):
        frame[column] = frame[column].map("c{}".format)
    return table_of(drawn(frame, seed), "default.payment.next.month", positive=1)


def wine(seed: int) -> Table:
    """White wines, each once: a fifth of the rows repeat another, which trees would look up."""
    frame = pd.read_csv(folder() / "wine_quality/white.csv", header=None)
    return table_of(frame.drop_duplicates().reset_index(drop=True), 11)


def drawn(frame: pd.DataFrame, seed: int) -> pd.DataFrame:
    return frame.sample(ROWS, random_state=seed).reset_index(drop=True)


TABLES: dict[str, Callable[[int], Table]] = {
    "breast_cancer": breast_cancer,
    "heart": heart,
    "heart_sites": heart_sites,
    "german": german,
    "adult": adult,
    "credit": credit,
    "diabetes": diabetes,
    "wine": wine,
}


class Splits(NamedTuple):
    """Numbers of rows."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def split(num: int, seed: int) -> Splits:
    order = np.random.default_rng(seed).permutation(num)
    num_test = round(0.2 * num)
    num_val = round(0.15 * (num - num_test))
    test, val, train = np.split(order, [num_test, num_test + num_val])
    return Splits(train, val, test)


# Ours


def preparation_of(rows: pd.DataFrame) -> dict[str, Any]:
    """What modalities/tables/fit learns of training rows."""
    numbers, categories = [], []
    for name in rows.columns:
        if pd.api.types.is_numeric_dtype(rows[name]):
            there = rows[name].dropna().to_numpy(np.float64)
            edges = np.quantile(there, np.linspace(0, 1, 33), method="nearest")
            about = {"mean": float(there.mean()), "std": float(there.std()) or 1.0}
            numbers.append({"name": name, **about, "quantiles": np.unique(edges).tolist()})
        else:
            values = rows[name].dropna().value_counts().index.tolist()
            categories.append({"name": name, "values": values})
    return {"numbers": numbers, "categories": categories}


def encoded(rows: pd.DataFrame, preparation: dict[str, Any]) -> dict[str, NDArray]:
    """What modalities/tables/encode makes of rows."""
    inputs: dict[str, NDArray] = {}
    if names := [column["name"] for column in preparation["numbers"]]:
        inputs["numbers"] = rows[names].to_numpy(np.float32, copy=True)
    codes = []
    for column in preparation["categories"]:
        code = {value: 2 + place for place, value in enumerate(column["values"])}
        values = rows[column["name"]]
        codes.append([1 if pd.isna(value) else code.get(value, 0) for value in values])
    if codes:
        inputs["categories"] = np.array(codes, np.int32).T.copy()
    return inputs


class InMemoryReader:
    """What a ShardReader gives to a network that fits itself."""

    def __init__(self, table: Table, splits: Splits, y: NDArray) -> None:
        self.preparation = preparation_of(table.rows.iloc[splits.train])
        self._rows = {
            name: ShardRows(
                encoded(table.rows.iloc[where], self.preparation),
                y[where],
                np.ones(len(where), np.float32),
            )
            for name, where in splits._asdict().items()
        }

    def read_rows(self, split: str, copy: int) -> ShardRows:
        return self._rows[split]

    def num_examples(self, split: str) -> int:
        return len(self._rows[split].weights)


class Answered(NamedTuple):
    """Outputs of a network for validation and test."""

    val: NDArray
    test: NDArray
    losses: NDArray[np.float64]
    """Of validation."""
    seconds: float


def ours(
    name: str, reader: InMemoryReader, outputs: int, target: str, seed: int, changes: dict
) -> Answered:
    """Train a network as the stage train does."""
    started = time.process_time()
    loss = open_loss(target)
    settings = SimpleNamespace(label_smoothing=0.0, loss="squared", quantile=0.5)
    torch.manual_seed(seed)
    network = build(name, reader.preparation, outputs, settings)
    if fits_itself(network):
        fit_itself(network, reader, loss, settings, CPU, seed)  # type: ignore[arg-type]
    else:
        train, val = (make_examples(*reader.read_rows(s, 0)) for s in ("train", "val"))
        recipe = Recipe(**{**RECIPE, **changes}, seed=seed)
        fit(network, recipe, lambda epoch: train, val, loss, CPU, settings=settings)
    val_outputs, test_outputs = (
        predict(network, reader.read_rows(split, 0).inputs, CPU) for split in ("val", "test")
    )
    seconds = time.process_time() - started
    y = make_examples(*reader.read_rows("val", 0)).y
    losses = loss.losses(torch.from_numpy(val_outputs), y, settings).double().numpy()
    return Answered(val_outputs, test_outputs, losses, seconds)


# Peers


def peers(table: Table, splits: Splits) -> dict[str, NDArray]:
    """Answers for test, by name: logits of the second label, or numbers."""
    found = {"sk_linear": linear_peer(table, splits), "sk_hgb": boosting_peer(table, splits)}
    for name, fitter in (("lightgbm", lightgbm_peer), ("catboost", catboost_peer)):
        try:
            found[name] = fitter(table, splits)
        except ImportError:
            continue
    return found


def flat(table: Table, splits: Splits) -> NDArray[np.float64]:
    """Medians for missing, whether each is missing, standardised; categories as 0 and 1."""
    rows, parts = table.rows, []
    for name in rows.columns:
        if pd.api.types.is_numeric_dtype(rows[name]):
            values = rows[name].to_numpy(np.float64)
            of_train = values[splits.train]
            there = of_train[~np.isnan(of_train)]
            filled = np.where(np.isnan(values), np.median(there), values)
            parts += [(filled - there.mean()) / (there.std() or 1), np.isnan(values)]
        else:
            known = rows[name].iloc[splits.train].dropna().unique()
            parts += [(rows[name] == value).to_numpy() for value in known]
    return np.stack(parts, 1).astype(np.float64)


def coded(table: Table, splits: Splits) -> tuple[NDArray[np.float64], list[bool]]:
    """Numbers as they are and codes of categories, NaN where missing; which are categories."""
    columns, is_category = [], []
    for name in table.rows.columns:
        values = table.rows[name]
        numeric = pd.api.types.is_numeric_dtype(values)
        is_category.append(not numeric)
        if numeric:
            columns.append(values.to_numpy(np.float64))
        else:
            known = values.iloc[splits.train].dropna().unique()
            code = {value: float(place) for place, value in enumerate(known)}
            columns.append(np.array([code.get(value, np.nan) for value in values]))
    return np.stack(columns, 1), is_category


def answer_of(model: Any, x: NDArray, table: Table) -> NDArray:
    if not table.is_classified:
        return np.asarray(model.predict(x))
    chance = model.predict_proba(x)[:, 1].clip(1e-7, 1 - 1e-7)
    return np.log(chance / (1 - chance))


def loss_of(table: Table, rows: NDArray, answers: NDArray) -> float:
    y = table.y[rows]
    if not table.is_classified:
        return float(((y - answers) ** 2).mean())
    return float(np.logaddexp(0, np.where(y == 1, -answers, answers)).mean())


def best_on_val(
    table: Table, splits: Splits, x: NDArray, models: list[Callable[[], Any]]
) -> NDArray:
    """Answers for test of the model with the least loss on validation."""
    tried = []
    for number, make in enumerate(models):
        model = make()
        loss = loss_of(table, splits.val, answer_of(model, x[splits.val], table))
        tried.append((loss, number, answer_of(model, x[splits.test], table)))
    return min(tried)[2]


def linear_peer(table: Table, splits: Splits) -> NDArray:
    from sklearn.linear_model import LogisticRegression, Ridge

    x, train = flat(table, splits), splits.train

    def make(strength: float) -> Any:
        if table.is_classified:
            model = LogisticRegression(C=strength, max_iter=2000)
        else:
            model = Ridge(1 / strength)
        return model.fit(x[train], table.y[train])

    strengths = [10.0**k for k in (-3, -2, -1, 0, 1, 2)]
    return best_on_val(table, splits, x, [lambda c=c: make(c) for c in strengths])


def boosting_peer(table: Table, splits: Splits) -> NDArray:
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x, is_category = coded(table, splits)
    train, val = splits.train, splits.val

    def make(leaves: int, rate: float) -> Any:
        kind = (
            HistGradientBoostingClassifier if table.is_classified else HistGradientBoostingRegressor
        )
        model = kind(
            max_leaf_nodes=leaves,
            learning_rate=rate,
            max_iter=500,
            min_samples_leaf=10 if len(train) < 1000 else 20,
            early_stopping=True,
            n_iter_no_change=20,
            categorical_features=is_category,
            random_state=0,
        )
        return model.fit(x[train], table.y[train], X_val=x[val], y_val=table.y[val])

    grid = [(leaves, rate) for leaves in (4, 8, 16, 31) for rate in (0.05, 0.1)]
    return best_on_val(table, splits, x, [lambda g=g: make(*g) for g in grid])


def lightgbm_peer(table: Table, splits: Splits) -> NDArray:
    import lightgbm

    x, is_category = coded(table, splits)
    train, val = splits.train, splits.val
    kind = lightgbm.LGBMClassifier if table.is_classified else lightgbm.LGBMRegressor

    def make(leaves: int) -> Any:
        model = kind(
            num_leaves=leaves,
            learning_rate=0.05,
            n_estimators=500,
            min_child_samples=10 if len(train) < 1000 else 20,
            verbose=-1,
            n_jobs=1,
        )
        return model.fit(
            x[train],
            table.y[train],
            eval_set=[(x[val], table.y[val])],
            categorical_feature=[k for k, is_one in enumerate(is_category) if is_one],
            callbacks=[lightgbm.early_stopping(20, verbose=False)],
        )

    return best_on_val(table, splits, x, [lambda n=n: make(n) for n in (4, 8, 16, 31)])


def catboost_peer(table: Table, splits: Splits) -> NDArray:
    import catboost

    x, _ = coded(table, splits)
    train, val = splits.train, splits.val
    kind = catboost.CatBoostClassifier if table.is_classified else catboost.CatBoostRegressor

    def make(depth: int) -> Any:
        model = kind(depth=depth, iterations=500, learning_rate=0.05, verbose=0, thread_count=1)
        evaluated = (x[val], table.y[val])
        return model.fit(x[train], table.y[train], eval_set=evaluated, early_stopping_rounds=20)

    return best_on_val(table, splits, x, [lambda d=d: make(d) for d in (4, 6)])


# Figures


def quality(table: Table, splits: Splits, answers: NDArray) -> float:
    """AUC, or the root mean squared error."""
    y = table.y[splits.test]
    if table.is_classified:
        return float(roc_auc_score(y, answers))
    return float(np.sqrt(((y - answers) ** 2).mean()))


def measure(name: str, seed: int, changes: dict[str, Any]) -> dict[str, float]:
    """Quality of each model by its name, and which one `auto` chose."""
    table = TABLES[name](seed)
    splits = split(len(table.y), seed)
    of_train = table.y[splits.train].astype(np.float64)
    mean, std = (0.0, 1.0) if table.is_classified else (of_train.mean(), of_train.std())
    y = table.y.astype(np.int32) if table.is_classified else (table.y - mean) / std
    reader = InMemoryReader(table, splits, y if table.is_classified else y.astype(np.float32))
    target, outputs = ("classes", 2) if table.is_classified else ("numbers", 1)
    answered = {n: ours(n, reader, outputs, target, seed, changes) for n in OURS}

    def of_test(found: Answered) -> NDArray:
        if table.is_classified:
            return found.test[:, 1] - found.test[:, 0]
        return found.test[:, 0] * std + mean

    results = {n: quality(table, splits, of_test(found)) for n, found in answered.items()}
    chosen = choose({n: answered[n].losses for n in TRIED})
    results["auto"] = results[chosen]
    if table.is_classified:
        val = answered[chosen].val
        temperature = fit_temperature(val, table.y[splits.val], num_unknown=1)
        scaled = softmax(answered[chosen].test / temperature)
        results["calibration"] = calibration(scaled, table.y[splits.test])[1]
    peer = {n: quality(table, splits, found) for n, found in peers(table, splits).items()}
    seconds = {f"{n}_seconds": found.seconds for n, found in answered.items()}
    results |= peer | seconds
    shown = ", ".join(f"{n} {v:.4f}" for n, v in results.items() if not n.endswith("_seconds"))
    print(f"{name} seed {seed}: {shown}; auto: {chosen}", flush=True)
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="*", choices=TABLES)
    parser.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", help="of RECIPE")
    arguments = parser.parse_args()
    changes = {key: type(RECIPE[key])(v) for key, v in (s.split("=") for s in arguments.set)}
    torch.set_num_threads(1)
    names = arguments.only or [
        n for n in TABLES if "GROUNDWORK_TABLES" in os.environ or n in ("breast_cancer", "diabetes")
    ]
    found = {n: [measure(n, s, changes) for s in range(arguments.seeds)] for n in names}
    print(f"\n{'':14}" + "".join(f"{key:>15}" for key in next(iter(found.values()))[0]))
    for name, runs in found.items():
        means = {key: statistics.mean(run[key] for run in runs) for key in runs[0]}
        print(f"{name:14}" + "".join(f"{value:15.4f}" for value in means.values()))
    if not arguments.only and not changes:
        command = f"GROUNDWORK_TABLES=DIR python benchmarks/tables.py --seeds {arguments.seeds}"
        save("tables", figures(found), command)


def figures(found: Mapping[str, list[dict[str, float]]]) -> list[Figure]:
    rows = []
    for name, runs in found.items():
        is_number = name in NUMBERS
        metric = "RMSE, less is better" if is_number else "AUC"
        for model in ("tabm", "auto"):
            ratios = []
            for run in runs:
                ratio = run[model] / run["sk_hgb"]
                ratios.append(1 / ratio if is_number else ratio)
            rows.append(
                Figure(
                    topic="train",
                    what=f"{metric} of `{model}` on {name.replace('_', ' ')}",
                    ours=spread([run[model] for run in runs], 4),
                    n=len(runs),
                    peer="HistGradientBoosting, tuned: "
                    f"{spread([run['sk_hgb'] for run in runs], 4)}; linear: "
                    f"{spread([run['sk_linear'] for run in runs], 4)}",
                    ratio=(statistics.median(ratios), min(ratios), max(ratios)),
                )
            )
        if name in LARGE:
            errors = [run["calibration"] for run in runs]
            ratios = [MOST_UNCALIBRATED / error for error in errors]
            rows.append(
                Figure(
                    topic="train",
                    what=f"calibration error of `auto` on {name}, after temperature scaling",
                    ours=spread(errors, 3),
                    n=len(runs),
                    peer=f"a limit of {MOST_UNCALIBRATED}",
                    ratio=(statistics.median(ratios), min(ratios), max(ratios)),
                )
            )
    return rows


if __name__ == "__main__":
    main()
