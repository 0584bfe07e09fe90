from pipeline.modalities.protocols.network import Adapted
from pipeline.modalities.series.modules.line import Line, gains_by_bf16
from pipeline.runtime.errors import SettingsError

PUBLISHERS = ()


def describe(preparation):
    return f"series of {preparation['length']} numbers"


def candidates(name):
    return [name]


def build(name, preparation, outputs, settings):
    return Line(preparation, outputs)


def published(name, weights):
    raise SettingsError(f"nobody publishes {weights} for {name}", fix="set train.weights: none")


def adapt(name, weights, preparation):
    return Adapted(weights.tensors, preparation, "")
