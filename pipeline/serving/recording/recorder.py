"""What is kept of an answer: its record and, where people asked for it, its content."""

import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pipeline.dataset.served.layout import ANSWERS, TRUTHS, answer_row, truth_row
from pipeline.runtime.errors import one_line
from pipeline.serving.metrics import Metrics
from pipeline.serving.model import Model, Rows, ServedAnswer
from pipeline.serving.recording.contents import Contents
from pipeline.serving.recording.records import RecordFile

NO_ID = ""


class Recorded(NamedTuple):
    """The id of an answer, and whether its record was written."""

    id: str
    is_written: bool


class Recorder:
    """Records of one model."""

    def __init__(
        self, folder: Path, model: Model, metrics: Metrics, contents: Contents | None
    ) -> None:
        """Open its files.

        Raises:
            OSError: they cannot be written.
        """
        self._metrics, self._contents = metrics, contents
        self._answers = RecordFile(folder, model.layout(ANSWERS))
        try:
            self._truths = RecordFile(folder, model.layout(TRUTHS))
        except OSError:
            self._answers.close()
            raise
        self._is_failing = False

    def record(
        self, answer: ServedAnswer | str, rows: Rows, place: int, seconds: float
    ) -> Recorded:
        """Write what became of the example at `place`; one without an answer has no record."""
        if isinstance(answer, str):
            return Recorded(NO_ID, False)
        id, digest, stored = new_id(), rows.digests[place], rows.stored[place]
        row = answer_row(time.time(), id.bytes, digest, seconds, answer.raw)
        is_written = self._try(lambda: self._answers.append(row))
        if is_written:
            self._metrics.records.inc()
        contents = self._contents
        if contents is not None and digest is not None and stored is not None:
            self._try(lambda: contents.keep(digest, stored))
        return Recorded(str(id), is_written)

    def record_truth(self, id: uuid.UUID, label: str) -> bool:
        """Write a label that came later; whether it was written."""
        row = truth_row(time.time(), id.bytes, label)
        return self._try(lambda: self._truths.append(row))

    def close(self) -> None:
        self._answers.close()
        self._truths.close()

    def _try(self, write: Callable[[], None]) -> bool:
        """Write, and say when the disk begins and ends to refuse; the server goes on."""
        try:
            write()
        except OSError as error:
            self._metrics.records_lost.inc()
            if not self._is_failing:
                reason = error.strerror or str(error)
                what = f"serve: records are lost: {error.filename or 'the disk'}: {reason}"
                print(one_line(what), flush=True)
            self._is_failing = True
            return False
        if self._is_failing:
            print("serve: records are written again", flush=True)
        self._is_failing = False
        return True


def new_id() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): ids of later answers sort later."""
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(uuid.uuid4().bytes[:10])
    value = value & ~(0xF << 76) | 7 << 76
    return uuid.UUID(int=value & ~(0b11 << 62) | 0b10 << 62)
