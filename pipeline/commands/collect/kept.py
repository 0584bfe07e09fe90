"""Contents that a server kept, and the answers to them."""

from dataclasses import dataclass
from pathlib import Path

from pipeline.commands.monitor.answers import Answers
from pipeline.runtime.errors import MissingInput
from pipeline.serving.recording.contents import DAY, FOLDER


@dataclass(frozen=True)
class KeptContents:
    """N answers whose contents are there, each content once."""

    rows: list[int]
    """Rows of the answers."""
    digests: list[str]
    contents: list[bytes]


def kept_contents(records: Path, answers: Answers, most: int | None = None) -> KeptContents:
    """The newest answer to each content that was kept, oldest first; the newest `most`.

    Raises:
        MissingInput: none was kept.
    """
    paths = content_paths(records)
    digests = answers.table["digest"].to_pylist()
    newest = {digest: row for row, digest in enumerate(digests) if digest in paths}
    if not newest:
        raise MissingInput(
            f"of {len(answers)} answers no content is kept in {records}",
            fix="groundwork serve --keep-contents 7, or an earlier --since",
        )
    rows = sorted(newest.values())[-most if most else None :]
    chosen = [str(digests[row]) for row in rows]
    return KeptContents(rows, chosen, [paths[digest].read_bytes() for digest in chosen])


def content_paths(records: Path) -> dict[str, Path]:
    """The kept contents below a folder of records, by their digests."""
    return {
        path.name: path
        for folder in sorted((records / FOLDER).glob("*"))
        if DAY.fullmatch(folder.name)
        for path in folder.iterdir()
    }
