"""All of params.yaml: the sections of every stage, each declared beside its stage.

A new parameter is a field in `pipeline/<stage>/params.py`, or in the settings of a modality or a
target, and a line in params.yaml; dvc.yaml names whole sections. A stage reads its own section
alone (`run_stage`); the stage `check` and commands read all.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import create_model

from pipeline.augment.params import augment_params
from pipeline.clean.params import clean_params
from pipeline.describe.params import describe_params
from pipeline.evaluate.params import evaluate_params
from pipeline.export.params import export_params
from pipeline.ingest.params import ingest_params
from pipeline.report.params import report_params
from pipeline.runtime.settings import PARAMS_FILE, Kind, parse, read_params, read_yaml
from pipeline.train.params import train_params
from pipeline.validate.params import validate_params

OF_STAGES = (  # pydantic takes fields of the last first, and messages list them so
    describe_params,  # reads a section of report
    report_params,
    evaluate_params,
    export_params,
    train_params,
    augment_params,
    clean_params,
    validate_params,
    ingest_params,
)


@lru_cache
def all_params(modality: str, target: str) -> Any:
    """Every key that some stage knows, for a modality and a target."""
    stages = tuple(of(modality, target) for of in OF_STAGES)
    # A section that report also reads, for the card, keeps the type its stage declares.
    own: dict[str, Any] = {
        name: (field.annotation, field)
        for stage in stages
        for name, field in stage.model_fields.items()
    }
    return create_model("Params", __base__=stages, **own)


def load_params(path: Path = PARAMS_FILE) -> Any:
    """Read and check every parameter: a typo shows before any work.

    Returns:
        An object with the keys of params.yaml as attributes.

    Raises:
        SettingsError: naming the key, what was expected and what was found.
    """
    kind = read_params(Kind, path)
    return parse(all_params(kind.modality, kind.target), read_yaml(path), path)
