"""The network of a trained model, as one that answers; see answering.py."""

from pathlib import Path
from typing import Any

from pipeline.learning.answering import Answering
from pipeline.learning.device import choose_device
from pipeline.learning.inference import predict
from pipeline.learning.model_file import load_model


def open_network(folder: Path, limits: Any) -> Answering:
    """Load the model in `folder`; `limits` are the section `ingest` of params.yaml.

    Raises:
        MissingInput: the model is not there, or not whole, or of an older version.
    """
    device = choose_device("auto", "fp32", False)
    model = load_model(folder, device)
    return Answering(model.about, lambda inputs: predict(model.network, inputs, device), limits)
