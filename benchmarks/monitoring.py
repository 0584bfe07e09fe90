"""Drift, accuracy without labels and adjustment on CIFAR-10, beside Evidently.

A network is trained on 40,000 images, 5,000 are its validation, of which the reference is made; the
10,000 test images are the traffic: as they are, and corrupted in the ways of the stage `evaluate`.
It is kept in .groundwork/benchmarks, so that a second run is quick.

    GROUNDWORK_CIFAR10=FOLDER python benchmarks/monitoring.py [--evidently PYTHON]

--evidently names the Python of an environment with evidently==0.7.23 and pandas<3, which do not go
with this project's pandas 3.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch
from cifar import read_cifar
from results import Figure, save

from pipeline.commands.adjust.refitting import refit
from pipeline.commands.monitor.drift import LEVEL, SIZES, Reference
from pipeline.commands.monitor.estimate import calibrated, estimate
from pipeline.commands.monitor.watching import ESTIMATED_ON
from pipeline.commands.promote.traffic import verdict_of_signs
from pipeline.dataset.randomness import id_keys
from pipeline.dataset.shards.column import ShardColumn
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.reference import make_reference
from pipeline.export.served import ServedNetwork
from pipeline.learning.batches import make_examples
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.images.content.measurements import measure
from pipeline.modalities.images.modules.image_network import ImageNetwork
from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.modalities.images.stress.corruptions import CORRUPTIONS, STRENGTHS, corrupt
from pipeline.serving.graph import ask, open_session
from pipeline.targets.classes.judging.evaluation import temperature_of
from pipeline.targets.classes.measures.outputs import probabilities
from pipeline.targets.opening import open_answers, open_loss
from pipeline.targets.protocols.judging import Answers

KEPT = Path(".groundwork/benchmarks/monitoring")
NAMES = ["brightness", "contrast", "sharpness", "red", "green", "blue"]
COLUMNS = [ShardColumn("x", "uint8", (32, 32, 3))]
EPOCHS, NUM_NOTICED = 6, 40
NUM_WINDOWS = {100: 5000, 200: 5000, 400: 5000, 1600: 1000, 6400: 200}
COSTS = 0.05
"""Points of accuracy that a corruption must cost to count."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--evidently", type=Path, help="Python of an environment with Evidently")
    options = parser.parse_args()
    cifar = read_all()
    network = trained(cifar)
    session = open_session(as_bytes(make_graph(ServedNetwork(network, ["x"]), COLUMNS)), KEPT)

    def answer(images):
        outputs, embedding = ask(session, {"x": images}, 1000)
        found = measure(images)
        return outputs, embedding, {name: getattr(found, name) for name in NAMES}

    outputs, embedding, measured = answer(cifar.val_x)
    temperature = {"temperature": temperature_of(Answers(outputs, cifar.val_y))}
    reference = Reference(
        make_reference(measured, {}, probabilities(outputs), embedding),
        outputs=open_answers("classes").outputs,
    )
    clean = answer(cifar.test_x)
    traffic = reference.take(clean[2], probabilities(clean[0]), clean[1])
    base = float((clean[0].argmax(1) == cifar.test_y).mean())
    print(f"accuracy {base:.4f} on test, {(outputs.argmax(1) == cifar.val_y).mean():.4f} on val")
    figures = [*false_alarms(reference, traffic)]
    variants = dict(corrupted(cifar, answer))
    figures += noticed(reference, variants, cifar.test_y, base)
    figures += estimates(reference, variants | {"none 0": clean}, cifar.test_y, temperature)
    figures += adjusted(network, cifar)
    if options.evidently:
        figures += evidently(options.evidently, measured, outputs, clean, reference, traffic)
    save("monitoring", figures, "python benchmarks/monitoring.py --evidently PYTHON")


def read_all() -> SimpleNamespace:
    path = KEPT / "cifar.npz"
    if not path.exists():
        train, test = read_cifar("train"), read_cifar("test")
        KEPT.mkdir(parents=True, exist_ok=True)
        x, y = train.images, train.labels
        np.savez(path, train_x=x[:40000], train_y=y[:40000], val_x=x[45000:], val_y=y[45000:],
                 test_x=test.images, test_y=test.labels)  # fmt: skip
    with np.load(path) as arrays:
        return SimpleNamespace(**{name: arrays[name] for name in arrays.files})


def trained(cifar: SimpleNamespace) -> ImageNetwork:
    pixels = cifar.train_x.reshape(-1, 3)
    scaling = {"mean": pixels.mean(0).tolist(), "std": pixels.std(0).tolist()}
    torch.manual_seed(0)
    network = ImageNetwork(
        WhitenedCNN(32, 32, 3, 10, widths=(32, 64, 64)), {"shape": [32, 32, 3], **scaling}
    )
    path = KEPT / "network.pt"
    if path.exists():
        network.load_state_dict(torch.load(path, weights_only=True))
        return network.eval()
    ones = np.ones(len(cifar.train_y), np.float32)
    train = make_examples({"x": cifar.train_x}, cifar.train_y, ones)
    recipe = Recipe("muon", 0.24, 500, EPOCHS, "linear", 0.008, 99, 0)
    device = choose_device("cpu", "auto", True)
    loss = open_loss("classes")
    val = make_examples({"x": cifar.val_x}, cifar.val_y, ones[: len(cifar.val_y)])
    fit(network, recipe, lambda epoch: train, val, loss, device, on_epoch=print)
    torch.save(network.state_dict(), path)
    return network.eval()


def corrupted(cifar: SimpleNamespace, answer):
    """Each corruption at each strength, of all test images."""
    keys = id_keys(f"test {row}" for row in range(len(cifar.test_y)))
    for name in CORRUPTIONS:
        for strength in STRENGTHS:
            path = KEPT / f"{name}-{strength}.npz"
            if not path.exists():
                outputs, embedding, measured = answer(corrupt(cifar.test_x, keys, name, strength))
                np.savez(path, outputs=outputs, embedding=embedding, **measured)
            with np.load(path) as arrays:
                found = {key: arrays[key] for key in arrays.files}
            yield f"{name} {strength}", (found.pop("outputs"), found.pop("embedding"), found)


def windows_of(reference, traffic, size, num, random):
    """Statistics of windows of randomly chosen examples, the largest of all families."""
    rows = np.concatenate([random.choice(len(traffic), size, replace=False) for _ in range(num)])
    found = reference.statistics(traffic.rows(rows), size)
    return np.stack(list(found.values())).max(0)


def false_alarms(reference, traffic):
    random = np.random.default_rng(1)
    counts, seconds = {}, 0.0
    for size in SIZES:
        reference.thresholds(size)
        started = time.process_time()
        parts = [
            windows_of(reference, traffic, size, 50, random) for _ in range(NUM_WINDOWS[size] // 50)
        ]
        seconds += time.process_time() - started
        counts[size] = int((np.concatenate(parts) > 1).sum())
        print(f"windows of {size}: {counts[size]} false alarms of {NUM_WINDOWS[size]}", flush=True)
    total, num = sum(counts.values()), sum(NUM_WINDOWS.values())
    each = ", ".join(f"{count} of {NUM_WINDOWS[size]} at {size}" for size, count in counts.items())
    rate, bar = total / num, 2 * LEVEL
    what = f"false alarms in windows of unchanged images; {LEVEL:.1%} is stated"
    ratio = [bar / max(rate, 1e-9)] * 3
    yield Figure("serve", what, f"{rate:.2%} ({each})", num, f"twice that, {bar:.1%}", ratio)
    yield Figure("serve", "a check of a window", f"{1000 * seconds / num:.2f} CPU ms", num)


def noticed(reference, variants, labels, base):
    random = np.random.default_rng(2)
    late, costly, missed = [], 0, []
    for name, (outputs, embedding, measured) in variants.items():
        lost = base - float((outputs.argmax(1) == labels).mean())
        traffic = reference.take(measured, probabilities(outputs), embedding)
        share = {
            size: float((windows_of(reference, traffic, size, NUM_NOTICED, random) > 1).mean())
            for size in (100, 200)
        }
        print(f"{name:14} costs {100 * lost:5.1f} points, noticed in {share}")
        if lost >= COSTS:
            costly += 1
            late.append(share[200])
            if share[200] < 0.9:
                missed.append(name)
    yield Figure(
        "serve", f"corruptions that cost {100 * COSTS:.0f} points, noticed within 200 images",
        f"{costly - len(missed)} of {costly} (missed: {', '.join(missed) or 'none'})", NUM_NOTICED,
    )  # fmt: skip


def drifted(reference, traffic):
    """Families that alarm in the newest window of any size, as in `groundwork monitor`."""
    sizes = [size for size in SIZES if size <= len(traffic)]
    newest = [reference.statistics(traffic.rows(slice(-size, None)), size) for size in sizes]
    return {name for found in newest for name, shares in found.items() if shares[0] > 1}


def estimates(reference, variants, labels, calibration):
    errors, num_unknown, hidden = [], 0, []
    for name, (outputs, embedding, measured) in variants.items():
        traffic = reference.take(measured, probabilities(outputs), embedding)
        for rows in np.array_split(np.random.default_rng(3).permutation(len(labels)), 5):
            rows = rows[:ESTIMATED_ON]
            confidence = calibrated(outputs[rows].astype(float), calibration, probabilities)
            guess = estimate(confidence, drifted(reference, traffic.rows(rows)))
            true = float((outputs[rows].argmax(1) == labels[rows]).mean())
            if guess.value is None:
                num_unknown += 1
                hidden.append(abs(float(confidence.mean()) - true))
            else:
                errors.append(abs(guess.value - true))
        print(f"{name:14} true {true:.3f}, {'unknown' if guess.value is None else guess.value}")
    yield Figure(
        "serve", "accuracy without labels, where it is given: error in points",
        f"mean {100 * np.mean(errors):.1f}, most {100 * max(errors):.1f}; "
        f"{num_unknown} of {num_unknown + len(errors)} unknown, where it would be off by up to "
        f"{100 * max(hidden, default=0):.0f}", len(errors),
    )  # fmt: skip


def adjusted(network, cifar):
    """100 unlabelled images of the second half of test; judged by the first half."""
    keys = id_keys(f"test {row}" for row in range(len(cifar.test_y)))
    random, num = np.random.default_rng(4), 5000

    def answers(net, images):
        with torch.inference_mode():
            parts = [net({"x": torch.from_numpy(p)}) for p in np.array_split(images, 10)]
        return torch.cat(parts).argmax(1).numpy()

    def is_right(net, images, labels):
        return answers(net, images) == labels

    labels = cifar.test_y[:num]
    clean = is_right(network, cifar.test_x[:num], labels).mean()
    said = []
    for name, strength in (("noise", 3), ("noise", 5), ("blur", 3), ("blur", 5)):
        images = corrupt(cifar.test_x, keys, name, strength)
        before = is_right(network, images[:num], labels).mean()
        rows = [num + random.choice(num, 100, replace=False) for _ in range(3)]
        after = [
            is_right(refit(network, {"x": images[r]}), images[:num], labels).mean() for r in rows
        ]
        won = (np.mean(after) - before) / (clean - before)
        said.append(f"{name} {strength}: {before:.3f} to {np.mean(after):.3f}, {won:.0%}")
        print(said[-1], flush=True)
    yield Figure(
        "serve",
        "accuracy won back from 100 unlabelled images, and of what the corruption costs",
        "; ".join(said),
        3,
    )
    pets = np.flatnonzero(np.isin(cifar.test_y, (3, 5)))
    seen, unseen = pets[:100], pets[100:]
    candidate = refit(network, {"x": cifar.test_x[seen]})
    new, old = (
        is_right(net, cifar.test_x[unseen], cifar.test_y[unseen]) for net in (candidate, network)
    )
    some = slice(0, 100)
    wins = int((new[some] & ~old[some]).sum())
    losses = int((old[some] & ~new[some]).sum())
    verdict = verdict_of_signs(wins, losses)
    yield Figure(
        "serve",
        "a candidate from cats and dogs alone, before the gate with 100 labelled images",
        f"{verdict}: better on {wins}, worse on {losses}; accuracy {old.mean():.3f} to "
        f"{new.mean():.3f}",
        1,
    )


EVIDENTLY = """
import json, sys, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from evidently import DataDefinition, Dataset, Report
from evidently.presets import DataDriftPreset
reference, traffic = (pd.read_parquet(p) for p in sys.argv[1:3])
for frame in (reference, traffic):
    frame["answer"] = frame["answer"].astype(str)
definition = DataDefinition(categorical_columns=["answer"],
    numerical_columns=[c for c in reference.columns if c != "answer"])
known = Dataset.from_pandas(reference, data_definition=definition)
random, result = np.random.default_rng(0), {}
for size, num in ((100, 50), (400, 25)):
    alarms = any_column = 0
    started = time.process_time()
    for _ in range(num):
        rows = traffic.iloc[random.choice(len(traffic), size, replace=False)]
        window = Dataset.from_pandas(rows.reset_index(drop=True), data_definition=definition)
        run = Report([DataDriftPreset()]).run(window, known).dict()
        share = next(m["value"] for m in run["metrics"] if "DriftedColumnsCount" in str(m))
        alarms += share["share"] >= 0.5
        any_column += share["count"] > 0
    result[size] = [alarms / num, any_column / num, (time.process_time() - started) / num, num]
print(json.dumps(result))
"""


def evidently(python, measured, outputs, clean, reference, traffic):
    import pyarrow as pa
    import pyarrow.parquet as pq

    def table(values, out):
        said = probabilities(out)
        return pa.table({**values, "confidence": said.max(1), "answer": said.argmax(1)})

    with tempfile.TemporaryDirectory() as folder:
        paths = [f"{folder}/{name}.parquet" for name in ("reference", "traffic")]
        for path, (values, out) in zip(
            paths, [(measured, outputs), (clean[2], clean[0])], strict=True
        ):
            pq.write_table(table(values, out), path)
        run = subprocess.run(
            [python, "-c", EVIDENTLY, *paths], stdout=subprocess.PIPE, text=True, check=True
        )
    found = json.loads(run.stdout.splitlines()[-1])
    started = time.process_time()
    random = np.random.default_rng(5)
    windows_of(reference, traffic, 400, 500, random)
    ours = (time.process_time() - started) / 500
    for size, (alarms, some, _, num) in found.items():
        yield Figure(
            "serve", f"Evidently's defaults on unchanged windows of {size}",
            f"{alarms:.0%} a dataset's drift, {some:.0%} a column's", num,
        )  # fmt: skip
    _, _, seconds, num = found["400"]
    yield Figure(
        "serve", "CPU time of a drift check, windows of 400", f"{1000 * ours:.2f} ms", 500,
        f"Evidently {seconds:.2f} s", [seconds / ours] * 3,
    )  # fmt: skip


if __name__ == "__main__":
    main()
