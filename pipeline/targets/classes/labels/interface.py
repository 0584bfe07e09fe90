"""The names of targets/protocols/labels.py, for classes."""

from pipeline.targets.classes.labels.balance import balance
from pipeline.targets.classes.labels.encoding import encode, num_outputs

__all__ = ["COLUMN", "balance", "encode", "num_outputs"]

COLUMN = "label"
