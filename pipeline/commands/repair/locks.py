"""The read-write locks of DVC: files that say which process reads or writes which output.

DVC refuses one that was truncated by a kill. It ignores dead holders, except those whose number
another process has now, and zombies.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psutil  # type: ignore[import-untyped]
from dvc.config import Config
from dvc.lock import make_lock
from dvc.rwlock import SCHEMA
from voluptuous import Invalid

DVC_TMP = Path(".dvc/tmp")
RWLOCKS = (DVC_TMP / "rwlock", DVC_TMP / "exps/rwlock")


class Held(NamedTuple):
    """A read-write lock, mended."""

    repairs: list[str]
    """A sentence for each repair."""
    alive: list[str]
    """Running commands that hold it."""


def mend_rwlock(path: Path, *, hard: bool) -> Held:
    """Remove a truncated read-write lock; else drop the entries of dead processes from it."""
    if not path.exists():
        return Held([], [])
    with lock_of(path.with_name("rwlock.lock"), hard=hard):  # as DVC itself does for a change
        written = path.stat().st_mtime
        try:
            locks = SCHEMA(json.loads(path.read_text(encoding="utf-8")))
        except (ValueError, Invalid):
            path.unlink()
            return Held([f"{path} was cut; removed it"], [])
        dead: set[str] = set()
        alive: set[str] = set()
        for mode, held in locks.items():
            for output in list(held):
                infos = held[output] if mode == "read" else [held[output]]
                for info in list(infos):
                    if is_alive(info, written):
                        alive.add(f"{info['cmd']} ({info['pid']})")
                        continue
                    dead.add(f"{info['cmd']} ({info['pid']})")
                    infos.remove(info)
                if not infos:
                    del held[output]
        if dead:
            path.write_text(json.dumps(locks), encoding="utf-8")
    sentence = f"{path}: dropped the locks of what runs no longer: {', '.join(sorted(dead))}"
    return Held([sentence] if dead else [], sorted(alive))


def is_alive(info: dict[str, Any], written: float) -> bool:
    """Whether the process that a lock names runs; the lock was last changed at `written`."""
    try:
        process = psutil.Process(info["pid"])
        if process.status() == psutil.STATUS_ZOMBIE or process.create_time() > written + 1:
            return False
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True
    was_dvc = Path(info["cmd"].split(" ")[0]).name == "dvc"
    return not was_dvc or any("dvc" in word for word in command)


def stages_at_work() -> Iterator[str]:
    """Stages that run in this project, under DVC or not."""
    for process in psutil.process_iter(["cwd", "cmdline", "pid"]):
        words = process.info["cmdline"] or []
        is_stage = any(word.startswith("pipeline.") and "commands" not in word for word in words)
        if is_stage and process.info["cwd"] == str(Path.cwd()):
            yield f"{' '.join(words)} ({process.info['pid']})"


def is_hard_link() -> bool:
    """Whether the locks of DVC are hard links (core.hardlink_lock), which outlive their process.

    Raises:
        ConfigError: the configuration of DVC cannot be read.
    """
    return bool(Config(dvc_dir=str(DVC_TMP.parent))["core"].get("hardlink_lock", False))


def lock_of(path: Path, *, hard: bool) -> Any:
    """DVC's own lock for a file of .dvc/tmp."""
    full = path.absolute()  # otherwise a hard link can never be locked
    return make_lock(str(full), tmp_dir=str(full.parent), hardlink_lock=hard)
