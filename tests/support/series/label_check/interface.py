from pipeline.modalities.protocols.label_check import QuickRecipe
from pipeline.modalities.series.modules.line import Line, gains_by_bf16


def num_views(settings):
    return 1


def fit(loaded, rows):
    return {"length": loaded.shape[1]}


def inputs(loaded, rows, preparation):
    return {"x": loaded[rows]}


def vary(inputs, keys, copy, settings, seed):
    return inputs


build = Line


def recipe(num_trained_on, epochs):
    return QuickRecipe("adam", 0.01, 16, max(epochs, 20), "linear", 0.0)
