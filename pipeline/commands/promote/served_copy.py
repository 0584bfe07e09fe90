"""Does a fetched folder answer when it is served, as evaluate has it?

A real server is started on it, as `groundwork serve` does, and asked about contents of the test
split: what clients send goes through decoding, stripping and encoding, which evaluate's shards went
through long before. Another resizer, or another order of columns, shows here.
"""

import http.client
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from pipeline.commands.compare.revisions import outputs_at
from pipeline.commands.promote.checks import Check
from pipeline.dataset.places import CLEAN
from pipeline.runtime.errors import CompareError, MissingInput, ServingError
from pipeline.serving.http.protocol import HEADER_LENGTH, LABEL
from pipeline.serving.http.tensors import BYTES, pack
from pipeline.serving.model import Model

NUM_ASKED = 200
AT_ONCE = 16
SAME_SHARE = 0.99
"""The least share of equal answers: near ties may turn where another processor rounds."""
START_SECONDS = 60
TIMED = 30


def check_served_copy(
    folder: Path, model: Model, commit: str, predictions: pa.Table, serving: Model | None
) -> Check:
    """Start a server on a folder, and ask it.

    Args:
        model: of the folder, in this process.
        commit: whose data/clean has the contents.
        predictions: the table of that commit.
        serving: what serves now, whose labels clients know; None for nothing.
    """
    if serving is not None and (model.modality, model.target) != (serving.modality, serving.target):
        what = "it has other labels than what serves, which clients know"
        return Check("served copy", "FAIL", what)
    try:
        ids, contents = read_contents(commit, model.requests.CONTENT, predictions["id"].to_pylist())
        with served(folder) as connection:
            answers = ask(connection, model.requests.CONTENT, contents)
    except (ServingError, MissingInput, CompareError) as error:
        return Check("served copy", "FAIL", error.what)
    expected = expected_answers(predictions, ids, model, contents)
    num_same = sum(map(is_same, answers, expected))
    verdict = "PASS" if num_same >= SAME_SHARE * len(answers) else "FAIL"
    words = f"starts; {num_same} of {len(answers)} answers over HTTP as evaluate has them"
    return Check("served copy", verdict, words + _speed(model, serving, contents))


def read_contents(commit: str, column: str, ids: Sequence[str]) -> tuple[list[str], list[bytes]]:
    """Ids and contents of up to NUM_ASKED of some examples of data/clean at a commit.

    Raises:
        MissingInput: they are not there.
    """
    wanted = set(ids)
    found_ids: list[str] = []
    contents: list[bytes] = []
    with outputs_at(str(CLEAN), commit) as files:
        for path in sorted(p for p in files.ls(str(CLEAN), detail=False) if p.endswith(".parquet")):
            with files.open(path, "rb") as stream:
                parquet = pq.ParquetFile(stream)
                for group in range(parquet.num_row_groups):
                    of_group = parquet.read_row_group(group, ["id"])["id"].to_pylist()
                    rows = [row for row, id in enumerate(of_group) if id in wanted]
                    rows = rows[: NUM_ASKED - len(found_ids)]
                    if rows:
                        values = parquet.read_row_group(group, [column])[column].to_pylist()
                        found_ids += [of_group[row] for row in rows]
                        contents += [_as_bytes(values[row]) for row in rows]
                    if len(found_ids) == NUM_ASKED:
                        return found_ids, contents
    if not contents:
        raise MissingInput(f"{CLEAN} has no example of the predictions", fix="dvc repro")
    return found_ids, contents


@contextmanager
def served(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """A connection to a server in a process of its own, which ends with the block.

    Raises:
        ServingError: it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="groundwork-") as records:
        command = [sys.executable, "-m", "pipeline.commands.serve", "--port", "0"]
        command += ["--model", str(folder), "--records", records]
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            yield http.client.HTTPConnection("127.0.0.1", _port_of(process), timeout=60)
        finally:
            process.kill()
            process.communicate()


def ask(connection: http.client.HTTPConnection, name: str, contents: Sequence[bytes]) -> list[str]:
    """What the server says of each content, as text.

    Raises:
        ServingError: it refuses one.
    """
    labels: list[str] = []
    for start in range(0, len(contents), AT_ONCE):
        some = pack(contents[start : start + AT_ONCE])
        given: dict[str, Any] = {"name": name, "datatype": BYTES}
        given["shape"] = [len(contents[start : start + AT_ONCE])]
        given["parameters"] = {"binary_data_size": len(some)}
        head = json.dumps({"inputs": [given], "outputs": [{"name": LABEL}]}).encode()
        try:
            headers = {HEADER_LENGTH: str(len(head))}
            connection.request("POST", "/v2/models/model/infer", head + some, headers)
            answer = connection.getresponse()
            values = json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            what = f"the server does not answer: {type(error).__name__}"
            raise ServingError(what, fix="groundwork serve says why") from None
        if answer.status != 200:
            what = f"the server refuses a content of the test split: {values.get('error')}"
            raise ServingError(what, fix="dvc repro, then promote again")
        labels += values["outputs"][0]["data"]
    return labels


def expected_answers(
    predictions: pa.Table, ids: Sequence[str], model: Model, contents: Sequence[bytes]
) -> list[Any]:
    """What evaluate predicted; where its table has no such column, what the graph says here."""
    if "predicted" in predictions.column_names:
        columns = (predictions[name].to_pylist() for name in ("id", "predicted"))
        predicted = dict(zip(*columns, strict=True))
        return [predicted[id] for id in ids]
    answers = model.answer([model.prepare(contents)])[0]
    return [answer if isinstance(answer, str) else answer.label for answer in answers]


def is_same(answer: str, expected: Any) -> bool:
    if isinstance(expected, float):
        return bool(np.isclose(float(answer), expected, rtol=1e-3, atol=1e-6))
    return answer == str(expected)


def _port_of(process: "subprocess.Popen[str]") -> int:
    assert process.stdout is not None
    lines, end = [], time.monotonic() + START_SECONDS
    while time.monotonic() < end and (line := process.stdout.readline()):
        lines.append(line.strip())
        if found := re.search(r"at http://[^ ]+:(\d+);", line):
            return int(found[1])
    said = lines[-1] if lines else "nothing"
    raise ServingError(f"the server does not start, it says: {said}", fix="groundwork serve")


def _speed(model: Model, serving: Model | None, contents: Sequence[bytes]) -> str:
    """The processor time of an answer beside that of what serves; another machine has another."""
    if serving is None:
        return ""
    seconds: tuple[list[float], list[float]] = ([], [])
    for content in contents[:TIMED]:
        for which, times in zip((model, serving), seconds, strict=True):
            start = time.process_time()
            which.answer([which.prepare([content])])
            times.append(time.process_time() - start)
    return f"; processor time {median(seconds[0]) / max(median(seconds[1]), 1e-9):.2f} x"


def _as_bytes(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)
