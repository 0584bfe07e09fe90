"""Ways in which a table is broken on its way to us, each by a random generator.

`WAYS` has them by name. Rows are texts, empty for missing, with the columns ROLES and inputs.
"""

from collections.abc import Callable

import pandas as pd
from broken import Broken, Random, Ways, new, some

TARGET = "outcome"
ROLES = {"label": TARGET, "group": "person", "time": "day"}
WAYS = Ways()
way = WAYS.way


def inputs(rows: pd.DataFrame) -> list[str]:
    return [name for name in rows.columns if name not in ROLES.values()]


def numbers(rows: pd.DataFrame) -> list[str]:
    """Measured inputs: more than 20 different numbers, none of them in half of the rows."""
    columns = [n for n in inputs(rows) if rows[n].str.fullmatch(r"-?\d+(\.\d+)?|").all()]
    columns = [name for name in columns if rows[name].nunique() > 20]
    return [name for name in columns if rows[name].value_counts(normalize=True).iloc[0] < 0.5]


def categories(rows: pd.DataFrame) -> list[str]:
    return [name for name in inputs(rows) if rows[name].str.contains("[A-Za-z]").any()]


def one(names: list[str], random: Random) -> str:
    return str(random.choice(names))


def as_text(values: pd.Series) -> pd.Series:
    return values.map("{:g}".format)


def of_number(change: Callable[[pd.Series, Random], object], share: float) -> Callable:
    """Change the cells of one measured column that have a value, in a share of the rows."""

    def spoil(rows: pd.DataFrame, random: Random) -> None:
        name = one(numbers(rows), random)
        chosen = some(rows, random, share)
        chosen = chosen[rows.loc[chosen, name] != ""]
        result = change(rows.loc[chosen, name].astype(float), random)
        rows.loc[chosen, name] = as_text(result) if isinstance(result, pd.Series) else result

    return spoil


way("other unit (times 2.54), a third")(of_number(lambda v, _: v * 2.54, 0.33))
way("other unit (times 1000), a tenth")(of_number(lambda v, _: v * 1000, 0.1))
way("placeholder -999, a tenth")(of_number(lambda v, _: "-999", 0.1))
way("comment in a number, 2 %")(of_number(lambda v, _: "not measured (see note)", 0.02))
way("zero for missing, a fifth")(of_number(lambda v, _: "0", 0.2))
way("missing, a third")(of_number(lambda v, _: "", 0.33))
way("sign lost or turned, a third")(of_number(lambda v, _: -v - 1, 0.33))


@way("cells shifted to the right, a third")
def _(rows: pd.DataFrame, random: Random) -> None:
    chosen, names = some(rows, random, 0.33), inputs(rows)
    rows.loc[chosen, names[1:]] = rows.loc[chosen, names[:-1]].to_numpy()


@way("two columns of numbers swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = random.choice(numbers(rows), 2, replace=False)
    rows.loc[new(rows), [a, b]] = rows.loc[new(rows), [b, a]].to_numpy()


@way("a column stuck at one value, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(numbers(rows), random)
    rows.loc[new(rows), name] = rows[name].iloc[0] or "1"


@way("a column cut off at its median, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one([n for n in numbers(rows) if rows[n].mode()[0] != rows[n].max()], random)
    values = pd.to_numeric(rows.loc[new(rows), name], errors="coerce")
    upper = values.quantile([0.5, 0.9])
    top = upper.iloc[0] if upper.iloc[0] > values.min() else upper.iloc[1]
    rows.loc[new(rows), name] = as_text(values.clip(upper=top))


@way("drift by a standard deviation, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(numbers(rows), random)
    values = pd.to_numeric(rows[name], errors="coerce")
    rows.loc[new(rows), name] = as_text(values[new(rows)] + values.std())


@way("a new category, a tenth")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.1), one(categories(rows), random)] = "not yet coded"


@way("categories coded anew, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(categories(rows), random)
    codes = {value: f"code {n}" for n, value in enumerate(rows[name].unique())}
    rows.loc[new(rows), name] = rows.loc[new(rows), name].map(codes)


@way("two categories swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    name = one(categories(rows), random)
    a, b = rows[name].value_counts().index[:2]
    rows.loc[new(rows), name] = rows.loc[new(rows), name].replace({a: b, b: a})


@way("a column lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.drop(columns=one(inputs(rows), random))


@way("a column renamed")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    name = one(inputs(rows), random)
    return rows.rename(columns={name: f"{name}_v2"})


@way("the outcome among the inputs, 2 % noise")
def _(rows: pd.DataFrame, random: Random) -> None:
    leaked = rows[TARGET].replace({v: f"r{n}" for n, v in enumerate(rows[TARGET].unique())})
    chosen = some(rows, random, 0.02)
    leaked[chosen] = random.permutation(leaked[chosen])
    rows.insert(2, "review_code", leaked)


@way("a column filled in only where the outcome is known to be rare")
def _(rows: pd.DataFrame, random: Random) -> None:
    rare = rows[TARGET] == rows[TARGET].value_counts().index[-1]
    days = pd.Series([str(random.integers(1, 90)) for _ in rows.index], rows.index)
    rows.insert(2, "days_of_stay", days.where(rare, ""))


@way("days of the future, 1 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.01), "day"] = "2099-01-01"


@way("people twice under another name, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    again = rows.loc[some(rows, random, 0.1)].assign(person=lambda r: r["person"] + "-b")
    return pd.concat([rows, again], ignore_index=True)


@way("rows twice, a tenth")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return pd.concat([rows, rows.loc[some(rows, random, 0.1)]], ignore_index=True)


@way("outcomes shuffled, all rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows[TARGET] = random.permutation(rows[TARGET])


@way("outcomes swapped, new rows")
def _(rows: pd.DataFrame, random: Random) -> None:
    a, b = rows[TARGET].unique()[:2]
    rows.loc[new(rows), TARGET] = rows.loc[new(rows), TARGET].replace({a: b, b: a})


@way("an outcome that nobody knows, 2 %")
def _(rows: pd.DataFrame, random: Random) -> None:
    rows.loc[some(rows, random, 0.02), TARGET] = "to be decided"


@way("one outcome lost in new rows")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    rare = rows[TARGET].value_counts().index[-1]
    return rows.drop(new(rows)[rows.loc[new(rows), TARGET] == rare]).reset_index(drop=True)


@way("the second half lost")
def _(rows: pd.DataFrame, random: Random) -> pd.DataFrame:
    return rows.iloc[: len(rows) // 2]


@way("the file cut in the middle of a row")
def _(rows: pd.DataFrame, random: Random) -> Broken:
    return Broken(rows, lambda data: data[: data.rindex(b"\n", 0, -1) + 12])
