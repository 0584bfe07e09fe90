"""Opening a modality by its name, as params.yaml has it.

Every modality is a folder with the same sub-packages, one for each kind of caller. The module
`interface` of a sub-package has the names of a Protocol in protocols/. A module opened by name is
in no import closure: so dvc.yaml names the folders that a stage opens (`make dag`), and keys of
caches name the interface.
"""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import Settings

if TYPE_CHECKING:  # a stage imports only what it opens: some parts need torch
    from pipeline.modalities.protocols.checks import Checks
    from pipeline.modalities.protocols.compare import Compare
    from pipeline.modalities.protocols.encode import Encode
    from pipeline.modalities.protocols.fit import Fit
    from pipeline.modalities.protocols.label_check import LabelCheck
    from pipeline.modalities.protocols.network import Network
    from pipeline.modalities.protocols.prepare import Prepare
    from pipeline.modalities.protocols.requests import Requests
    from pipeline.modalities.protocols.show import Show
    from pipeline.modalities.protocols.stress import Stress

MODALITIES = {
    path.parent.name: f"pipeline.modalities.{path.parent.name}"
    for path in sorted(Path(__file__).parent.glob("*/encode"))
}
"""The package of each modality: the folders beside this file that have its sub-packages."""


def open_prepare(modality: str) -> "Prepare":
    return cast("Prepare", _open(modality, "prepare"))


def open_requests(modality: str) -> "Requests":
    """Open the module beside `prepare/interface.py` for servers, which have no Arrow."""
    return cast("Requests", import_module(f"{package_of(modality)}.prepare.requests"))


def open_checks(modality: str) -> "Checks":
    return cast("Checks", _open(modality, "checks"))


def open_compare(modality: str) -> "Compare":
    return cast("Compare", _open(modality, "compare"))


def open_label_check(modality: str) -> "LabelCheck":
    return cast("LabelCheck", _open(modality, "label_check"))


def open_fit(modality: str) -> "Fit":
    return cast("Fit", _open(modality, "fit"))


def open_encode(modality: str) -> "Encode":
    return cast("Encode", _open(modality, "encode"))


def open_network(modality: str) -> "Network":
    return cast("Network", _open(modality, "network"))


def open_stress(modality: str) -> "Stress":
    return cast("Stress", _open(modality, "stress"))


def open_show(modality: str) -> "Show":
    return cast("Show", _open(modality, "show"))


def modality_fields(modality: str, part: str, name: str) -> type[Settings]:
    """Fields that a sub-package adds to params.yaml or to a catalog entry.

    They are the class `name` in its module `settings`; a module may be missing.
    """
    module = f"{package_of(modality)}.{part}.settings"
    return getattr(import_module(module), name, Settings) if find_spec(module) else Settings


def modality_interface(modality: str, part: str) -> str:
    """Name of the module that an `open_` function opens, for keys of caches."""
    return f"{package_of(modality)}.{part}.interface"


def package_of(modality: str) -> str:
    """The package of a modality.

    Raises:
        SettingsError: there is no such modality.
    """
    if modality not in MODALITIES:
        raise SettingsError(
            f"params.yaml: modality must be {' or '.join(MODALITIES)}, found {modality!r}",
            fix="groundwork use NAME sets it for a dataset",
        )
    return MODALITIES[modality]


def _open(modality: str, part: str) -> Any:
    return import_module(modality_interface(modality, part))
