"""data/raw and data/findings as the review page reads them, and servers of it."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from pipeline.commands.review.__main__ import open_session
from pipeline.commands.review.server import Server
from pipeline.dataset.parts import write_tables
from pipeline.dataset.review.queue import QUEUE, REVIEW_QUEUE_SCHEMA
from pipeline.dataset.table import write_index
from tests.support.findings import write_found
from tests.support.image_schema import RAW_SCHEMA
from tests.support.repository import ROOT


def write_raw(root: Path, tables: Sequence[pa.Table], dataset: str, classes: list[str]) -> None:
    """data/raw of tables with some of its columns."""
    whole = []
    for table in tables:
        columns = {name: [None] * table.num_rows for name in RAW_SCHEMA.names}
        columns |= {name: table[name].combine_chunks() for name in table.schema.names}
        whole.append(pa.table(columns, schema=RAW_SCHEMA))
    files = write_tables(root / "data/raw", whole, RAW_SCHEMA)
    write_index(root / "data/raw", files, dataset=dataset, target={"classes": classes})


def queue_of(rows: Sequence[dict[str, Any]]) -> pa.Table:
    """A review queue of rows that say what differs from an ordinary one."""
    ordinary = {
        "split": "train",
        "judges": "models",
        "confidence": 0.9,
        "label_quality": 0.1,
        "reasons": ["label"],
        "votes": [],
        "neighbours": [],
    }
    return pa.Table.from_pylist([ordinary | row for row in rows], REVIEW_QUEUE_SCHEMA)


def write_review(
    root: Path,
    images: dict[str, bytes | None],
    rows: Sequence[dict[str, Any]],
    classes: list[str],
    dataset: str = "pets",
    side: int = 4,
) -> None:
    """All that the page reads: images by id, each labelled with the first class, and a queue."""
    (root / "params.yaml").write_text("modality: images\ntarget: classes\n")
    labels = {row["id"]: row["given"] for row in rows}
    sides = [None if image is None else side for image in images.values()]
    table = pa.table(
        {
            "id": list(images),
            "image": pa.array(images.values(), pa.binary()),
            "label": [labels.get(id, classes[0]) for id in images],
            "width": pa.array(sides, pa.int32()),
            "height": pa.array(sides, pa.int32()),
        }
    )
    write_raw(root, [table], dataset, classes)
    write_queue(root, queue_of(rows), classes, dataset)


def write_queue(
    root: Path, queue: pa.Table, classes: list[str], dataset: str = "pets", modality: str = "images"
) -> None:
    """data/findings with a review queue."""
    kind = {"modality": modality, "target_kind": "classes", "target": {"classes": classes}}
    labels = {
        "out_of_fold_accuracy": 0.75,
        "guessing_accuracy": 0.5,
        "label_check_trusted": False,
        "label_issues": 5,
        "could_not_judge": "outliers: too few examples",
    }
    write_found(root / "data/findings", {QUEUE: queue}, dataset=dataset, labels=labels, **kind)


@contextmanager
def serving(port: int = 0) -> Iterator[Server]:
    """A server of what lies in the current folder."""
    server = Server(open_session("Ada"), port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def start(*arguments: str) -> "subprocess.Popen[str]":
    """The command in a process of its own, in the current folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "pipeline.commands.review", "--no-browser", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=kept | {"PYTHONPATH": str(ROOT), "GIT_CONFIG_GLOBAL": os.devnull},
        # As in a terminal, also when these tests run in the background of a shell.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def url_of(process: "subprocess.Popen[str]") -> tuple[str, str]:
    """Its first two lines, and the address in them, with its token."""
    assert process.stdout is not None
    lines = process.stdout.readline() + process.stdout.readline()
    return lines, lines.split(" as ")[0].split()[-1]
