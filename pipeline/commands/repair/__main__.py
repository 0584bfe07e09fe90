"""Repair: mend what a killed run may leave, so that DVC works again.

DVC writes dvc.lock and its locks in place: a kill in that moment leaves a file that it refuses, as
it refuses to run beside a process that it takes for alive. Stages begin again by themselves; what
they had not finished is removed all the same. Nothing that is whole is touched, and nothing at all
while DVC is at work.
"""

import argparse
from collections.abc import Iterator
from contextlib import suppress

from dvc.config import ConfigError
from dvc.lock import LockError

from pipeline.commands.frame import run_command
from pipeline.commands.repair.arguments import parser
from pipeline.commands.repair.experiments import detached_head
from pipeline.commands.repair.leftovers import mend_dvc_lock, remove_unfinished, unfinished
from pipeline.commands.repair.locks import (
    DVC_TMP,
    RWLOCKS,
    is_hard_link,
    lock_of,
    mend_rwlock,
    stages_at_work,
)
from pipeline.dataset.review.settling import settle_all
from pipeline.runtime.errors import ReviewError, one_line

LOCK = DVC_TMP / "lock"
REMOVE = f"rm -f {DVC_TMP}/*lock {DVC_TMP}/exps/*lock"


def main(arguments: argparse.Namespace) -> None:
    DVC_TMP.mkdir(parents=True, exist_ok=True)
    said = list(under_lock(with_cache=arguments.cache))
    with suppress(ReviewError):  # it reports what to mend
        said += settle_all()  # not while the lock is ours: it checks whether DVC is at work
    for sentence in said:
        print(one_line(f"repair: {sentence}"), flush=True)
    if not said and not arguments.quiet:
        print("repair: nothing was wrong")


def under_lock(*, with_cache: bool) -> Iterator[str]:
    """Repair, and yield what was done, or why nothing could be."""
    try:
        hard = is_hard_link()
        with lock_of(LOCK, hard=hard):
            yield from repair(hard=hard)
        if with_cache:
            yield from mend_cache()
    except LockError:
        yield (
            f"DVC is at work here, so nothing was touched; if you know that it is not: {REMOVE}"
            if hard  # a hard link outlives its process
            else "DVC is at work here, so nothing was touched"
        )
    except ConfigError as error:
        yield f"nothing was touched, since DVC cannot be read: {error}"


def repair(*, hard: bool) -> Iterator[str]:
    """Repair, and yield what was done; `hard` is whether DVC's locks are hard links."""
    alive: list[str] = []
    for path in RWLOCKS:
        held = mend_rwlock(path, hard=hard)
        yield from held.repairs
        alive += held.alive
    if alive:
        yield f"DVC is at work here, so nothing else was touched: {', '.join(alive)}"
        return
    yield from mend_dvc_lock()
    if unfinished():
        if at_work := list(stages_at_work()):
            yield f"a stage is at work here, and what it writes was left: {', '.join(at_work)}"
        else:
            yield from remove_unfinished()
    yield from detached_head()


def mend_cache() -> Iterator[str]:
    """Remove damaged files in DVC's cache and in the outputs, and say how to restore them."""
    from pipeline.commands.repair.objects import remove_damaged  # takes a second

    removed = list(remove_damaged())
    for path, is_object in removed:
        what = "in DVC's cache" if is_object else "an output"
        yield f"removed {path}, {what}, which had other content than was written"
    if removed:
        yield (
            "now run dvc repro, which makes again what is missing; what has a .dvc file comes from "
            "a remote: dvc pull"
        )


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
