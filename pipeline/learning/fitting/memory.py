"""Turns a lack of memory into an error that names the batch size that fits, found by trying."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from pipeline.learning.batches import Examples
from pipeline.runtime.errors import TrainingError

SIGNS = (
    "out of memory",  # CUDA, MPS
    "can't allocate memory",  # torch on a CPU
    "could not create a primitive",  # oneDNN, which does not name memory
    "_ALLOC_FAILED",  # cuBLAS, cuDNN
    "bad allocation",
)
"""Parts of torch's messages for a lack of memory."""


def run_in_memory(
    step: Callable[[Examples], object],
    batch: Examples,
    trial: Callable[[Examples], object],
    num_ranks: int = 1,
) -> None:
    """Call `step(batch)`; if memory is too small for it, try smaller batches with `trial`.

    `batch` is this rank's share; `trial` must not synchronise with the other `num_ranks - 1`.
    Both spoil the network, which is useless after a failure. Linux often promises more memory
    than there is, and later kills the process instead; that is not detected here.

    Raises:
        TrainingError: memory is used up; it names the size that fits.
    """
    try:
        step(batch)
        return
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        reason = (str(error) or "MemoryError").splitlines()[0]
    # After `except`, since the error keeps the tensors of the failed step.
    num = batch.num
    raise TrainingError(
        f"memory is too small to train on a batch of {num} examples ({reason})",
        fix=_advice(num_ranks * largest_that_fits(trial, batch)),
    )


def is_out_of_memory(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in SIGNS)


def largest_that_fits(trial: Callable[[Examples], object], batch: Examples) -> int:
    """Try half the batch, a quarter, …; returns the first size that fits, or 0.

    Batch norm needs two examples, so one is not tried.
    """
    num = batch.num // 2
    while num >= 2:
        if torch.cuda.is_available():
            torch.cuda.empty_cache()  # fragments left by the failed step
        if _fits(trial, batch.each(partial(_first, num=num))):
            return num
        num //= 2
    return 0


def _first(values: Tensor, num: int) -> Tensor:
    return values[:num]


def _fits(trial: Callable[[Examples], object], batch: Examples) -> bool:
    try:
        trial(batch)
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        return False
    except TrainingError:  # only memory matters here
        pass
    return True


def _advice(num: int) -> str:
    if not num:
        return "not even two examples fit: take a smaller model, or smaller examples"
    return f"set batch_size: {num}, which was tried and fits"
