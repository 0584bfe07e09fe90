import numpy as np

from pipeline.dataset.table import read_tables
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.protocols.compare import Features
from pipeline.modalities.series.encode.interface import encode
from pipeline.modalities.series.prepare.interface import MEASUREMENTS, WORDS

__all__ = ["MEASUREMENTS", "WORDS"]

NEEDED, UNUSUAL = ["mean"], 6.0


def distances(columns):
    mean = columns["mean"].astype(np.float64)
    return np.abs(mean - np.median(mean)) / max(mean.std(), 1e-9)


def load(folder, index):
    texts = [t for table in read_tables(folder, ["series"]) for t in table["series"].to_pylist()]
    return encode({"series": [text or "[0]" for text in texts]}, index["content"])["x"]


def find_pairs(loaded, rows, ranks, progress):
    return Pairs.none(), 0


CONTENT, ROW_RULES, ACROSS_SPLITS, AMONG_EXAMPLES = {}, (), (), ()


def add_row_checks(rows):
    pass


def add_relations(rows):
    pass


def features(content):
    return Features(["length", "mean"], ["mean"])


def add_features(table, content):
    pass


def patterns(table, content):
    return table[["length", "mean"]].to_numpy(np.float64)
