"""Fresh clones of this project, and commands run in them."""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
BIN = Path(sys.executable).parent

# Small enough for a test, with every path of the code taken.
QUICK = {
    "model": "article_cnn",
    "epochs": 2,
    "clean": {"folds": 2, "epochs": 1},
    "augment": {"copies": 2, "shard_mb": 0.02},
}


class Repository:
    """A clone of this project, with commands run in it as a person would."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def run(
        self, command: str, *, env: dict[str, str] | None = None, expect: int | None = 0
    ) -> str:
        """Run a shell command; returns what it printed. `expect` is its exit status."""
        result = subprocess.run(
            command,
            shell=True,
            cwd=self.path,
            env=environment() | (env or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            check=False,
        )
        if expect is not None:
            assert result.returncode == expect, f"$ {command}\n{result.stdout}"
        return result.stdout

    def set_params(self, changes: dict) -> None:
        yaml = YAML()
        file = self.path / "params.yaml"
        params = yaml.load(file.read_text())
        for key, value in changes.items():
            if isinstance(value, dict):
                params[key].update(value)
            else:
                params[key] = value
        with file.open("w") as stream:
            yaml.dump(params, stream)

    def restore(self) -> None:
        """Bring back what was committed.

        A failed `dvc exp run` leaves params.yaml changed. Within a second of the last checkout,
        and at the same size, git would not notice (racy git); hence the touch.
        """
        self.run("touch -d '1 hour ago' params.yaml && git reset -q --hard")
        self.run("dvc checkout -q --force")

    def commit(self, message: str) -> None:
        self.run(f"git add -A && git commit -q -m '{message}'")

    def digests(self, *places: str) -> dict[str, str]:
        """Digest of each file below the given files and folders."""
        found = {}
        for place in map(self.path.joinpath, places):
            for file in sorted(place.rglob("*")) if place.is_dir() else [place]:
                if file.is_file():
                    content = file.read_bytes()
                    found[str(file.relative_to(self.path))] = hashlib.sha256(content).hexdigest()
        assert found, f"nothing in {places}"
        return found


def environment() -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DVC_", "GIT_"))}
    return kept | {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.org",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.org",
        "DVC_NO_ANALYTICS": "1",
    }


def make_clone(path: Path) -> Repository:
    """A repository with one commit: the working tree as it is, without what git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, path / name)
    repository = Repository(path)
    repository.run("git init -q -b main")
    repository.commit("as it is")
    return repository


def processes_in(folder: Path) -> dict[int, str]:
    """Command lines of the processes whose working directory is `folder`."""
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve():
                command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
                found[int(process.name)] = command
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
    # A process that is dead but not yet waited for has no command line.
    return {pid: command for pid, command in found.items() if command}
