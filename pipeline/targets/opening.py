"""Opening a target by its name, as params.yaml has it; see modalities/opening.py."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import Settings

if TYPE_CHECKING:
    from pipeline.targets.protocols.baseline import Baseline
    from pipeline.targets.protocols.card import Card
    from pipeline.targets.protocols.describe import Describe
    from pipeline.targets.protocols.judging import Judging
    from pipeline.targets.protocols.labels import Labels
    from pipeline.targets.protocols.loss import Loss
    from pipeline.targets.protocols.noise import Noise
    from pipeline.targets.protocols.rules import Rules

TARGETS = {
    path.parent.name: f"pipeline.targets.{path.parent.name}"
    for path in sorted(Path(__file__).parent.glob("*/labels"))
}
"""The package of each target: the folders beside this file that have its sub-packages."""


def open_labels(target: str) -> "Labels":
    return cast("Labels", _open(target, "labels"))


def open_rules(target: str) -> "Rules":
    return cast("Rules", _open(target, "rules"))


def open_noise(target: str) -> "Noise":
    return cast("Noise", _open(target, "noise"))


def open_loss(target: str) -> "Loss":
    return cast("Loss", _open(target, "loss"))


def open_baseline(target: str) -> "Baseline":
    return cast("Baseline", _open(target, "baseline"))


def open_describe(target: str) -> "Describe":
    return cast("Describe", _open(target, "describe"))


def open_judging(target: str) -> "Judging":
    return cast("Judging", _open(target, "judging"))


class Answers(NamedTuple):
    """The part of a target for servers: two modules that import neither torch, Arrow nor SciPy."""

    outputs: Any
    """Module with the names

    - `probabilities`: see `Judging.probabilities`;
    - `RECORDED_AS`: the type of outputs in records;
    - `CHOOSES`: whether an answer is the greatest of K, whose shares among answers are compared;
    - `confidence(answers)`: how sure each of N answers is, `(N,)`, in any unit; None where none
      says that;
    - `watched(answers)`: other columns `(N, C)`, by name, that `monitor` compares.
    """
    labels: Any
    """Module with the names

    - `answer`: see `Labels.answer`;
    - `in_words(index)`: what the model chooses from, in words, and an example of a label;
    - `as_label(value)`: the text that records have for a label of /feedback, where it is one;
    - `error(answer, label)`: how far an answer is from a label that came later; None where they
      cannot be compared;
    - `JUDGED_BY`: name of the figure of such errors, and the error below which an answer is right;
      None if the mean error is the figure.
    """


def open_answers(target: str) -> Answers:
    package = package_of(target)
    modules = ("measures.outputs", "labels.answers")
    return Answers(*(import_module(f"{package}.{module}") for module in modules))


def open_card(target: str) -> "Card":
    return cast("Card", _open(target, "card"))


def target_fields(target: str, part: str, name: str) -> type[Settings]:
    """Fields that a sub-package adds to params.yaml or to a catalog entry.

    They are the class `name` in its module `settings`; a module may be missing.
    """
    module = f"{package_of(target)}.{part}.settings"
    return getattr(import_module(module), name, Settings) if find_spec(module) else Settings


def target_interface(target: str, part: str) -> str:
    """Name of the module that an `open_` function opens, for keys of caches."""
    return f"{package_of(target)}.{part}.interface"


def package_of(target: str) -> str:
    """The package of a target.

    Raises:
        SettingsError: there is no such target.
    """
    if target not in TARGETS:
        raise SettingsError(
            f"params.yaml: target must be {' or '.join(TARGETS)}, found {target!r}",
            fix="groundwork use NAME sets it for a dataset",
        )
    return TARGETS[target]


def _open(target: str, part: str) -> Any:
    return import_module(target_interface(target, part))
