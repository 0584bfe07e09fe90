"""What params.yaml says to validate; the target adds to it."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Fraction, Kind, Name, Settings, with_fields
from pipeline.targets.opening import target_fields


class Validate(Settings):
    max_quarantined_fraction: Fraction
    """More examples than this that cannot be used stop the run; fewer are set aside."""
    max_drift: Annotated[float, Field(gt=0)]
    """A larger change than this is a warning, where sampling error cannot explain it: against the
    accepted profile (data/profiles), and of val and test against train. In standard deviations of
    a measurement; of rows and of what labels have to do with examples, as a share of what was."""


class ValidateParams(Kind):
    dataset: Name
    # `validate` is a method of pydantic's models, hence the alias.
    validation: Annotated[Validate, Field(alias="validate")]


def validate_params(modality: str, target: str) -> type[ValidateParams]:
    """All that validate reads."""
    fields = target_fields(target, "rules", "ValidateFields")
    return with_fields(ValidateParams, validation=[fields])
