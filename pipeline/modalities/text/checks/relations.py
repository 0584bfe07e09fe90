"""What texts are to each other, and what is wrong with a few that would be wrong with many."""

from typing import Any

import numpy as np
import pandas as pd

from pipeline.dataset.expectations.relations import add_repeats
from pipeline.dataset.expectations.rules import Rule, each
from pipeline.modalities.text.checks.disguise import is_disguised
from pipeline.modalities.text.content.folding import folded
from pipeline.modalities.text.content.scripts import NONE

MOSTLY = 0.99
"""The share of texts; fewer with something wrong are as in any data."""
OF_SCRIPT = 0.05
"""The share of texts: a script of fewer is not one of the dataset's."""

ACROSS_SPLITS: tuple[Rule, ...] = ()
AMONG_EXAMPLES = (
    each("no text has two labels", "contradicts", False, "warning"),
    each("hardly a text was read wrongly before", "is_damaged", False, "warning", mostly=MOSTLY),
    each("hardly a text has lost characters", "has_lost", False, "warning", mostly=MOSTLY),
    each("hardly a text has letters in disguise", "disguised", False, "warning", mostly=MOSTLY),
    each("texts are in the scripts of most", "other_script", False, "warning", mostly=MOSTLY),
)


def add_relations(rows: Any) -> None:
    """Texts that fold alike are copies; `contradicts` are those of which some differ in label."""
    alike = pd.Series([folded(text) if text else None for text in rows["text"]])
    add_repeats(rows, "", alike)
    rows["contradicts"] = _contradicts(rows, pd.factorize(alike)[0])
    rows["is_damaged"] = (rows["damaged"] > 0).to_numpy(bool)
    rows["has_lost"] = (rows["replaced"] > 0).to_numpy(bool)
    rows["disguised"] = np.array([is_disguised(text or "") for text in rows["text"]], bool)
    scripts = rows["script"].astype("object")
    shares = scripts.value_counts(normalize=True)
    rare = {script for script, share in shares.items() if share < OF_SCRIPT and script != NONE}
    rows["other_script"] = scripts.isin(rare).to_numpy(bool)


def _contradicts(rows: Any, codes: Any) -> Any:
    contradicts = pd.Series(False, index=range(len(rows)))
    if "label" in rows:
        found = pd.DataFrame({"text": codes, "label": pd.factorize(rows["label"])[0]})
        found = found[(found["text"] >= 0) & (found["label"] >= 0)]
        several = found.groupby("text")["label"].nunique()
        contradicts[found.index] = found["text"].isin(several[several > 1].index)
    return contradicts.to_numpy(bool)
