"""What the review page costs with every training image of CIFAR-10 in the queue.

Writes data/raw and data/findings of 50,000 rows with eight neighbours each into a temporary folder,
starts the command there, and times what the page asks for, over one connection. Memory is the
peak of the process.

    GROUNDWORK_CIFAR10=<folder> python benchmarks/review.py [--rounds 3]
"""

import argparse
import http.client
import json
import os
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from results import WITH_CIFAR10, Figure, save, typed_command

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pipeline.dataset.review.decisions import REVIEW_COLUMNS  # noqa: E402
from tests.support.review_data import queue_of, write_queue, write_raw  # noqa: E402

CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
NUM_ASKED = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    rounds = parser.parse_args().rounds
    source = os.environ.get("GROUNDWORK_CIFAR10")
    if not source:
        print("skipped: GROUNDWORK_CIFAR10 does not name the folder of CIFAR-10")
        return
    found: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        num = write_data(Path(source), Path(folder))
        for _ in range(rounds):
            for name, value in measure(Path(folder), num).items():
                found.setdefault(name, []).append(value)
    print(f"{num} examples in the queue, n = {rounds}; Python {platform.python_version()}")
    for name, values in found.items():
        low, high = min(values), max(values)
        print(f"{name:48} median {statistics.median(values):8.2f} ({low:.2f} to {high:.2f})")
    ready, items, decision = (
        found[name] for name in ("ready after, s", "30 items, ms", "a decision, on disk, ms")
    )
    what = f"the review page with {num:,} examples in its queue"
    figure = Figure(
        "labels",
        f"{what}: ready; 30 examples; a decision, on the disk",
        f"{span(ready, 1)} s; {span(items, 0)} ms; {span(decision, 0)} ms",
        rounds,
    )
    save("review", [figure], typed_command(WITH_CIFAR10))


def span(values: list[float], digits: int) -> str:
    ends = (f"{value:.{digits}f}" for value in (min(values), max(values)))
    return " to ".join(dict.fromkeys(ends))


def write_data(source: Path, root: Path) -> int:
    """data/raw and data/findings; returns how many examples there are."""
    table = pa.concat_tables(map(pq.read_table, sorted(source.glob("train-*.parquet"))))
    num = table.num_rows
    ids = [f"train/{number:05d}.jpg" for number in range(num)]
    labels = [CLASSES[label] for label in table["label"].to_pylist()]
    columns: dict[str, Any] = {"id": ids, "label": labels}
    columns |= dict.fromkeys(("width", "height"), pa.array([32] * num, pa.int32()))
    columns["image"] = table["img"].combine_chunks().field("bytes")
    raw = pa.table(columns)
    parts = [raw.slice(start, 8192) for start in range(0, num, 8192)]
    write_raw(root, parts, "cifar10", CLASSES)
    chance = random.Random(0)
    rows = [
        {
            "id": ids[row],
            "given": labels[row],
            "proposed": chance.choice(CLASSES),
            "label_quality": row / num,
            "neighbours": chance.choices(ids, k=8),
        }
        for row in range(num)
    ]
    write_queue(root, queue_of(rows), CLASSES, "cifar10")
    (root / "params.yaml").write_text("modality: images\ntarget: classes\n")
    return num


def measure(root: Path, num: int) -> dict[str, float]:
    """Figures of one run of the command, by name."""
    reviews = root / "data/reviews/cifar10.csv"
    reviews.unlink(missing_ok=True)
    started = time.perf_counter()
    command = [sys.executable, "-m", "pipeline.commands.review", "--no-browser", "--port", "0"]
    process = subprocess.Popen(
        command,
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        return ask_all(process, reviews, num, started)
    finally:
        process.terminate()
        process.wait()


def ask_all(
    process: subprocess.Popen[str], reviews: Path, num: int, started: float
) -> dict[str, float]:
    """Figures of a process that was just started; see `measure`."""
    assert process.stdout is not None
    said = process.stdout.readline() + process.stdout.readline()
    figures = {"ready after, s": time.perf_counter() - started}
    port, token = re.findall(r"127.0.0.1:(\d+)/\?token=(\w+)", said)[0]
    connection = http.client.HTTPConnection("127.0.0.1", int(port))

    def ask(path: str, body: dict[str, str] | None = None) -> bytes:
        method, headers = "GET", {"Authorization": f"token {token}"}
        if body is not None:
            origin = f"http://127.0.0.1:{port}"
            method = "POST"
            headers |= {"Origin": origin, "Content-Type": "application/json"}
        connection.request(method, path, json.dumps(body) if body else None, headers)
        response = connection.getresponse()
        content = response.read()
        assert response.status == 200, content
        return content

    def milliseconds(action: Callable[[int], object], number: int) -> float:
        begun = time.perf_counter()
        action(number)
        return 1000 * (time.perf_counter() - begun)

    session = json.loads(ask("/api/about"))["session"]

    def image(number: int) -> bytes:
        return ask(f"/media/{number}?session={session}")

    def decide(number: int) -> bytes:
        about = {"key": f"{number}", "id": f"train/{number:05d}.jpg", "kind": "drop"}
        return ask("/api/decide", {"dataset": "cifar10", "label": "", "note": "", **about})

    def rows(number: int) -> bytes:
        return ask(f"/api/rows?session={session}")

    def items(number: int) -> bytes:
        wanted = ",".join(str(row) for row in range(number, number + 30))
        return ask(f"/api/items?session={session}&rows={wanted}")

    figures["all rows of the queue, ms"] = milliseconds(rows, 0)
    figures["30 items, ms"] = milliseconds(items, 100)
    figures["first image of a file, ms"] = milliseconds(image, num * 2 // 5)
    for start in range(0, num, 4096):
        image(start)
    chance = random.Random(1)
    numbers = chance.sample(range(num - 100), NUM_ASKED)
    figures["any other image, ms"] = statistics.median(milliseconds(image, n) for n in numbers)
    figures["a decision, on disk, ms"] = statistics.median(milliseconds(decide, n) for n in numbers)
    lines = [f"train/{number:05d}.jpg,{CLASSES[0]},keep,Ada," for number in range(num)]
    reviews.write_text("\n".join([",".join(REVIEW_COLUMNS), *lines]) + "\n")
    figures["rows, when somebody wrote 50,000 decisions, ms"] = milliseconds(rows, 0)
    figures["a decision after 50,000, ms"] = statistics.median(
        milliseconds(decide, n + 1) for n in range(num - NUM_ASKED, num - 1)
    )
    status = Path(f"/proc/{process.pid}/status").read_text()
    figures["peak memory, MB"] = int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024
    return figures


if __name__ == "__main__":
    main()
