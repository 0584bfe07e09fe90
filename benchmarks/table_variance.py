"""Can tomorrow's variance of the S&P 500 be forecast better than by HAR, and its direction at all?

The variance of a day is that of Garman and Klass (1980), from open, high, low and close. Inputs are
known at the close before: logarithms of variances and of their means over 5 and 22 days, returns
and losses (leverage), and the VIX. Train ends with 2012, validation is 2013 and 2014, test 2015 to
2018; a row whose tomorrow lies in the next part is left out. Networks learn the logarithm by QLIKE;
`auto` is the one that validation chooses. HAR (Corsi 2009) is a regression of logarithms; it and
the other baselines are scaled on train, so that the mean of the ratios is 1. t is that of Diebold
and Mariano against HAR: at most -2, ours is surely better.

    GROUNDWORK_TABLES=/data python benchmarks/table_variance.py [--seeds 5]

GROUNDWORK_TABLES is the folder of table_data.py.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from results import Figure, save, spread
from sklearn.linear_model import LinearRegression
from table_data import Splits, Table, folder
from table_networks import InMemoryReader, ours

from pipeline.modalities.tables.network.interface import TRIED
from pipeline.targets.forecasts import diebold_mariano
from pipeline.train.choosing import choose

VAL, TEST = "2013-01-01", "2015-01-01"
MOST_T = -2.0
HAR = ["log 1", "log 5", "log 22"]
SHOWN = (*TRIED, "mlp", "auto")


def read() -> tuple[Table, Table, pd.DatetimeIndex, NDArray[np.float64]]:
    """Rows with the variance of the day after, the same with whether it rises, the days, and the
    variance of each day itself, `(N,)`."""
    path = folder() / "sp500_daily/sp500.csv.gz"
    days = pd.read_csv(path, parse_dates=["Date"]).set_index("Date")
    high, low, start, end = (np.log(days[name]) for name in ("High", "Low", "Open", "Close"))
    variance = 0.5 * (high - low) ** 2 - (2 * np.log(2) - 1) * (end - start) ** 2
    variance = variance.clip(lower=variance[variance > 0].quantile(0.001))
    vix = pd.read_csv(folder() / "vix_daily/vix-daily.csv", parse_dates=["DATE"])
    fear = np.log(vix.set_index("DATE")["CLOSE"]).reindex(days.index).ffill()
    returns = end.diff()
    rows = pd.DataFrame(
        {f"log {num}": np.log(variance.rolling(num).mean()) for num in (1, 5, 22)}
        | {f"log of {lag} before": np.log(variance).shift(lag) for lag in (1, 2)}
        | {"return": returns, "loss": returns.clip(upper=0), "size": returns.abs()}
        | {"loss of 5": returns.rolling(5).sum().clip(upper=0), "vix": fear, "rise": fear.diff()}
    )
    tomorrow = variance.shift(-1)
    kept = rows.notna().all(axis=1) & tomorrow.notna()
    index = pd.DatetimeIndex(rows.index[kept])
    rows, rises = rows[kept].reset_index(drop=True), (returns.shift(-1)[kept] > 0)
    return (
        Table(rows, tomorrow[kept].to_numpy(np.float64)),
        Table(rows, rises.to_numpy(np.int64)),
        index,
        variance[kept].to_numpy(np.float64),
    )


def split(days: pd.DatetimeIndex) -> Splits:
    """In time; the last day before a boundary is left out, since its tomorrow lies behind it."""
    next_day = np.append(days[1:], days[-1:] + pd.Timedelta(days=1))
    parts = [("1900-01-01", VAL), (VAL, TEST), (TEST, "2100-01-01")]
    return Splits(
        *(np.flatnonzero((days >= begin) & (next_day < np.datetime64(end))) for begin, end in parts)
    )


def qlike(actual: NDArray, forecast: NDArray) -> NDArray[np.float64]:
    ratio = actual / forecast
    return np.asarray(ratio - np.log(ratio) - 1)


def baselines(table: Table, today: NDArray, splits: Splits) -> dict[str, NDArray]:
    """Forecasts for test by name."""
    train, log = splits.train, table.rows[HAR].to_numpy()
    model = LinearRegression().fit(log[train], np.log(table.y[train]))
    of_days = {
        "last day": today,
        "mean of 22 days": np.exp(log[:, 2]),
        "EWMA": pd.Series(today).ewm(alpha=0.06).mean().to_numpy(),
        "HAR": np.exp(model.predict(log)),
    }
    return {
        name: found[splits.test] * (table.y[train] / found[train]).mean()
        for name, found in of_days.items()
    }


def networks(table: Table, splits: Splits, seed: int) -> dict[str, NDArray]:
    """Forecasts for test by name, of networks with one seed."""
    log = np.log(table.y)
    mean = log[splits.train].mean()
    reader = InMemoryReader(table, splits, (log - mean).astype(np.float32))
    names = (*TRIED, "mlp")
    answered = {n: ours(n, reader, 1, "numbers", seed, {}, "qlike") for n in names}
    found = {n: np.exp(a.test[:, 0] + mean) for n, a in answered.items()}
    chosen = choose({n: answered[n].losses for n in TRIED})
    print(f"seed {seed}: auto is {chosen}", flush=True)
    return found | {"auto": found[chosen]}


def direction(table: Table, splits: Splits) -> tuple[float, float]:
    """Share of the test days that go the way that `linear` says, and of those that rise."""
    reader = InMemoryReader(table, splits, table.y.astype(np.int32))
    outputs = ours("linear", reader, 2, "classes", 0, {}).test
    y = table.y[splits.test]
    return float((outputs.argmax(1) == y).mean()), float(y.mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    table, rises, days, today = read()
    splits = split(days)
    actual = table.y[splits.test]
    print("rows of train, validation and test: " + ", ".join(f"{len(part)}" for part in splits))
    simple = {name: qlike(actual, f) for name, f in baselines(table, today, splits).items()}
    har, times = simple["HAR"], np.arange(len(actual))

    def t_of(losses: NDArray[np.float64]) -> float:
        return diebold_mariano(losses, har, times, 1)

    for name, losses in simple.items():
        print(f"{name}: QLIKE {losses.mean():.4f}, t {t_of(losses):+.2f}")
    runs = [networks(table, splits, seed) for seed in range(options.seeds)]
    figures = []
    for name in SHOWN:
        losses = [qlike(actual, run[name]) for run in runs]
        means, ts = [float(each.mean()) for each in losses], [t_of(each) for each in losses]
        together = qlike(actual, np.mean([run[name] for run in runs], axis=0))
        print(
            f"{name}: QLIKE {spread(means, 4)}, mean {statistics.mean(means):.4f}, t "
            f"{spread(ts, 2)}; of the mean forecast {together.mean():.4f}, t {t_of(together):+.2f}"
        )
        ratios = [float(har.mean()) / mean for mean in means]
        figures.append(
            Figure(
                "train",
                f"S&P 500, variance of the next day, QLIKE of `{name}`, less is better",
                f"{spread(means, 4)}; t {spread(ts, 2)}",
                len(runs),
                f"HAR: {har.mean():.4f}; t at most {MOST_T:g} is surely better",
                (statistics.median(ratios), min(ratios), max(ratios)),
            )
        )
    right, always = direction(rises, splits)
    better = "better" if right > always else "not better"
    print(f"direction: right {right:.3f}, always up {always:.3f}: {better} than always-up")
    figures.append(
        Figure(
            "train", "S&P 500, direction of the next day", f"{right:.3f}", 1, f"up: {always:.3f}"
        )
    )
    command = f"GROUNDWORK_TABLES=DIR python benchmarks/table_variance.py --seeds {options.seeds}"
    save("table_variance", figures, command)


if __name__ == "__main__":
    main()
