"""Starts a stage as several processes of this machine, as `torchrun --nproc-per-node` does.

torchrun's own code connects the processes, and ends all when one fails. Called from here it prints
no report, so that the stage's error stays the last line.
"""

import logging
import os
import sys
from typing import NoReturn
from uuid import uuid4

from torch.distributed.elastic.multiprocessing.api import DefaultLogsSpecs, SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from pipeline.runtime.errors import WorkerKilled
from pipeline.runtime.process import LAUNCHER_VARIABLE


def launch_ranks(stage: str, num: int) -> NoReturn:
    """Run `python -m pipeline.<stage>` in `num` processes, and exit as they do.

    Raises:
        WorkerKilled: a process died of a signal, and so could not report an error.
    """
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    os.environ[LAUNCHER_VARIABLE] = str(os.getpid())  # they end with this process
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=num,
        run_id=str(uuid4()),
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        logs_specs=DefaultLogsSpecs(os.devnull),  # otherwise each run leaves a folder in /tmp
    )
    try:
        elastic_launch(config, sys.executable)("-m", f"pipeline.{stage}")
    except SignalException as signal:
        sys.exit(128 + signal.sigval)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            raise WorkerKilled(
                f"process {rank} of {num} was ended by signal {-failure.exitcode}; if nobody did, "
                "most likely for want of memory",
                fix="run it again, which goes on where it was, or set a smaller train.processes",
            ) from None
        sys.exit(1)  # it has printed the error
    sys.exit(0)
