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

    Only what the values change runs again; an experiment of that name is replaced.

    Raises:
        TrainingError: a stage fails.
    """
    changes = [word for key, value in values.items() for word in ("-S", f"{key}={_as_yaml(value)}")]
    dvc = [sys.executable, "-m", "dvc", "exp"]
    # `dvc exp run --force` would replace it too, and train everything once more.
    subprocess.run([*dvc, "remove", "--quiet", name], check=False, capture_output=True)
    run = subprocess.run(
        [*dvc, "run", "--quiet", "--temp", "--name", name, *changes, target],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if run.returncode:
        lines = [line.strip() for line in run.stdout.splitlines() if line.strip()]
        raise TrainingError(
            f"experiment {name} cannot be run up to {target}: {' / '.join(lines[-LAST_LINES:])}",
            fix="commit what is new (git status), then the same command again; --no-export leaves "
            "it out",
        )


def _as_yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
