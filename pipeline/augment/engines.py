"""Where shards are made: in processes of this machine, or on a Ray cluster. The bytes are equal."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from pipeline.augment.cluster import map_on_ray
from pipeline.augment.sharding import Made, Task, make_shards
from pipeline.dataset.versions import libraries
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.process import map_ordered

Files = list[NDArray[np.uint8]]


def make_on(engine: str, tasks: Iterable[Task], folder: Path) -> Iterator[Made]:
    """Make the shards of all tasks into their folder by the engine, `local` or `ray`.

    Raises:
        SettingsError: Ray is not installed, not there, or its nodes have other libraries.
    """
    if engine == "local":
        yield from map_ordered(make_shards, tasks, min_tasks=4)
        return
    for made, contents in map_on_ray(partial(send_shards, expected=libraries()), tasks):
        for file, content in zip(made.files, contents, strict=True):
            (folder / file["name"]).write_bytes(content)
        yield made


def send_shards(task: Task, expected: list[str]) -> tuple[Made, Files]:
    """Make shards where nobody sees the folder they belong in: also returns their contents."""
    for ours, theirs in zip(libraries(), expected, strict=True):
        if ours != theirs:  # it might make other pixels, or write them otherwise
            raise SettingsError(
                f"a node of the Ray cluster has {ours}, expected {theirs}",
                fix="pip install -r requirements.txt -r requirements-ray.txt on every node",
            )
    with TemporaryDirectory() as name:
        here = Path(name)
        made = make_shards(task._replace(plan=replace(task.plan, folder=here)))
        return made, [np.fromfile(here / file["name"], np.uint8) for file in made.files]
