import numpy as np

from pipeline.dataset.table import read_tables
from pipeline.modalities.pairs import Pairs
from pipeline.modalities.series.encode.interface import encode

NEEDED, UNUSUAL = ["mean"], 6.0


def distances(columns):
    mean = columns["mean"].astype(np.float64)
    return np.abs(mean - np.median(mean)) / max(mean.std(), 1e-9)


def load(folder, index):
    texts = [t for table in read_tables(folder, ["series"]) for t in table["series"].to_pylist()]
    return encode({"series": [text or "[0]" for text in texts]}, index["content"])["x"]


def tells_apart(loaded):
    return np.ones(len(loaded), bool)


def find_pairs(loaded, rows, ranks, progress):
    return Pairs.none(), 0
