"""The forward pass of one image as it is served, beside torch: one thread, 32 x 32 photos.

Networks are not trained, as speed does not ask for it. Each round takes the least of many calls,
of all of them in turn, so that a shared machine counts little.

    python benchmarks/served_forward.py [--rounds 5] [--calls 200]
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import results  # noqa: E402

from pipeline.dataset.shards.column import INPUT, ShardColumn  # noqa: E402
from pipeline.export.graph_file import as_bytes, make_graph  # noqa: E402
from pipeline.export.quantising import quantised  # noqa: E402
from pipeline.export.served import ServedNetwork  # noqa: E402
from pipeline.modalities.images.network.interface import build  # noqa: E402
from pipeline.serving.graph import ask, open_session  # noqa: E402

SHAPE = (32, 32, 3)
PREPARATION = {"shape": list(SHAPE), "mean": [120.0] * 3, "std": [60.0] * 3}
NETWORKS = {"resnet": {}, "whitened_cnn": {"views": "original"}}
Call = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--calls", type=int, default=200)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    figures = []
    for name, settings in NETWORKS.items():
        calls = ways(name, settings)
        rounds = [least(calls, arguments.calls) for _ in range(arguments.rounds)]
        for way in ("onnxruntime fp32", "onnxruntime int8"):
            ratios = [one["torch channels_last"] / one[way] for one in rounds]
            peer = results.spread([one["torch channels_last"] for one in rounds], 3, " ms")
            figures.append(
                results.Figure(
                    "serve",
                    f"forward of one image, {name}, {way.removeprefix('onnxruntime ')}",
                    results.spread([one[way] for one in rounds], 3, " ms"),
                    len(rounds),
                    f"torch, channels_last: {peer}",
                    results.middle_and_range(ratios),
                )
            )
    for figure in figures:
        print(f"{figure.what:45} {figure.ours:28} {figure.peer} {list(figure.ratio)}")
    results.save("served-forward", figures, "python benchmarks/served_forward.py")


def ways(name: str, settings: dict) -> dict[str, Call]:
    """The same network in several forms, each asked about the same image."""
    random = np.random.default_rng(0)
    some = {INPUT: random.integers(0, 256, (512, *SHAPE), dtype=np.uint8)}
    one = {INPUT: some[INPUT][:1]}
    torch.manual_seed(0)
    network = build(name, PREPARATION, 10, settings or None)
    batch = {INPUT: torch.from_numpy(some[INPUT])}
    if getattr(network, "num_looked_at", 0):
        network.look_at(batch)
    network.eval()
    graph = make_graph(ServedNetwork(network, [INPUT]), [ShardColumn(INPUT, "uint8", SHAPE)])
    graphs = {"onnxruntime fp32": graph, "onnxruntime int8": quantised(graph, some)}
    single = {INPUT: batch[INPUT][:1]}
    network.to(memory_format=torch.channels_last)

    def by_torch() -> object:
        with torch.inference_mode():
            return network(single)

    calls: dict[str, Call] = {"torch channels_last": by_torch}
    with tempfile.TemporaryDirectory() as folder:
        for way, model in graphs.items():
            session = open_session(as_bytes(model), Path(folder) / "model.onnx")
            calls[way] = lambda session=session: ask(session, one, 1)
    return calls


def least(calls: dict[str, Call], num: int) -> dict[str, float]:
    """The least milliseconds of a call, by its name."""
    found = dict.fromkeys(calls, float("inf"))
    for number in range(num + 10):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            took = (time.perf_counter() - start) * 1000
            if number >= 10:
                found[name] = min(found[name], took)
    return found


if __name__ == "__main__":
    main()
