"""Files that were being written when their process was killed."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from dvc.dvcfile import LOCK_FILE, Lockfile
from dvc.exceptions import DvcException
from dvc.utils.strictyaml import load

from pipeline.runtime.errors import GroundworkError
from pipeline.runtime.files import unfinished_files, written_whole
from pipeline.runtime.settings import read_yaml
from pipeline.runtime.stage import DVC_FILE, WORK_DIR

LOCK = Path(LOCK_FILE)
PLACES = (Path("data"), Path("models"), Path("reports"), WORK_DIR)


def mend_dvc_lock() -> Iterator[str]:
    """Restore a dvc.lock that DVC refuses from the last commit, or else remove it."""
    if not LOCK.exists() or is_readable(LOCK):
        return
    committed = _committed(LOCK)
    if committed is not None:
        with written_whole(LOCK) as partial:
            partial.write_bytes(committed)
            is_whole = is_readable(partial)
        if is_whole:
            yield f"{LOCK} was cut; brought back that of the last commit"
            return
    LOCK.unlink()
    yield f"{LOCK} was cut, and no commit has it whole; removed it, dvc repro writes it again"


def is_readable(path: Path) -> bool:
    """Whether DVC accepts the file as a dvc.lock."""
    try:
        load(str(path), Lockfile.SCHEMA)
    except DvcException:
        return False
    return True


def _committed(path: Path) -> bytes | None:
    """Content of a file in the last commit; None if that has none."""
    try:
        shown = subprocess.run(["git", "show", f"HEAD:./{path}"], capture_output=True, check=False)
    except FileNotFoundError:  # no git
        return None
    return shown.stdout if shown.returncode == 0 else None


def remove_unfinished() -> Iterator[str]:
    """Remove outputs of stages, and other files, that were never finished; no stage may run."""
    for path in unfinished():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        yield f"removed {path}, which was never finished"


def unfinished() -> list[Path]:
    """Unfinished outputs, by their temporary names; files of dead processes."""
    outputs: list[Path] = []
    with suppress(GroundworkError):  # DVC reports a broken dvc.yaml better
        for stage in (read_yaml(DVC_FILE).get("stages") or {}).values():
            for section in ("outs", "metrics", "plots"):
                for out in stage.get(section, []):
                    name = next(iter(out)) if isinstance(out, Mapping) else out
                    outputs.append(Path(f"{name}.partial"))
    found = [path for path in outputs if path.exists()]
    files = [*Path().glob("*.partial"), *(p for place in PLACES for p in place.rglob("*.partial"))]
    found += [path for path in unfinished_files(files) if not {*path.parents} & {*found}]
    return found
