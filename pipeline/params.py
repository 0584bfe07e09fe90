"""All of params.yaml: the sections of every stage, each declared beside its stage.

A new parameter is a field in `pipeline/<stage>/params.py` and a line in params.yaml; dvc.yaml names
whole sections. A stage reads its own section alone (`run_stage`); the stage `check` and commands
read all.
"""

from pathlib import Path

from pipeline.augment.params import AugmentParams
from pipeline.clean.params import CleanParams
from pipeline.describe.params import DescribeParams
from pipeline.evaluate.params import EvaluateParams
from pipeline.ingest.params import IngestParams
from pipeline.report.params import ReportParams
from pipeline.runtime.settings import PARAMS_FILE, parse, read_yaml
from pipeline.train.params import TrainParams
from pipeline.validate.params import ValidateParams


class Params(  # pydantic takes fields of the last first, and messages list them so
    ReportParams,
    EvaluateParams,
    TrainParams,
    AugmentParams,
    DescribeParams,
    CleanParams,
    ValidateParams,
    IngestParams,
):
    """Every key that some stage knows."""


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and check every parameter: a typo shows before any work.

    Raises:
        SettingsError: naming the key, what was expected and what was found.
    """
    return parse(Params, read_yaml(path), path)
