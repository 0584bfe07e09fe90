"""Checks that the device named in params.yaml, or in the environment, is there."""

import os

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.process import DEVICE_VARIABLE

DEVICES = ("cpu", "cuda", "mps")


def check_device(name: str) -> None:
    """Check that training can run on a device; `auto` and `cpu` are always there.

    Raises:
        SettingsError: there is no such device, or this machine or build of torch lacks it.
    """
    where = "params.yaml: train.device"
    if name == "auto" and (variable := os.environ.get(DEVICE_VARIABLE)):
        name, where = variable, DEVICE_VARIABLE
        if name not in ("auto", *DEVICES):
            raise SettingsError(f"{where} must be cpu, cuda or mps, found {name!r}", fix="unset it")
    if name not in ("cuda", "mps"):
        return
    import torch  # takes seconds, so only for such a device

    backend = torch.cuda if name == "cuda" else torch.backends.mps
    if not backend.is_available():
        raise SettingsError(
            f"{where} is {name}, which torch does not find on this machine",
            fix=f"set train.device: auto and unset {DEVICE_VARIABLE}, to take what is there",
        )
