"""Engines that make shards, with the same bytes: processes of this machine, or a Ray cluster."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.augment.cluster import map_on_ray
from pipeline.augment.sharding import MadeShards, ShardJob, make_shards, makers
from pipeline.runtime.code import library_versions
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.process import map_ordered

Files = list[NDArray[np.uint8]]


def make_on(
    engine: str, jobs: Iterable[ShardJob], folder: Path, modality: str
) -> Iterator[MadeShards]:
    """Make the shards of all jobs in their folder with an engine, `local` or `ray`.

    Raises:
        SettingsError: Ray is not installed, not there, or its nodes have other libraries.
    """
    if engine == "local":
        yield from map_ordered(make_shards, jobs, min_tasks=4)
        return
    send = partial(send_shards, expected=library_versions(*makers(modality)))
    for shards, contents in map_on_ray(send, jobs):
        for file, content in zip(shards.files, contents, strict=True):
            (folder / file["name"]).write_bytes(content)
        yield shards


def send_shards(job: ShardJob, expected: Sequence[str]) -> tuple[MadeShards, Files]:
    """Make shards on a machine without their folder: returns their contents too."""
    for ours, theirs in zip(library_versions(*makers(job.plan.modality)), expected, strict=True):
        if ours != theirs:  # other versions may change values or bytes
            raise SettingsError(
                f"a node of the Ray cluster has {ours}, expected {theirs}",
                fix="uv pip install -c requirements.txt '.[ray]' on every node",
            )
    with TemporaryDirectory() as name:
        here = Path(name)
        shards = make_shards(job._replace(plan=replace(job.plan, folder=here)))
        return shards, [np.fromfile(here / file["name"], np.uint8) for file in shards.files]
