"""The names of targets/protocols/rules.py, for classes."""

import pyarrow as pa

from pipeline.dataset.table import WORD
from pipeline.targets.classes.rules.class_table import label_tables
from pipeline.targets.classes.rules.profile import drift_rules, profile
from pipeline.targets.classes.rules.row_rules import row_rules
from pipeline.targets.classes.rules.signal import signal, signal_rules

__all__ = [
    "LABEL",
    "drift_rules",
    "label_tables",
    "profile",
    "row_rules",
    "signal",
    "signal_rules",
]

LABEL = pa.field("label", WORD)
