"""The names of targets/protocols/rules.py, for numbers."""

import pyarrow as pa

from pipeline.targets.numbers.rules.distribution import drift_rules, label_tables, profile
from pipeline.targets.numbers.rules.row_rules import row_rules
from pipeline.targets.numbers.rules.signal import signal, signal_rules

__all__ = [
    "LABEL",
    "drift_rules",
    "label_tables",
    "profile",
    "row_rules",
    "signal",
    "signal_rules",
]

LABEL = pa.field("target", pa.float64())
