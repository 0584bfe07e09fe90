"""BreastMNIST through all stages, as `groundwork add` and `groundwork use` set it up.

Its published splits, and the recipe that `groundwork use` chooses for 780 grey images; a seed is
that of params.yaml. What a seed gave is kept in --folder, so that seeds can be run one at a time.

    GROUNDWORK_DATA=/data python benchmarks/medical.py [--seeds 5] [--folder DIR]
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

from results import Figure, middle_and_range, save
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parent.parent
BAR, LEAST = 0.87, 0.82
"""AUC: aimed at, and the least (MedMNIST's ResNet-18 has 0.901, its ResNet-50 0.857)."""
STAGES = ("check", "ingest", "validate", "clean", "augment", "train", "export", "evaluate")
KEPT = ("auc", "auc_low", "auc_high", "accuracy", "baseline_auc")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--folder", type=Path, default=ROOT / ".groundwork/benchmarks/medical")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    found = [metrics_of(options.folder, seed) for seed in range(options.seeds)]
    aucs = [metrics["auc"] for metrics in found]
    linear = statistics.mean(metrics["baseline_auc"] for metrics in found)
    each = ", ".join(f"{auc:.3f}" for auc in aucs)
    mean, low, high = statistics.mean(aucs), min(aucs), max(aucs)
    print(f"AUC {mean:.3f} ({each}); linear {linear:.3f}")
    figure = Figure(
        "train",
        "BreastMNIST, its published splits, the default recipe: AUC on test",
        f"mean {mean:.3f} ({low:.3f} to {high:.3f})",
        len(aucs),
        f"the aim, {BAR} (at least {LEAST}); a linear model {linear:.3f}",
        middle_and_range([auc / BAR for auc in aucs]),
    )
    save("medical", [figure], f"python benchmarks/medical.py --seeds {len(aucs)}")


def metrics_of(folder: Path, seed: int) -> dict[str, float]:
    """What reports/metrics.json says of a seed, which is run if it was not yet."""
    kept = folder / f"breastmnist-{seed}.json"
    if not kept.exists():
        clone = folder / "clone"
        if not clone.exists():
            set_up(clone)
        params = YAML().load((clone / "params.yaml").read_text())
        YAML().dump(params | {"seed": seed}, clone / "params.yaml")
        for stage in STAGES:
            run(["-m", f"pipeline.{stage}"], clone)
        metrics = json.loads((clone / "reports/metrics.json").read_text())
        kept.write_text(json.dumps({name: metrics[name] for name in KEPT if name in metrics}))
    print(f"seed {seed}: {kept.read_text()}", flush=True)
    return json.loads(kept.read_text())


def set_up(clone: Path) -> None:
    file = Path(os.environ["GROUNDWORK_DATA"]).resolve() / "breastmnist/breastmnist.npz"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
    licence = ("--license", "CC-BY-4.0")
    run(["-m", "pipeline.commands.add", "breastmnist", str(file), *licence], clone)
    run(["-m", "pipeline.commands.use", "breastmnist"], clone)


def run(command: list[str], clone: Path) -> None:
    subprocess.run([sys.executable, *command], cwd=clone, check=True)


if __name__ == "__main__":
    main()
