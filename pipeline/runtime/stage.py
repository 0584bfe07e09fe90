"""The frame that every stage runs in.

`run_stage("ingest", main, IngestParams)` loads the parameters, checks that the stage's inputs are
there and whole, and calls `main(stage)`. What main writes goes to `<out>.partial`; only when it is
done, and no input has changed meanwhile, does every output appear under its own name. A failure
leaves nothing under a final name, says so in one line, and exits non-zero.

Only dvc.yaml says what a stage reads and writes; the frame reads it there.
"""

import argparse
import hashlib
import json
import math
import re
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Any, Generic

from pipeline.runtime.errors import (
    GroundworkError,
    InputChanged,
    MissingInput,
    SettingsError,
    one_line,
)
from pipeline.runtime.files import unfinished_files
from pipeline.runtime.json_files import write_json
from pipeline.runtime.process import (
    WAIT_FOR_TORCHRUN_SECONDS,
    available_cores,
    die_with_parent,
    parent_of_this,
    say_error,
    use_threads,
    world,
)
from pipeline.runtime.progress import Teller, Work
from pipeline.runtime.settings import PARAMS_FILE, Kind, SomeSettings, read_params, read_yaml

DVC_FILE = Path("dvc.yaml")
WORK_DIR = Path(".groundwork")
INDEX = "index.json"  # written last into a folder; a folder without it is half written
HASHED_UP_TO_BYTES = 4 << 20  # larger inputs are compared by size and time of change


class Stage(Generic[SomeSettings]):
    """What the body of a stage may use: parameters, paths to write to, progress."""

    def __init__(self, name: str, params: type[SomeSettings]) -> None:
        self.name = name
        self.writes = world().rank == 0
        """Whether this process, the first of several, writes outputs and prints."""
        self.params = read_params(params)
        stages = read_yaml(DVC_FILE)["stages"]
        declared = stages[name]
        self._outputs = _paths(declared, "outs", "metrics", "plots")
        content = read_yaml(PARAMS_FILE)
        self._inputs = [Path(_filled_in(path, content)) for path in _paths(declared, "deps")]
        self._check_inputs(stages)
        self._param_keys: list[str] = []
        for entry in declared.get("params", []):
            if isinstance(entry, Mapping):  # a whole file: `- data/catalog/${dataset}.yaml:`
                self._inputs.append(Path(_filled_in(next(iter(entry)), content)))
            else:
                self._param_keys.append(entry)
        self._before = self._fingerprint()
        self._is_published = False
        self._discard_partials()
        self._teller = Teller(name, self.say, is_terminal=None if self.writes else False)

    def output(self, path: str) -> Path:
        """The path to write to until the output that dvc.yaml calls `path` is published."""
        assert path in self._outputs, f"{path} is no output of {self.name} in dvc.yaml"
        assert self.writes, "another process writes"
        partial = _partial(path)
        partial.parent.mkdir(parents=True, exist_ok=True)
        return partial

    def write_report(self, path: str, values: Mapping[str, Any]) -> None:
        """Write a flat JSON report: keys in the given order, floats to six digits, no NaN."""
        write_json(self.output(path), {key: _rounded(value) for key, value in values.items()})

    def progress_bar(self, total: int, unit: str, doing: str = "") -> Work:
        """A progress bar over `total` units; without a terminal a line every half a minute."""
        return self._teller.work(total, unit, doing)

    def say(self, text: str) -> None:
        if self.writes:
            print(one_line(f"{self.name}: {text}"), flush=True)

    def inputs_digest(self) -> str:
        """Hex digest of all that determines the stage's result: inputs, code, params.

        Files over HASHED_UP_TO_BYTES count through the index beside them, which has their digests.
        """
        counted = {k: value for k, value in self._before.items() if not value.startswith("size")}
        return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()

    def publish(self) -> None:
        """Rename every output to its final name, once: `run_stage` does it if `main` has not.

        Raises:
            InputChanged: an input was edited since the stage started.
        """
        if not self.writes or self._is_published:
            return
        after = self._fingerprint()
        for key in sorted(self._before.keys() | after.keys()):
            if after.get(key) != self._before.get(key):
                raise InputChanged(
                    f"{key} changed while {self.name} ran: the result is of neither version",
                    fix="run it again: dvc repro",
                )
        for path in self._outputs:
            assert _partial(path).exists(), f"{self.name} did not write {path}"
        for number in (signal.SIGTERM, signal.SIGINT):  # all of them or none
            signal.signal(number, signal.SIG_IGN)
        for path in self._outputs:
            partial, final = _partial(path), Path(path)
            if final.is_dir():
                shutil.rmtree(final)
            partial.replace(final)
        self._is_published = True

    def close(self) -> None:
        """Clean up when the stage is over, whether it succeeded or failed."""
        self._teller.close()
        self._discard_partials()

    def _discard_partials(self) -> None:
        if not self.writes:
            return
        for path in map(_partial, self._outputs):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
        for path in unfinished_files(WORK_DIR.rglob("*.partial")):
            with suppress(OSError):  # a run can do without the cache
                path.unlink()

    def _check_inputs(self, stages: Mapping[str, Any]) -> None:
        for path in self._inputs:
            maker = _maker_of(str(path), stages)
            fix = f"make it: dvc repro {maker}" if maker else "is the checkout complete?"
            if not path.exists():
                raise MissingInput(f"{path} does not exist; {self.name} reads it", fix=fix)
            if maker and path.is_dir() and not (path / INDEX).is_file():
                raise MissingInput(
                    f"{path} has no {INDEX}, so it was only half written",
                    fix=f"make it again: dvc repro --force --single-item {maker}",
                )

    def _fingerprint(self) -> dict[str, str]:
        """Every parameter and file that the stage reads, with its value or digest."""
        found: dict[str, str] = {}
        content = read_yaml(PARAMS_FILE)
        for key in self._param_keys:
            value: Any = content
            for part in key.split("."):
                value = value[part]
            found[f"{PARAMS_FILE}: {key}"] = json.dumps(value)
        for path in self._inputs:
            for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
                if file.is_file() and "__pycache__" not in file.parts:
                    found[str(file)] = _file_fingerprint(file)
        return found


def run_stage(
    name: str,
    main: Callable[[Stage[SomeSettings]], None],
    params: Callable[[str, str], type[SomeSettings]],
    *,
    distributed: bool = False,
) -> None:
    """Run `main` in the frame and exit: 0, or 1 with one line, or 128 + n after signal n.

    `params` gives the keys of params.yaml that the stage reads, for a modality and a target. A
    stage that is `distributed` may be started as several processes by torchrun.
    """
    if main.__module__ == "__main__":
        _read_arguments(name, sys.modules["__main__"].__doc__)
    here = world()
    die_with_parent(parent_of_this())
    signal.signal(signal.SIGTERM, _exit_on_signal)
    stage = None
    try:
        if here.size > 1 and not distributed:
            raise SettingsError(
                f"{name} was started as {here.size} processes, and is one",
                fix=f"python -m pipeline.{name}",
            )
        use_threads(max(1, available_cores() // here.local_size))
        kind = read_params(Kind)
        stage = Stage(name, params(kind.modality, kind.target))
        main(stage)
        stage.publish()
    except (GroundworkError, OSError, UnicodeError) as error:
        if here.local_rank > 0:  # the first rank prints the same, and torchrun then ends this one
            time.sleep(WAIT_FOR_TORCHRUN_SECONDS)
        say_error(error)
        sys.exit(1)
    except KeyboardInterrupt:
        if here.local_rank == 0:
            print(f"{name}: interrupted; dvc repro goes on where it was", file=sys.stderr)
        sys.exit(128 + signal.SIGINT)
    finally:
        if stage is not None:
            stage.close()


def _read_arguments(name: str, about: str | None) -> None:
    """Answer `--help` and refuse all other arguments: a stage takes none."""
    parser = argparse.ArgumentParser(
        prog=f"python -m pipeline.{name}",
        description=about,
        epilog=f"It takes no arguments: its settings are in params.yaml. dvc repro {name} runs it "
        "after what it needs, and keeps what it makes.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()


def _exit_on_signal(signum: int, _frame: FrameType | None) -> None:
    sys.exit(128 + signum)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        assert math.isfinite(value), "a report holds finite numbers only"
        return round(value, 6)
    return value


def _partial(path: str) -> Path:
    return Path(path + ".partial")


def _filled_in(path: str, content: Mapping[str, Any]) -> str:
    """`data/catalog/${dataset}.yaml` with the name from params.yaml, as DVC reads it."""
    return re.sub(r"\$\{(\w+)\}", lambda found: str(content[found[1]]), path)


def _paths(declared: Mapping[str, Any], *sections: str) -> list[str]:
    """Paths in a stage of dvc.yaml, where an entry is `path` or `path: {options}`."""
    entries = [entry for section in sections for entry in declared.get(section, [])]
    return [next(iter(entry)) if isinstance(entry, Mapping) else entry for entry in entries]


def _maker_of(path: str, stages: Mapping[str, Any]) -> str | None:
    """The stage that writes `path`, or the folder that it lies in."""
    for name, declared in stages.items():
        for out in _paths(declared, "outs", "metrics", "plots"):
            if path == out or path.startswith(out + "/"):
                return str(name)
    return None


def _file_fingerprint(path: Path) -> str:
    stat = path.stat()
    if stat.st_size > HASHED_UP_TO_BYTES and path.name != INDEX:
        return f"size {stat.st_size}, changed at {stat.st_mtime_ns} ns"
    return hashlib.sha256(path.read_bytes()).hexdigest()
