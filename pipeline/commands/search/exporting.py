"""Finalists as real experiments, up to the stage `export`: models that `promote` may judge.

The test split stays closed: `evaluate`, which opens it, is not run.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from pipeline.runtime.errors import TrainingError

LAST_LINES = 3


def run_experiment(name: str, values: Mapping[str, Any], target: str = "export") -> None:
    """Run the stages up to `target` with other values, beside the workspace, as experiment `name`.

    Only what the values change runs again. An experiment of that name is replaced if all goes well;
    until then it is called NAME-before, also where this process is killed.

    Raises:
        TrainingError: a stage fails.
    """
    changes = [word for key, value in values.items() for word in ("-S", f"{key}={_as_yaml(value)}")]
    before = f"{name}-before"
    # `dvc exp run --force` would replace it too, and train everything once more.
    is_there = not _dvc_exp("rename", "--force", name, before).returncode
    run = _dvc_exp("run", "--quiet", "--temp", "--name", name, *changes, target)
    if not run.returncode:
        if is_there:
            _dvc_exp("remove", before)
        return
    if is_there:
        _dvc_exp("rename", before, name)
    lines = [line.strip() for line in run.stdout.splitlines() if line.strip()]
    of_stage = next((line for line in reversed(lines) if line.startswith("ERROR ")), "")
    what, _, fix = of_stage.removeprefix("ERROR ").partition(" | fix: ")
    reason = what or " / ".join(lines[-LAST_LINES:])
    raise TrainingError(
        f"experiment {name} cannot be run up to {target}: {reason}",
        fix=fix
        or "commit what is new (git status), then the same command again; --no-export "
        "leaves it out",
    )


def _dvc_exp(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dvc", "exp", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
