"""Chooses the device to compute on, and the precision."""

import ctypes
import os
from dataclasses import dataclass

import torch

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.process import DEVICE_VARIABLE, available_cores, world

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4  # of malloc.h


@dataclass(frozen=True)
class Device:
    kind: str
    """`cpu`, `cuda` or `mps`."""
    bf16: bool

    def autocast(self) -> torch.autocast:
        return torch.autocast(self.kind, torch.bfloat16, enabled=self.bf16)

    def seed(self, number: int) -> None:
        """Seed its random numbers, with 0 to 2**64 - 1.

        `torch.manual_seed` seeds devices of every kind, and records a stack trace for each one not
        in use, which takes as long as a small step.
        """
        torch.default_generator.manual_seed(number)
        if self.kind == "cuda":
            torch.cuda.manual_seed(number)
        elif self.kind == "mps":
            torch.mps.manual_seed(number)

    def __str__(self) -> str:
        name = torch.cuda.get_device_name() if self.kind == "cuda" else self.kind
        return f"{name} in {'bf16' if self.bf16 else 'fp32'}"


def choose_device(device: str, precision: str, large: bool) -> Device:
    """Resolve `auto`: the accelerator if there is one; bf16 if hardware computes in it.

    On a CPU bf16 pays only for `large` examples: for others conversions cost more than it gains
    (docs/decisions/bf16-on-a-cpu.md).

    The choice is by rule, not by timing, so a machine always chooses the same.

    Raises:
        SettingsError: the device is not there.
    """
    if device == "auto":
        device = os.environ.get(DEVICE_VARIABLE) or "auto"
    # cuBLAS is deterministic only with a workspace of fixed size, chosen before it starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    # As many threads as cores, whatever OMP_NUM_THREADS says: sums of floats depend on it.
    torch.set_num_threads(max(1, available_cores() // world().local_size))
    there = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if device == "auto":
        device = next(kind for kind in there if there[kind])
    elif not there.get(device):
        raise SettingsError(
            f"the device should be {device}, but torch {torch.__version__} finds none here",
            fix=f"set train.device: auto and unset {DEVICE_VARIABLE}",
        )
    if device == "cpu":
        _keep_memory()
    if precision != "auto":
        return Device(device, bf16=precision == "bf16")
    if device == "cuda":
        return Device(device, bf16=torch.cuda.is_bf16_supported(including_emulation=False))
    return Device(device, bf16=device == "cpu" and large and _cpu_computes_bf16())


def _keep_memory() -> None:
    """Make the C library keep the memory that torch frees, in huge pages.

    Every step allocates and frees the same hundreds of megabytes. glibc returns such blocks to the
    kernel, which has to clear them again: a fifth of a step's time
    (docs/decisions/memory-of-a-step.md). Without glibc nothing changes.
    """
    os.environ.setdefault(
        "THP_MEM_ALLOC_ENABLE", "1"
    )  # read when torch allocates its first large block
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_MAX, 0)
        mallopt(M_TRIM_THRESHOLD, 2**31 - 1)


def _cpu_computes_bf16() -> bool:
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
