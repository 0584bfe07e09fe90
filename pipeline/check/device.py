"""Whether the device that params.yaml names is there."""

from pipeline.runtime.errors import SettingsError


def check_device(name: str) -> None:
    """See whether training can run on a device; `auto` and `cpu` are always there.

    Raises:
        SettingsError: this machine, or this build of torch, has none.
    """
    if name not in ("cuda", "mps"):
        return
    import torch  # takes seconds: only those wait for it who name such a device

    backend = torch.cuda if name == "cuda" else torch.backends.mps
    if not backend.is_available():
        raise SettingsError(
            f"params.yaml: train.device is {name}, which torch does not find on this machine",
            fix="set train.device: auto, which takes what is there",
        )
