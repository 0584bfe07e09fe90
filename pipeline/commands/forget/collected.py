"""Examples that came back through `groundwork collect`: in data/collected, beside the source.

One of them is the same example as a row of data/raw with the same content; see contents/parquet.py.
"""

import contextlib
import hashlib
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.collect.events import owner_id
from pipeline.commands.collect.kept import content_paths
from pipeline.commands.forget.contents.parquet import read_keys
from pipeline.commands.forget.contents.traces import Forgotten
from pipeline.commands.forget.decisions import decided_served
from pipeline.commands.forget.history import git
from pipeline.dataset.places import CLEAN, SERVED, collected_file
from pipeline.dataset.served.ids import id_of
from pipeline.dataset.table import read_folder
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import of_events
from pipeline.runtime.errors import ForgetError
from pipeline.runtime.files import written_whole


def tracked_by(path: Path) -> Path:
    """The file by which `dvc add` tracks a file."""
    return path.with_name(f"{path.name}.dvc")


def collected_in_git(dataset: str) -> list[str]:
    """What git has of a dataset's collected examples: the file of `dvc add`, or the examples."""
    path = collected_file(dataset)
    listed = git("ls-files", "-z", "--", str(path), str(tracked_by(path)))
    return list(filter(None, listed.split("\0")))


def learn_served(dataset: str, examples: Forgotten) -> None:
    """Learn the ids that the examples have where they were served and people decided on them."""
    examples.ids |= set(map(id_of, examples.digests)) & decided_served(dataset)


def learn_requests(dataset: str, modality: str, examples: Forgotten) -> None:
    """Learn what a server kept of people all of whose events go: requests, and decisions on them.

    Of data whose examples are events, since their requests name a person and no example.
    """
    prepare = of_events(open_prepare(modality))
    if prepare is None or not CLEAN.is_dir():
        return
    rows = read_folder(CLEAN, ["id", "group"]).to_pylist()
    named = {row["group"] for row in rows if row["id"] in examples.ids}
    owners = named - {row["group"] for row in rows if row["id"] not in examples.ids}
    for digest, path in content_paths(SERVED).items():
        with contextlib.suppress(ValueError):  # of a server that was killed as it wrote
            if prepare.owner(path.read_text(encoding="utf-8")) in owners:
                examples.digests.add(digest)
    examples.ids |= set(map(owner_id, owners)) & decided_served(dataset)


def drop_collected(dataset: str, examples: Forgotten) -> None:
    """Remove the examples from data/collected, also from what DVC knows of it now.

    Raises:
        ForgetError: the file cannot be read, or DVC cannot add it.
    """
    path = collected_file(dataset)
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            keys = read_keys(file)
        table = pq.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise ForgetError(f"{path} cannot be read: {error}", fix=f"dvc checkout {path}") from None
    if keys is None:
        raise ForgetError(f"{path} has no ids", fix=f"dvc checkout {path}")
    mine = examples.rows_of(keys)
    if pc.any(mine).as_py():
        with written_whole(path) as partial:
            pq.write_table(
                table.filter(pc.invert(mine)), partial, compression="zstd", write_page_checksum=True
            )
    tracking = tracked_by(path)
    if not tracking.exists() or _md5(path) in tracking.read_text(encoding="utf-8"):
        return  # else an earlier run was killed before DVC knew
    if subprocess.run(["dvc", "add", "--quiet", str(path)], check=False).returncode:
        raise ForgetError(
            f"dvc add {path} failed, so nothing was erased yet; the tombstones are written",
            fix="mend what it says above and run this again",
        )


def _md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
