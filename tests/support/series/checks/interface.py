import numpy as np

from pipeline.modalities.protocols.checks import Features
from pipeline.modalities.series.content.series import MEASUREMENTS, WORDS

__all__ = ["MEASUREMENTS", "WORDS"]
CONTENT, ROW_RULES, ACROSS_SPLITS, AMONG_EXAMPLES = {}, (), (), ()


def add_row_checks(rows):
    pass


add_relations = add_row_checks


def features(content):
    return Features(["length", "mean"], ["mean"])


def add_features(table, content):
    pass


def patterns(table, content):
    return table[["length", "mean"]].to_numpy(np.float64)
