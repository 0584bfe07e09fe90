"""Reads models/model.json: the network, the preparation of its inputs, its labels.

The file has a digest of itself and one of the weights. No torch here, for those who read only it.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.dataset.table import MEND
from pipeline.runtime.errors import MissingInput
from pipeline.runtime.json_files import read_json, read_sealed, seal, write_json

MODEL_JSON = "model.json"
OWN_DIGEST = "description_sha256"
"""Key of the digest of model.json without this key."""
COPY_AGAIN = "copy the whole folder again from where it was trained"
NEEDED = ("model", "modality", "preparation", "target", "target_kind", "weights_sha256")
"""Keys of model.json on inputs and outputs."""


def write_description(path: Path, about: Mapping[str, Any]) -> None:
    write_json(path, seal(about, OWN_DIGEST))


def read_description(
    folder: Path, *, make: str = "dvc repro train", bring_back: str = ""
) -> dict[str, Any]:
    """Read the model.json of `folder`.

    `make` and `bring_back` are the fixes for a missing and for a changed file.

    Raises:
        MissingInput: it is not there, of an older version, or was changed.
    """
    path = folder / MODEL_JSON
    bring_back = bring_back or way_back(folder)
    try:
        values = read_json(path)
        if missing := [key for key in (*NEEDED, OWN_DIGEST) if key not in values]:
            raise MissingInput(
                f"{path} has no {', '.join(missing)}: it is of an older version", fix=make
            )
        return read_sealed(path, OWN_DIGEST)
    except FileNotFoundError:
        raise MissingInput(f"{path} does not exist", fix=make) from None
    except ValueError as error:
        raise MissingInput(f"{path} is damaged: {error}", fix=bring_back) from None


def is_of_project(folder: Path) -> bool:
    """Whether a folder's model is that of a project, and not a copy."""
    return (folder.absolute().parent / "dvc.yaml").is_file()


def way_back(folder: Path) -> str:
    """How to restore the model of a folder."""
    return MEND if is_of_project(folder) else COPY_AGAIN
