"""What do all stages cost with CIFAR-10, by the recipe that `use` chooses and by the default one?

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/image_stages.py [--keep DIR]

As a person would: `groundwork add`, `groundwork use`, then each stage of `dvc repro`, in a clone of
the last commit. The test split is looked at once a recipe, by the stage evaluate. `--keep DIR`
leaves what each recipe gave there, and takes it from there when it is there already.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recommendation_stages import ROOT, cost
from results import Figure, save
from ruamel.yaml import YAML

COMMAND = "GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/image_stages.py"
NAME = "cifar10-here"
CHOSEN, DEFAULT = "small_photos", "images-classes"


class Cost(NamedTuple):
    """What a recipe cost, all stages together, and gave."""

    accuracy: float
    """On the test split."""
    cpu: float
    """CPU seconds of all processes."""
    wall: float
    """Seconds."""
    peak: float
    """Memory of the stage that takes the most, GB."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=Path)
    keep = parser.parse_args().keep
    chosen = cost_of(CHOSEN, [], keep)
    default = cost_of(DEFAULT, ["--recipe", DEFAULT], keep)
    beside = f"the default recipe: {shown(default)}"
    ratio = default.cpu / chosen.cpu
    what = "CIFAR-10 (JPEG copy), all stages with the label check by the recipe that `use` chooses"
    figure = Figure("pipeline", what, shown(chosen), 1, beside, (ratio, ratio, ratio))
    save("image_stages", [figure], COMMAND)


def shown(of: Cost) -> str:
    return f"{of.accuracy:.4f} right in {of.cpu:.0f} CPU s, at most {of.peak:.2f} GB"


def cost_of(recipe: str, arguments: list[str], keep: Path | None) -> Cost:
    """Take CIFAR-10 through all stages by the recipe that `use` chooses with these arguments."""
    kept = keep / f"{recipe}.json" if keep else None
    if kept and kept.exists():
        return Cost(*json.loads(kept.read_text()))
    stages = []
    with TemporaryDirectory() as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "-q", ROOT, clone], check=True)
        data = Path(os.environ["GROUNDWORK_CIFAR10"]).resolve()
        add = ["groundwork", "add", NAME, data, "--license", "LicenseRef-none-stated"]
        subprocess.run(add, cwd=clone, check=True)
        use = ["groundwork", "use", NAME, *arguments]
        said = subprocess.run(use, cwd=clone, check=True, stdout=subprocess.PIPE, text=True).stdout
        if f"{recipe}.yaml" not in said.splitlines()[0]:
            sys.exit(said)
        for stage in YAML(typ="safe").load((clone / "dvc.yaml").read_text())["stages"]:
            stages.append(cost(clone, stage))
            cpu, wall, peak = stages[-1]
            print(f"{stage:9} {cpu:6.0f} CPU s {wall:6.0f} s {peak:5.2f} GB", flush=True)
        accuracy = json.loads((clone / "reports/metrics.json").read_text())["accuracy"]
        if keep:
            shutil.copytree(clone / "reports", keep / recipe, dirs_exist_ok=True)
    all_cpu, all_wall, peaks = zip(*stages, strict=True)
    found = Cost(accuracy, sum(all_cpu), sum(all_wall), max(peaks))
    print(f"{recipe}: {shown(found)}", flush=True)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
