"""What a request costs groundwork serve, beside its physical limit and beside LitServe and BentoML.

All serve the same model.onnx and are asked about the same image by wrk 4 over as many
connections. What counts is the CPU time of all their processes, in ratios of one run; wall times
on a quiet machine alone. The limit is prepare, encode, forward and JSON in one loop, without a
server. The peers run in an environment of their own, as BentoML wants other versions than
requirements.txt has; without `--peers-python` they are left out. `--model` names folders that
`export` wrote; a model of small images shows the server, a larger one mostly its forward pass.

    apt-get install wrk
    python -m venv peers && peers/bin/pip install litserve==0.2.19 bentoml==1.4.40 onnxruntime \\
        pillow simplejpeg ruamel.yaml prometheus-client
    python benchmarks/serving.py --peers-python peers/bin/python [--model DIR …] [--rounds 3]
"""

import argparse
import base64
import json
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import simplejpeg

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import results  # noqa: E402

from pipeline.dataset.served.layout import ANSWERS, Layout, answer_row  # noqa: E402
from pipeline.modalities.images.content.decoding import encode_png  # noqa: E402
from pipeline.serving.model import open_model  # noqa: E402
from pipeline.serving.recording.records import RecordFile  # noqa: E402

PEERS = Path(__file__).with_name("serving_peers.py")
CONNECTIONS = (8, 64)
RELOADS = 20
AT_RELOADS = 16  # connections
LEAST_REQUESTS = 10_000
BYTES = "application/octet-stream"
WRK = """
local file = io.open("{body}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
wrk.headers["Content-Type"] = "{kind}"
"""


class Load:
    """What wrk measured, and the CPU time of the server meanwhile."""

    def __init__(self, text: str, cpu_seconds: float) -> None:
        self.requests = int(re.search(r"(\d+) requests in", text)[1])
        errors = re.search(r"connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
        refused = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
        self.failed = sum(map(int, errors.groups())) if errors else 0
        self.failed += int(refused[1]) if refused else 0
        self.cpu_ms = cpu_seconds * 1000 / max(1, self.requests)
        self.p50, self.p99 = (_ms(text, share) for share in ("50%", "99%"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, nargs="+", default=[ROOT / "models/serving"])
    parser.add_argument("--peers-python", help="with litserve and bentoml")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=10, help="of each load")
    arguments = parser.parse_args()
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    figures = [record_cost()]
    for folder in arguments.model:
        figures += measured(folder.resolve(), arguments)
    for figure in figures:
        print(f"{figure.what:60} {figure.ours:28} {figure.peer} {list(figure.ratio)}")
    results.save(
        "serving", figures, "python benchmarks/serving.py --peers-python PYTHON --model DIR"
    )


def measured(model: Path, arguments: argparse.Namespace) -> list[results.Figure]:
    """Rows of the page about one model."""
    body = example(model)
    about = json.loads((model / "serving.json").read_text())
    height, width, _ = about["inputs"][0]["shape"]
    network = f"{about['model']} of {height} x {width}"
    ours: dict[int, list[Load]] = {number: [] for number in CONNECTIONS}
    limits: list[float] = []
    peers: dict[str, list[Load]] = {}
    reloads: list[tuple[Load, Load]] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for _ in range(arguments.rounds):
            limits.append(limit(model, body))
            with our_server(model, folder) as (address, pid, change):

                def ask(number: int, seconds: int, a: str = address, p: int = pid) -> Load:
                    return load(folder, a, body, p, number, seconds)

                for number in CONNECTIONS:
                    ours[number].append(ask(number, arguments.seconds))
                still = ask(AT_RELOADS, arguments.seconds)
                reloads.append((still, reloading(ask, change, arguments.seconds)))
            for peer in ("litserve", "bentoml") if arguments.peers_python else ():
                encoded = base64.b64encode(body).decode()
                asked = {"images": [encoded]} if peer == "bentoml" else {"image": encoded}
                sent, kind = json.dumps(asked).encode(), "application/json"
                with peer_server(arguments.peers_python, peer, model) as (address, pid):
                    load(folder, address, sent, pid, 64, 2, kind)  # warm
                    answered = load(folder, address, sent, pid, 64, arguments.seconds, kind)
                if answered.failed:
                    sys.exit(f"{peer} failed to answer {answered.failed} requests")
                peers.setdefault(peer, []).append(answered)
    return tell(network, ours, limits, peers, reloads)


def tell(
    network: str,
    ours: dict[int, list[Load]],
    limits: list[float],
    peers: dict[str, list[Load]],
    reloads: list[tuple[Load, Load]],
) -> list[results.Figure]:
    """Rows of the page; ratios are of one round each."""
    found = []
    rounds = len(limits)
    at_64 = ours[64]
    pairs = {"prepare, forward and JSON alone": limits}
    pairs |= {name: [one.cpu_ms for one in loads] for name, loads in peers.items()}
    for name, values in pairs.items():
        ratios = [peer / our.cpu_ms for peer, our in zip(values, at_64, strict=True)]
        found.append(
            results.Figure(
                "serve",
                f"{network}: CPU a request, 64 connections, all recorded",
                results.spread([one.cpu_ms for one in at_64], 2, " ms"),
                rounds,
                f"{name}: {median(values):.2f} ms",
                results.middle_and_range(ratios),
            )
        )
    for number, loads in ours.items():
        ratios = [one.p99 / one.p50 for one in loads]
        what = f"{network}: p99 by p50, {number} connections"
        found.append(results.Figure("serve", what, results.spread(ratios, 1), rounds))
    requests = sum(changed.requests for _, changed in reloads)
    if requests < LEAST_REQUESTS:
        print(f"only {requests} requests over the reloads: --seconds more")
    what = f"{network}: requests lost of {requests:,} over {RELOADS * rounds} reloads"
    lost = sum(changed.failed for _, changed in reloads)
    found.append(results.Figure("serve", what, str(lost), rounds))
    slower = results.spread([changed.p99 / still.p99 for still, changed in reloads], 1)
    what = f"{network}: p99 over reloads by p99 without"
    found.append(results.Figure("serve", what, slower, rounds))
    return found


def record_cost() -> results.Figure:
    """One record of ten outputs, eight measurements and an embedding of 64."""
    layout = Layout(ANSWERS, "ab" * 32, 10, 64, tuple("abcdefgh"))
    values = bytes(20 + 32 + 128)
    with tempfile.TemporaryDirectory() as name:
        file = RecordFile(Path(name), layout)
        took = []
        for _ in range(20):
            start = time.process_time()
            for _ in range(2000):
                file.append(answer_row(time.time(), bytes(16), "a" * 64, 0.1, values))
            took.append((time.process_time() - start) / 2000 * 1e6)
    return results.Figure("serve", "a record, CPU", results.spread(took, 1, " µs"), len(took))


def example(model: Path) -> bytes:
    """An image of the model's own shape: a JPEG where it has colours, as photos come."""
    shape = open_model(model).columns[0].shape
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return encode_png(pixels) if shape[2] == 1 else simplejpeg.encode_jpeg(pixels, quality=75)


def limit(folder: Path, body: bytes) -> float:
    """CPU ms of what any server has to do for a request."""
    model = open_model(folder)
    took = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(200):
            ((answered,),) = model.answer([model.prepare([body])])
            json.dumps(answered.values)
        took.append((time.process_time() - start) / 200 * 1000)
    return min(took)


@contextmanager
def our_server(model: Path, folder: Path) -> Iterator[tuple[str, int, Callable[[], None]]]:
    """Its address, its process, and what puts another model into its place."""
    first, link = folder / "a", folder / "serving"
    for copy in (first, folder / "b"):
        shutil.copytree(model, copy, dirs_exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to("a")
    command = [sys.executable, "-m", "pipeline.commands.serve", "--port", "0"]
    command += ["--model", str(link), "--records", str(folder / "records")]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    address = re.search(r"http://\S+:\d+", process.stdout.readline())[0]
    process.stdout.readline()
    process.stdout.readline()

    def change() -> None:
        new = folder / "link"
        new.symlink_to("b" if link.readlink() == Path("a") else "a")
        new.replace(link)
        process.send_signal(signal.SIGHUP)
        while "in place of" not in process.stdout.readline():
            pass

    try:
        yield f"{address}/predict", process.pid, change
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def peer_server(python: str, peer: str, model: Path) -> Iterator[tuple[str, int]]:
    command = [python, str(PEERS), peer, str(model)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    address = "http://127.0.0.1:8912/predict"
    try:
        wait_until_answered(address)
        yield address, process.pid
    finally:
        for one in (*psutil.Process(process.pid).children(recursive=True), process):
            one.kill()
        process.wait(30)


def wait_until_answered(address: str) -> None:
    """Any answer at all, within a minute."""
    for _ in range(120):
        done = subprocess.run(["curl", "-s", "-o", "/dev/null", address], check=False)
        if done.returncode == 0:
            return
        time.sleep(0.5)
    sys.exit(f"{address} does not answer")


def load(
    folder: Path,
    address: str,
    body: bytes,
    pid: int,
    connections: int,
    seconds: int,
    kind: str = BYTES,
) -> Load:
    (folder / "body").write_bytes(body)
    script = folder / "ask.lua"
    script.write_text(WRK.format(body=folder / "body", kind=kind))
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "--latency"]
    before = cpu_of(pid)
    done = subprocess.run(
        [*command, "-s", str(script), address], capture_output=True, text=True, check=True
    )
    return Load(done.stdout, cpu_of(pid) - before)


def reloading(ask: Callable[[int, int], Load], change: Callable[[], None], seconds: int) -> Load:
    """A load during which the model is exchanged RELOADS times."""
    found: list[Load] = []
    thread = threading.Thread(target=lambda: found.append(ask(AT_RELOADS, 2 * seconds)))
    thread.start()
    for _ in range(RELOADS):
        change()
    thread.join()
    return found[0]


def cpu_of(pid: int) -> float:
    """CPU seconds of a process and all below it."""
    process = psutil.Process(pid)
    total = 0.0
    for one in (process, *process.children(recursive=True)):
        times = one.cpu_times()
        total += times.user + times.system
    return total


def _ms(text: str, share: str) -> float:
    value, unit = re.search(rf"{share}\s+([\d.]+)(us|ms|s)\b", text).groups()
    return float(value) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


if __name__ == "__main__":
    main()
