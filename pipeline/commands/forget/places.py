"""Every place where data of examples can be, and what `forget` does there.

In the workspace each path has a `Treatment`; outputs are those of dvc.yaml, so that a new one is
known from there. Elsewhere are the stores (storage.py: DVC's cache and remotes), DVC's notes
beside them, the downloads that all repositories of a user share, git's objects (history.py),
and its other worktrees. A test plants examples in all of them, and fails when a run of the pipeline
leaves files in a place that is not listed here.
"""

import re
from collections.abc import Iterator, Mapping
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.commands.forget.storage import current_lock
from pipeline.dataset.places import (
    COLLECTED,
    OPTOUT_DIR,
    PARAPHRASES_DIR,
    PROFILES_DIR,
    REVIEWS_DIR,
    SERVED,
)
from pipeline.runtime.settings import PARAMS_FILE, read_yaml
from pipeline.runtime.stage import DVC_FILE, WORK_DIR
from pipeline.train.live import LIVE

JOURNAL = WORK_DIR / "forgetting.json"
RECEIPT = "forgotten-"
DECISIONS = re.compile(r"reviews-(.+?)(?:\.[a-z]+)?")
"""Names in WORK_DIR of decisions that are not committed yet."""
REPORTS = Path("reports")
STORE = Path(".dvc/cache")
DVC_TEMPORARY = Path(".dvc/tmp")
EXPERIMENTS = DVC_TEMPORARY / "exps"
DRAWN = Path("dvc_plots")
OF_PROCESS = re.compile(r"(?:.*\.)?\d+\.partial")
"""Name of a file that a process was writing; see runtime/files.py."""
TOOLS = {".git", "__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"}


class Treatment(Enum):
    """What `forget` does with a path of the workspace."""

    REBUILT = auto()
    """An output of a stage: made again without the examples, or removed if it has them."""
    REMOVED = auto()
    """Not needed: unfinished files, work files, curves and plots."""
    SEARCHED = auto()
    """Made by the pipeline, a server or DVC, but by no current stage: removed if it has them."""
    REWRITTEN = auto()
    """Decisions, paraphrases, accepted profiles, what people collected: rows about the examples go,
    all else stays."""
    NOTED = auto()
    """Notes of `forget`: the examples, until it is done; and its receipts. Other datasets' too."""
    STORED = auto()
    """DVC's cache; see storage.py."""
    NO_DATA = auto()
    """Files of git and tools."""
    OF_PEOPLE = auto()
    """All else: listed if it has the examples, never changed."""


class Workspace(NamedTuple):
    """The folder of the project."""

    dataset: str
    """The dataset of the examples."""
    outputs: tuple[Path, ...]

    def treatment(self, path: Path) -> Treatment:
        """The treatment of a path, relative to the root of the project."""
        if OF_PROCESS.fullmatch(path.name) or self._is_unfinished(path):
            return Treatment.REMOVED
        if path.parts[0] == str(WORK_DIR):
            return self._of_work(path)
        if any(path.is_relative_to(output) for output in self.outputs):
            return Treatment.REBUILT
        for folder, treatment in TREATMENTS.items():
            if path.is_relative_to(folder):
                is_mine = treatment is not Treatment.REWRITTEN or path.stem == self.dataset
                return treatment if is_mine else Treatment.OF_PEOPLE
        return Treatment.NO_DATA if TOOLS & {*path.parts} else Treatment.OF_PEOPLE

    def removed(self) -> Iterator[Path]:
        """Paths to remove, folders as a whole."""
        for path in [LIVE, DRAWN, EXPERIMENTS, *sorted(WORK_DIR.glob("*"))]:
            if path.exists() and self.treatment(path) is Treatment.REMOVED:
                yield path
        for path in (output.with_name(f"{output.name}.partial") for output in self.outputs):
            if path.exists():
                yield path
        yield from (path for path in files_below(Path()) if OF_PROCESS.fullmatch(path.name))

    def _of_work(self, path: Path) -> Treatment:
        if path == JOURNAL or path.name.startswith(RECEIPT):
            return Treatment.NOTED
        if match := DECISIONS.fullmatch(path.parts[1] if len(path.parts) > 1 else ""):
            return Treatment.REWRITTEN if match[1] == self.dataset else Treatment.NOTED
        return Treatment.SEARCHED if path.is_relative_to(SERVED) else Treatment.REMOVED

    def _is_unfinished(self, path: Path) -> bool:
        return any(
            path.is_relative_to(output.with_name(f"{output.name}.partial"))
            for output in self.outputs
        )


TREATMENTS = {
    STORE: Treatment.STORED,
    EXPERIMENTS: Treatment.REMOVED,
    DVC_TEMPORARY: Treatment.SEARCHED,
    LIVE: Treatment.REMOVED,
    DRAWN: Treatment.REMOVED,
    REPORTS: Treatment.SEARCHED,
    COLLECTED: Treatment.REWRITTEN,
    REVIEWS_DIR: Treatment.REWRITTEN,
    PARAPHRASES_DIR: Treatment.REWRITTEN,
    OPTOUT_DIR: Treatment.REWRITTEN,
    PROFILES_DIR: Treatment.REWRITTEN,
}


def read_workspace(dataset: str) -> Workspace:
    """The workspace with the outputs of dvc.yaml, and of dvc.lock, which may be of another."""
    content = read_yaml(PARAMS_FILE)
    declared = read_yaml(DVC_FILE).get("stages") or {}
    paths = [path for stage in declared.values() for path in _outputs(stage)]
    filled = [re.sub(r"\$\{(\w+)\}", lambda found: str(content[found[1]]), path) for path in paths]
    return Workspace(dataset, tuple(map(Path, dict.fromkeys([*filled, *current_lock().outputs]))))


def _outputs(stage: Mapping[str, Any]) -> Iterator[str]:
    for section in ("outs", "metrics", "plots"):
        for entry in stage.get(section, []):
            yield next(iter(entry)) if isinstance(entry, Mapping) else entry


def files_below(root: Path) -> Iterator[Path]:
    """Files in the order of their names, without links to files."""
    if root.is_file() and not root.is_symlink():
        yield root
    elif root.is_dir() and not root.is_symlink() and not (root / "pyvenv.cfg").exists():
        try:
            inside = sorted(root.iterdir())
        except PermissionError:
            yield root  # unreadable, which its reader will report
            return
        for path in inside:
            if path.name not in TOOLS:
                yield from files_below(path)
