"""Training speed and accuracy on CIFAR-10.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/training.py steps [--rounds 3]
    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/training.py run \\
        recipes/images-classes-small_photos.yaml
        [--seeds 3] [--set train.views=original ...]

`steps` trains one network (airbench94's, widths 64, 256, 256) in several ways, in turn and each in
a process of its own: `plain` is a loop as tutorials have it (fp32, DataLoader, the loss printed),
`bare` a bf16 channels-last step on a batch that is there already, both of PyTorch's layers alone;
`groundwork` is `fit` with loading, checks and reports; all three with Nesterov's SGD. `muon` is
`fit` with that optimizer.

`run` takes a recipe through the whole pipeline in a clone of this repository, once for each seed,
and reads its reports. The bare step is measured before and after each training, so that its
time can be compared with what 9.9 epochs of bare steps take on the same cores. The test split
is looked at once a seed, by the evaluate stage.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
import torch.nn.functional as F
from cifar import CLASSES, read_cifar
from results import Figure, middle_and_range, save
from ruamel.yaml import YAML
from torch import nn
from torch.utils.data import DataLoader, TensorDataset
from torch.utils.flop_counter import FlopCounterMode

from pipeline.dataset.shards.column import INPUT
from pipeline.learning.batches import make_examples
from pipeline.learning.device import Device, choose_device
from pipeline.learning.fitting.loop import fit
from pipeline.learning.fitting.recipe import Recipe
from pipeline.modalities.images.label_check.interface import fit as prepare
from pipeline.modalities.images.modules.image_network import ImageNetwork, gains_by_bf16
from pipeline.modalities.images.modules.small_convolution import SmallConv2d
from pipeline.modalities.images.modules.whitened import WhitenedCNN
from pipeline.runtime.process import available_cores
from pipeline.targets.opening import open_loss

ROOT = Path(__file__).resolve().parent.parent
AIRBENCH_EPOCHS, CIFAR_IMAGES = 9.9, 50_000
BATCH, SHAPE, WARM_UP = 1024, (32, 32, 3), 2
CASES = ["plain", "bare", "groundwork", "muon"]


class Airbench94(WhitenedCNN):
    """As the source has it."""

    NUM_RESIDUAL = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(dest="command", required=True)
    steps = commands.add_parser("steps", help="the speed of training steps")
    steps.add_argument("--rounds", type=int, default=3)
    steps.add_argument("--steps", type=int, default=8, help="timed in each case")
    run = commands.add_parser("run", help="a recipe through the pipeline")
    run.add_argument("recipe", type=Path)
    run.add_argument("--seeds", type=int, default=1)
    run.add_argument("--set", nargs="*", default=[], metavar="KEY=VALUE", dest="changes")
    case = commands.add_parser("case")  # one measurement, for a process of its own
    case.add_argument("name", choices=CASES)
    case.add_argument("steps", type=int)
    arguments = parser.parse_args()
    if arguments.command == "case":
        print(json.dumps(measure(arguments.name, arguments.steps)))
        return
    device = choose_device("auto", "auto", gains_by_bf16({"shape": SHAPE}))
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {processor()}")
    print(f"{available_cores()} cores, trains on {device}")
    if arguments.command == "steps":
        compare_steps(arguments.rounds, arguments.steps)
    else:
        run_recipe(arguments.recipe, arguments.seeds, arguments.changes)


def compare_steps(rounds: int, steps: int) -> None:
    found = [{name: in_process(name, steps) for name in CASES} for _ in range(rounds)]
    rates = {name: [row[name]["images_per_second"] for row in found] for name in CASES}
    flops = found[0]["bare"]["flops_per_image"]
    matrix_rates = [row["bare"]["matrix_flops"] for row in found]
    print(f"{steps} steps of {BATCH}, n = {rounds}: median (min to max)")
    print(f"a bf16 product of matrices: {spread([r / 1e12 for r in matrix_rates])} TFLOP/s")
    print(f"{'':10} {'images/s':>22} {'of plain':>22} {'of bare':>22} {'of matrix rate':>22}")
    for name in CASES:
        columns = [
            spread(rates[name], 0),
            spread([a / b for a, b in zip(rates[name], rates["plain"], strict=True)]),
            spread([a / b for a, b in zip(rates[name], rates["bare"], strict=True)]),
            spread([a * flops / b for a, b in zip(rates[name], matrix_rates, strict=True)]),
        ]
        print(f"{name:10} " + " ".join(f"{column:>22}" for column in columns))
    ours = rates["groundwork"]
    figures = [
        Figure(
            "train",
            "training steps of airbench94's network, loading and checks included",
            f"{spread(ours, 0)} images/s",
            rounds,
            f"{what}: {statistics.median(rates[name]):,.0f}",
            middle_and_range([a / b for a, b in zip(ours, rates[name], strict=True)]),
        )
        for name, what in (
            ("plain", "a plain PyTorch loop in fp32"),
            ("bare", "a bare bf16 channels-last step"),
        )
    ]
    save("training-steps", figures, f"python benchmarks/training.py steps --rounds {rounds}")


def in_process(name: str, steps: int) -> dict[str, float]:
    command = [sys.executable, __file__, "case", name, str(steps)]
    found: dict[str, float] = json.loads(
        subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    )
    return found


def measure(name: str, steps: int) -> dict[str, float]:
    torch.set_num_threads(available_cores())
    cuda = torch.cuda.is_available()
    torch.manual_seed(0)
    network = Airbench94(*SHAPE, len(CLASSES))
    if name == "plain":
        network = with_layers_of_torch(network)
        return {"images_per_second": plain(network.to("cuda" if cuda else "cpu"), steps)}
    if name == "bare":
        device = Device("cuda" if cuda else "cpu", bf16=True)
        return bare(with_layers_of_torch(network), device, steps)
    return {"images_per_second": groundwork(network, "muon" if name == "muon" else "sgd", steps)}


def with_layers_of_torch(network: nn.Module) -> nn.Module:
    """The same network without our own convolutions."""
    for layer in list(network.modules()):
        for name, part in list(layer.named_children()):
            if isinstance(part, SmallConv2d):
                plain = nn.Conv2d(part.in_channels, part.out_channels, 3, padding=1, bias=False)
                plain.load_state_dict(part.state_dict())
                setattr(layer, name, plain)
    return network


def plain(network: nn.Module, steps: int) -> float:
    train = read_cifar("train")
    num = BATCH * (WARM_UP + steps)
    images = torch.from_numpy(train.images[:num]).permute(0, 3, 1, 2).contiguous().float() / 255
    data = TensorDataset(images, torch.from_numpy(train.labels[:num]))
    optimizer = torch.optim.SGD(trained(network), 0.01, momentum=0.9, nesterov=True)
    device = next(network.parameters()).device
    network.train()
    started = 0.0
    for step, (images, labels) in enumerate(DataLoader(data, BATCH, shuffle=True)):
        if step == WARM_UP:
            started = time.perf_counter()
        optimizer.zero_grad()
        loss = F.cross_entropy(network(images.to(device)), labels.to(device))
        loss.backward()
        optimizer.step()
        print(f"loss {loss.item():.3f}", file=sys.stderr)
    return BATCH * steps / (time.perf_counter() - started)


def bare(network: nn.Module, device: Device, steps: int) -> dict[str, float]:
    network.to(device.kind, memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(trained(network), 0.01, momentum=0.9, nesterov=True, fused=True)
    images = torch.randn(BATCH, 3, *SHAPE[:2], device=device.kind)
    images = images.to(memory_format=torch.channels_last)
    labels = torch.randint(len(CLASSES), (BATCH,), device=device.kind)

    def step() -> None:
        with device.autocast():
            logits = network(images)
        F.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        optimizer.zero_grad()

    with FlopCounterMode(display=False) as counter:
        step()
    return {
        "images_per_second": BATCH / seconds_of(step, steps, device),
        "flops_per_image": counter.get_total_flops() / BATCH,
        "matrix_flops": matrix_rate(device),
    }


def groundwork(network: nn.Module, optimizer: str, steps: int) -> float:
    train = read_cifar("train")
    device = choose_device("auto", "auto", gains_by_bf16({"shape": SHAPE}))
    num = BATCH * steps
    inputs = {INPUT: train.images[:num]}
    examples = make_examples(inputs, train.labels[:num], torch.ones(num).numpy())
    recipe = Recipe(
        optimizer=optimizer,
        lr=0.01,
        batch_size=BATCH,
        epochs=2,  # the first warms up
        schedule="linear",
        weight_decay=0.0,
        patience=2,
        seed=0,
    )
    ends: list[float] = []
    preparation = prepare(train.images, np.arange(num))
    fit(
        ImageNetwork(network, preparation),
        recipe,
        lambda epoch: examples,
        None,
        open_loss("classes"),
        device,
        on_epoch=lambda row: ends.append(time.perf_counter()),
    )
    return num / (ends[1] - ends[0])


def matrix_rate(device: Device, side: int = 4096) -> float:
    """Operations per second of a bf16 product of matrices."""
    one, other = torch.randn(2, side, side, device=device.kind, dtype=torch.bfloat16)
    return float(2 * side**3 / seconds_of(lambda: one @ other, 5, device))


def seconds_of(work: object, times: int, device: Device) -> float:
    """Mean seconds, after two times that do not count."""
    assert callable(work)
    started = 0.0
    for number in range(WARM_UP + times):
        if number == WARM_UP:
            wait(device)
            started = time.perf_counter()
        work()
    wait(device)
    return (time.perf_counter() - started) / times


def wait(device: Device) -> None:
    if device.kind == "cuda":
        torch.cuda.synchronize()


def trained(network: nn.Module) -> list[nn.Parameter]:
    return [parameter for parameter in network.parameters() if parameter.requires_grad]


def run_recipe(recipe: Path, seeds: int, changes: list[str]) -> None:
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        shell(f"git clone -q {shlex.quote(str(ROOT))} clone", Path(folder))
        data = Path(os.environ["GROUNDWORK_CIFAR10"]).resolve()
        entry = {"uri": str(data), "license": "LicenseRef-none-stated", "split": {"val": 0.02}}
        write_yaml(clone / "data/catalog/cifar10-here.yaml", entry)
        params = YAML(typ="safe").load(recipe.read_text(encoding="utf-8"))
        write_yaml(clone / "params.yaml", params | {"dataset": "cifar10-here"})
        shell("git add -A && git -c user.name=b -c user.email=b commit -q -m recipe", clone)
        for seed in range(seeds):
            settings = " ".join(f"-S {shlex.quote(change)}" for change in changes)
            shell(f"dvc exp run -q -S seed={seed} {settings} augment", clone)
            before = in_process("bare", 8)["images_per_second"]
            started = time.perf_counter()
            shell("dvc repro -q --single-item train", clone)
            stage_seconds = time.perf_counter() - started
            after = in_process("bare", 8)["images_per_second"]
            shell("dvc repro -q --single-item evaluate", clone)
            training = json.loads((clone / "reports/training.json").read_text())
            speed = pq.read_table(clone / "models/speed.parquet", columns=["seconds"])
            seconds = pc.sum(speed["seconds"]).as_py()
            bare_seconds = AIRBENCH_EPOCHS * CIFAR_IMAGES / statistics.mean([before, after])
            rows.append(
                {
                    "accuracy": json.loads((clone / "reports/metrics.json").read_text())[
                        "accuracy"
                    ],
                    "val_accuracy": training["val_accuracy"],
                    "epochs": training["epochs_run"],
                    "seconds": seconds,
                    "stage_seconds": stage_seconds,
                    "bare_seconds": bare_seconds,
                    "share": seconds / bare_seconds,
                    "stage_share": stage_seconds / bare_seconds,
                }
            )
            print(f"seed {seed}", {name: round(value, 4) for name, value in rows[-1].items()})
    print(f"{recipe}, n = {seeds}: mean (min to max)")
    for name in rows[0]:
        print(f"  {name:14} {spread([row[name] for row in rows], 4, middle=statistics.mean)}")
    shares = [row["share"] for row in rows]
    figures = [
        Figure(
            "train",
            f"CIFAR-10, test accuracy of {Path(recipe).stem}",
            spread([row["accuracy"] for row in rows], 4, middle=statistics.mean),
            seeds,
        ),
        Figure(
            "train",
            f"its training time as a share of {AIRBENCH_EPOCHS} epochs of bare bf16 steps",
            spread(shares, middle=statistics.mean),
            seeds,
            "bare steps: 1",
            middle_and_range([1 / share for share in shares]),
        ),
    ]
    save("training-run", figures, f"python benchmarks/training.py run {recipe} --seeds {seeds}")


def write_yaml(path: Path, content: dict) -> None:
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(content, file)


def shell(command: str, place: Path) -> None:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(command, shell=True, cwd=place, env=os.environ | {"PATH": path}, check=True)


def spread(values: list[float], digits: int = 2, middle=statistics.median) -> str:
    low, high = min(values), max(values)
    return f"{middle(values):,.{digits}f} ({low:,.{digits}f} to {high:,.{digits}f})"


def processor() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    names = Path("/proc/cpuinfo")
    lines = names.read_text().splitlines() if names.exists() else []
    return next((line.split(": ")[1] for line in lines if "model name" in line), platform.machine())


if __name__ == "__main__":
    main()
