"""Parameters of evaluate; the modality adds to them."""

from pipeline.modalities.opening import modality_fields
from pipeline.runtime.settings import Kind, Settings, with_fields


class Evaluate(Settings):
    """The section `evaluate`."""


class EvaluateParams(Kind):
    evaluate: Evaluate


def evaluate_params(modality: str, target: str) -> type[EvaluateParams]:
    """All that evaluate reads."""
    fields = modality_fields(modality, "stress", "EvaluateFields")
    return with_fields(EvaluateParams, evaluate=[fields])
