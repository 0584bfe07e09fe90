"""The errors a user can meet.

GroundworkError        one line: what is wrong and where, then what to do
├── SettingsError      params.yaml or a catalog entry says something impossible
├── SourceError        the data is not where, or not what, its catalog entry says
├── MissingInput       a stage's input is not there, or was only half written
├── InputChanged       an input was edited while the stage ran
├── BrokenDataset      the data failed validation
├── ReviewError        data/reviews/<dataset>.csv says something impossible
├── TrainingError      training cannot go on
├── CompareError       two runs cannot be compared
├── ForgetError        examples cannot be erased, or not all of them were
└── WorkerKilled       a worker process died
"""

from functools import partial
from typing import Any


class GroundworkError(Exception):
    """A problem that the person who started the run can solve.

    `what` names the file or key, what was expected and what was found; `fix` says what to do.
    """

    def __init__(self, what: str, *, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are pickled as their `args`, which lack `fix`; a worker could not send one.
        return partial(type(self), fix=self.fix), (self.what,)

    def __str__(self) -> str:
        return f"ERROR {one_line(self.what)} | fix: {one_line(self.fix)}"


class SettingsError(GroundworkError):
    pass


class SourceError(GroundworkError):
    pass


class MissingInput(GroundworkError):
    pass


class InputChanged(GroundworkError):
    pass


class BrokenDataset(GroundworkError):
    pass


class ReviewError(GroundworkError):
    pass


class TrainingError(GroundworkError):
    pass


class CompareError(GroundworkError):
    pass


class ForgetError(GroundworkError):
    pass


class WorkerKilled(GroundworkError):
    pass


def one_line(text: str) -> str:
    """Keep foreign text (file names, labels) from breaking the line or driving the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
