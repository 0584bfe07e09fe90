import numpy as np

from pipeline.modalities.protocols.checks import Features
from pipeline.modalities.series.content.series import MEASUREMENTS, WORDS

CONTENT, ROW_RULES, ACROSS_SPLITS, AMONG_EXAMPLES = {}, (), (), ()


def add_row_checks(rows):
    pass


def add_relations(rows):
    pass


def features(content):
    return Features(["length", "mean"], ["mean"])


def add_features(table, content):
    pass


def tables(table, content, before, settings):
    return []


def profile(table, content):
    return {}


def patterns(table, content):
    return table[["length", "mean"]].to_numpy(np.float64)
