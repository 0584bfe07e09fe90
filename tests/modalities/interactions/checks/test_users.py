"""Users who are no people stand out, and those who take much do not."""

import numpy as np
import pandas as pd

from pipeline.modalities.interactions.checks.user_table import MAX_TIMES, user_rules, user_table
from pipeline.modalities.interactions.compare.interface import UNUSUAL, distances


def events_of(counts: dict[str, int]) -> pd.DataFrame:
    users = [user for user, number in counts.items() for _ in range(number)]
    return pd.DataFrame({"group": users, "num_of_user": [counts[user] for user in users]})


def test_a_bot_has_ten_times_what_nearly_all_have():
    random = np.random.default_rng(0)
    counts = {f"u{n}": int(20 * random.lognormal(0, 0.6)) + 1 for n in range(200)}
    found = user_table(events_of(counts | {"bot": 2000}))
    assert found.loc[found["times_usual"] > MAX_TIMES, "id"].tolist() == ["bot"]
    assert len(found) == 201
    (rule,) = user_rules()
    assert rule.column == "times_usual"
    assert not (user_table(events_of(counts))["times_usual"] > MAX_TIMES).any()


def test_its_events_are_outliers_for_clean():
    table = events_of({f"u{n}": 20 for n in range(50)} | {"bot": 3000})
    far = distances({"num_of_user": table["num_of_user"].to_numpy()}) > UNUSUAL
    assert {*table["group"][far]} == {"bot"}
