"""Users who are no people stand out, and those who take much do not."""

import numpy as np
import pandas as pd

from pipeline.modalities.interactions.checks.user_table import MAX_TIMES, user_rules, user_table
from pipeline.modalities.interactions.compare.interface import NEEDED, UNUSUAL, distances


def events_of(counts: dict[str, int], of_one_item: tuple[str, ...] = ()) -> pd.DataFrame:
    users = [user for user, number in counts.items() for _ in range(number)]
    numbers = [counts[user] for user in users]
    different = [1 if user in of_one_item else counts[user] for user in users]
    return pd.DataFrame({"group": users, "num_of_user": numbers, "num_different": different})


def far_from_others(table: pd.DataFrame) -> set[str]:
    columns = {name: table[name].to_numpy() for name in NEEDED}
    return {*table["group"][distances(columns) > UNUSUAL]}


def test_a_bot_has_ten_times_what_nearly_all_have():
    random = np.random.default_rng(0)
    counts = {f"u{n}": int(20 * random.lognormal(0, 0.6)) + 1 for n in range(200)}
    found = user_table(events_of(counts | {"bot": 2000}))
    assert found.loc[found["times_usual"] > MAX_TIMES, "id"].tolist() == ["bot"]
    assert len(found) == 201
    assert user_rules()[0].column == "times_usual"
    assert not (user_table(events_of(counts))["times_usual"] > MAX_TIMES).any()


def test_its_events_are_outliers_for_clean():
    assert far_from_others(events_of({f"u{n}": 20 for n in range(50)} | {"bot": 3000})) == {"bot"}


def test_who_takes_one_item_again_and_again_says_nothing_of_a_taste():
    """One event alone is no habit."""
    counts = {f"u{n}": 20 for n in range(50)} | {"radio": 4, "once": 1}
    table = events_of(counts, of_one_item=("radio", "once"))
    assert far_from_others(table) == {"radio"}
    found = user_table(table)
    assert found.loc[found["one_item"], "id"].tolist() == ["radio"]
