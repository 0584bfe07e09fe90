"""Other libraries on the same rows: their answers for test, chosen on the same validation rows."""

from collections.abc import Callable, Collection
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from table_data import Splits, Table


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
            eval_X=x[val],
            eval_y=table.y[val],
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
        model = kind(
            depth=depth,
            iterations=500,
            learning_rate=0.05,
            verbose=0,
            thread_count=1,
            allow_writing_files=False,
        )
        evaluated = (x[val], table.y[val])
        return model.fit(x[train], table.y[train], eval_set=evaluated, early_stopping_rounds=20)

    return best_on_val(table, splits, x, [lambda d=d: make(d) for d in (4, 6)])


PEERS: dict[str, Callable[[Table, Splits], NDArray]] = {
    "sk_linear": linear_peer,
    "sk_hgb": boosting_peer,
    "lightgbm": lightgbm_peer,
    "catboost": catboost_peer,
}


def peers(
    table: Table, splits: Splits, names: Collection[str] = tuple(PEERS)
) -> dict[str, NDArray]:
    """Answers for test, by name: logits of the second label, or numbers; of what is installed."""
    found = {}
    for name in names:
        try:
            found[name] = PEERS[name](table, splits)
        except ImportError:
            continue
    return found
