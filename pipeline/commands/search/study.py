"""The store of a search: Optuna's database, in SQLite or on any server that SQLAlchemy knows.

A search is named by a digest of all that its figures follow from: the shards, the space, the other
parameters, and the code and libraries that train. So the same command goes on with the trials that
are there, also from another machine that shares the database, and never mixes them with others.

What a trial tries is a function of the seed and of the trials that are finished: a process that is
killed and started again makes the trials that it would have made undisturbed. With several at a
time it depends on which is the first to finish.
"""

import os
import socket
import sqlite3
import time
import warnings
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import optuna
import psutil  # type: ignore[import-untyped]
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from pipeline.commands.search.space import SAME_FOR_ALL, Space, spread_out, values_in, with_values
from pipeline.dataset.places import SHARDS
from pipeline.dataset.table import file_sha256
from pipeline.runtime.cache import key_of
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.stage import INDEX

TRAINS = "pipeline.commands.search.training"
"""The module whose code decides what a training gives."""
TRAINING, WORKER, AGAIN = "training", "worker", "again"
"""User attributes: of a trial what its training gave, and who makes it; of a study, trainings with
other seeds."""
NUM_SPREAD = 4
"""Trials before the sampler begins to learn from them; see docs/decisions/search.md."""
HEARTBEAT_SECONDS, GRACE_SECONDS = 30, 120
UNSIGNED_SECONDS = 5
"""Within which a process says that a trial is its own."""
SQLITE_WAIT_SECONDS = 60

optuna.logging.set_verbosity(optuna.logging.WARNING)
warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)


class QuickConnection(sqlite3.Connection):
    """SQLite that waits for the disk once in a while, not at each of the twenty commits of a trial:
    a killed process loses nothing, a power cut the last moments."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def study_name(params: Mapping[str, Any], space: Space) -> str:
    """`digits-1a2b3c4d`, by all that figures follow from."""
    varied = {key: str(over) for key, over in space.items()}
    others = with_values(params, {**dict.fromkeys(space), **_same_for_all(params)})
    read = {key: others[key] for key in ("modality", "target", "model", "optimizer", "lr")}
    read |= {key: others[key] for key in ("batch_size", "epochs", "train")}
    shards = file_sha256(SHARDS / INDEX)
    key = key_of(TRAINS, shards=shards, space=varied, params=read, seed=params["seed"])
    return f"{params['dataset']}-{key[:8]}"


def _same_for_all(params: Mapping[str, Any]) -> dict[str, None]:
    sections = (key for key in SAME_FOR_ALL if "." in key)
    return {key: None for key in sections if key.split(".")[1] in params["train"]}


def open_study(url: str, name: str, epochs: int) -> Study:
    """The study of that name, also if it is new.

    Raises:
        SettingsError: the database cannot be opened.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise SettingsError(
            "--storage is no URL of a database",
            fix="such as sqlite:///search.db or postgresql+psycopg://USER:PASSWORD@HOST/NAME",
        ) from None
    options: dict[str, Any] = {}
    if parsed.get_backend_name() == "sqlite":
        Path(parsed.database or ".").parent.mkdir(parents=True, exist_ok=True)
        options["connect_args"] = {"timeout": SQLITE_WAIT_SECONDS, "factory": QuickConnection}
    else:
        options["pool_pre_ping"] = True  # a server may have closed a connection that waits
    shown = parsed.render_as_string(hide_password=True)
    try:
        storage = optuna.storages.RDBStorage(
            url,
            engine_kwargs=options,
            heartbeat_interval=HEARTBEAT_SECONDS,
            grace_period=GRACE_SECONDS,
        )
        return optuna.create_study(
            study_name=name,
            storage=storage,
            load_if_exists=True,
            direction="minimize",
            pruner=optuna.pruners.MedianPruner(n_warmup_steps=max(1, epochs // 5)),
        )
    except ImportError as error:
        raise SettingsError(
            f"no driver for {shown}: {error}", fix="for PostgreSQL: uv pip install psycopg[binary]"
        ) from None
    except (SQLAlchemyError, sqlite3.Error, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise SettingsError(
            f"the database {shown} cannot be opened: {reason}",
            fix="start it, or mend the URL; a file that is damaged: move it away, trials are "
            "experiments of git too (dvc exp show)",
        ) from None


def finished(study: Study) -> list[FrozenTrial]:
    """Trials with a result: those to their end, and those that were stopped early."""
    return study.get_trials(False, (TrialState.COMPLETE, TrialState.PRUNED))


def running(study: Study) -> list[FrozenTrial]:
    return study.get_trials(False, (TrialState.RUNNING,))


def release_dead(study: Study) -> int:
    """Give up trials whose process on this machine is no more, so that they are made again.

    Those of other machines are given up when their heartbeat stops; see `Study.optimize`.
    """
    dead = [trial for trial in running(study) if _is_dead(trial)]
    for trial in dead:
        study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
    return len(dead)


def prepare_next(study: Study, space: Space, params: Mapping[str, Any]) -> None:
    """Give the study its sampler for the next trial, which is params.yaml itself the first time,
    and far from the others the next times."""
    seed, num = params["seed"], len(finished(study)) + len(running(study))
    study.sampler = optuna.samplers.TPESampler(
        seed=(seed * 1_000_003 + num) % 2**32, n_startup_trials=NUM_SPREAD
    )
    if num < NUM_SPREAD and not study.get_trials(states=(TrialState.WAITING,)):
        own = values_in(params, space) if num == 0 else None
        study.enqueue_trial(own or spread_out(space, num, seed))


def this_worker() -> dict[str, Any]:
    """Who this process is, for WORKER."""
    pid = os.getpid()
    started = psutil.Process(pid).create_time()
    return {"host": socket.gethostname(), "pid": pid, "started": started}


def _is_dead(trial: FrozenTrial) -> bool:
    worker = trial.user_attrs.get(WORKER)
    if worker is None:  # killed before it could say so
        started = trial.datetime_start or datetime.fromtimestamp(0)
        return time.time() - started.timestamp() > UNSIGNED_SECONDS
    if worker["host"] != socket.gethostname():
        return False
    try:
        return bool(psutil.Process(worker["pid"]).create_time() != worker["started"])
    except psutil.NoSuchProcess:
        return True
