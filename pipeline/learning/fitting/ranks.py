"""Several processes (ranks) that train one network together, by torch.distributed.

They share the batch of each step, so `batch_size` means the same for any number of ranks, and
their gradients add up to those of the whole batch (DistributedDataParallel). Batch norm is the
exception: it sees only a rank's part of the batch, and the first rank's running statistics become
those of the network. Only the first rank decides and writes.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.distributed_c10d import PrefixStore, Store, default_pg_timeout
from torch.distributed.rendezvous import rendezvous

from pipeline.learning.batches import ALONE, RankShare
from pipeline.learning.device import Device
from pipeline.runtime.errors import GroundworkError, SettingsError, TrainingError
from pipeline.runtime.process import WAIT_FOR_TORCHRUN_SECONDS, say_error, world

Value = TypeVar("Value")

ENDING = (signal.SIGINT, signal.SIGTERM)
CONNECT_SECONDS = 15
"""Time in which torchrun must answer; it runs on this machine, or started before this process."""
SIGNS_OF_A_LOST_RANK = ("gloo", "NCCL", "Connection reset", "Connection closed")


@dataclass(frozen=True)
class Ranks:
    """This process and the other ranks; without others its methods do nothing."""

    share: RankShare = ALONE

    @property
    def num(self) -> int:
        return self.share.world_size

    @property
    def is_first(self) -> bool:
        return self.share.rank == 0

    def parallel(self, network: nn.Module, device: Device) -> nn.Module:
        """Wrap a network so that gradients are the mean over ranks; all start like the first."""
        if self.num == 1:
            return network
        of_this = [torch.cuda.current_device()] if device.kind == "cuda" else None
        return nn.parallel.DistributedDataParallel(network, device_ids=of_this)

    def sum(self, values: Tensor) -> Tensor:
        """Sum over ranks, with the same bits on all. On a GPU the host does not wait for it."""
        if self.num > 1:
            dist.all_reduce(values)
        return values

    def concatenate(self, rows: Tensor, begin: int, num: int, device: Device) -> Tensor:
        """Join the `num` rows of all ranks; `rows` are this rank's, from number `begin` on."""
        if self.num == 1:
            return rows
        every = torch.zeros((num, *rows.shape[1:]), dtype=rows.dtype, device=device.kind)
        every[begin : begin + len(rows)] = rows.to(device.kind)
        return self.sum(every).cpu()

    def from_first(self, value: Value, device: Device) -> Value:
        """Get the first rank's value; tensors in it must be on the host."""
        if self.num == 1:
            return value
        box = [value]
        dist.broadcast_object_list(box, device=torch.device(device.kind))
        return box[0]

    @torch.no_grad()
    def copy_first(self, network: nn.Module) -> None:
        """Overwrite weights and buffers by those of the first rank."""
        if self.num == 1:
            return
        for values in network.state_dict().values():
            dense = values.contiguous()  # gloo needs contiguous tensors; channels-last is not
            dist.broadcast(dense, 0)
            values.copy_(dense)


ONE_RANK = Ranks()


@contextmanager
def join_ranks(device: Device) -> Iterator[Ranks]:
    """Connect to the processes that torchrun started with this one; when one fails, all end.

    Only the first to fail prints its error.

    Raises:
        SettingsError: there are more processes than GPUs, or the device cannot be shared.
    """
    here = world()
    if here.size == 1:
        yield ONE_RANK
        return
    if device.kind == "mps" or (
        device.kind == "cuda" and here.local_size > torch.cuda.device_count()
    ):
        raise SettingsError(
            f"{here.local_size} processes were started here to train on {device.kind}, of which "
            f"there is {max(1, torch.cuda.device_count())}: each needs its own",
            fix="start fewer (train.processes), or set train.device: cpu",
        )
    if device.kind == "cuda":
        torch.cuda.set_device(here.local_rank)
    # Python's handlers wait while torch waits for others; this process has nothing to clean up yet.
    handlers = {number: signal.signal(number, signal.SIG_DFL) for number in ENDING}
    store = _connect()
    dist.init_process_group(
        "nccl" if device.kind == "cuda" else "gloo",
        store=PrefixStore("training", store),
        rank=here.rank,
        world_size=here.size,
    )
    signal.signal(signal.SIGINT, handlers[signal.SIGINT])
    try:
        yield Ranks(RankShare(here.rank, here.size))
        dist.barrier()  # publish a result only when all ranks have finished
    except Exception as error:
        _fail(error, store)
    dist.destroy_process_group()
    signal.signal(signal.SIGTERM, handlers[signal.SIGTERM])


def _connect() -> Store:
    """Connect to the store by which ranks find each other; torchrun starts it before them.

    Raises:
        TrainingError: torchrun has ended.
    """
    here = world()
    by_torchrun = os.environ.get("TORCHELASTIC_USE_AGENT_STORE") == "True"
    timeout = timedelta(seconds=CONNECT_SECONDS) if by_torchrun else default_pg_timeout
    store: Store
    try:
        store, _, _ = next(rendezvous("env://", here.rank, here.size, timeout=timeout))
    except dist.DistError as error:
        reason = str(error).splitlines()[0]
        raise TrainingError(
            f"torchrun, which started this process, does not answer: {reason}",
            fix="run it again, which goes on where it was",
        ) from None
    store.set_timeout(default_pg_timeout)
    return store


def _fail(error: Exception, store: Store) -> NoReturn:
    """End this process, printing the error if it is the first to fail.

    torchrun then ends the others, and these see a lost connection, if anything.
    """
    lost = isinstance(error, RuntimeError) and any(s in str(error) for s in SIGNS_OF_A_LOST_RANK)
    if lost:  # torchrun knows the reason, and is about to end this process too
        time.sleep(WAIT_FOR_TORCHRUN_SECONDS)
        error = TrainingError(
            f"the connection to another process of this training is lost ({error})",
            fix="see what ended it; running again goes on where this was",
        )
    try:
        first = store.add("failed", 1) == 1
    except RuntimeError:  # torchrun itself has ended
        first = False
    if first and isinstance(error, GroundworkError | OSError | UnicodeError):
        say_error(error)
    elif first:
        traceback.print_exception(error)
    sys.stdout.flush()
    os._exit(1)  # at an orderly exit NCCL would wait for the other ranks
