"""Tables of examples with features, and profiles of them, for tests of what is said of either."""

from typing import Any

import pandas as pd

from pipeline.modalities.opening import open_checks
from pipeline.targets.opening import open_rules
from pipeline.validate.profile import id_checksums, make_profile
from tests.support.tables import CLASSES, INDEX, good_columns, table_of

COMPARE = open_checks("images")
FEATURES = COMPARE.features(INDEX["content"])
NAMES = FEATURES.names


def frame(num: int = 600, seed: int = 0) -> pd.DataFrame:
    """Good examples; see tables.py."""
    table: pd.DataFrame = table_of(good_columns(num, seed)).to_pandas()
    COMPARE.add_features(table, INDEX["content"])
    return table


def profile_of(table: pd.DataFrame, classes: list[str] = CLASSES) -> dict[str, Any]:
    of_labels = open_rules("classes").profile(table, NAMES, {"classes": classes})
    return make_profile(table, FEATURES, COMPARE.WORDS, of_labels, id_checksums(table))
