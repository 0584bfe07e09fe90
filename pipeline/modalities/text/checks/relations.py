"""What texts are to each other: copies in other splits, and copies with another label."""

from typing import Any

import pandas as pd

from pipeline.dataset.expectations.relations import add_repeats
from pipeline.dataset.expectations.rules import Rule, each
from pipeline.modalities.text.content.folding import folded

ACROSS_SPLITS: tuple[Rule, ...] = ()
AMONG_EXAMPLES = (each("no text has two labels", "contradicts", False, "warning"),)


def add_relations(rows: Any) -> None:
    """Texts that fold alike are copies; `contradicts` are those of which some differ in label."""
    alike = pd.Series([folded(text) if text else None for text in rows["text"]])
    add_repeats(rows, "", alike)
    codes = pd.factorize(alike)[0]
    contradicts = pd.Series(False, index=range(len(rows)))
    if "label" in rows:
        found = pd.DataFrame({"text": codes, "label": pd.factorize(rows["label"])[0]})
        found = found[(found["text"] >= 0) & (found["label"] >= 0)]
        several = found.groupby("text")["label"].nunique()
        contradicts[found.index] = found["text"].isin(several[several > 1].index)
    rows["contradicts"] = contradicts.to_numpy(bool)
