"""What params.yaml says to validate."""

from typing import Annotated

from pydantic import Field

from pipeline.runtime.settings import Fraction, Name, Settings


class Validate(Settings):
    max_quarantined_fraction: Fraction
    """More examples than this that cannot be used stop the run; fewer are set aside."""
    min_examples_per_class: Annotated[int, Field(ge=1)]
    """Fewer training examples of a class than this are a warning."""
    max_drift: Annotated[float, Field(gt=0)]
    """A larger change than this is a warning, where sampling error cannot explain it: against the
    accepted profile (data/profiles), and of val and test against train. In standard deviations of
    a measurement; of rows and of what labels have to do with images, as a share of what was."""


class ValidateParams(Settings):
    dataset: Name
    # `validate` is a method of pydantic's models, hence the alias.
    validation: Annotated[Validate, Field(alias="validate")]
