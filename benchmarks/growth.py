"""What it costs to add 100 images to 60,000: every stage, and `augment` by policy.

CIFAR-10 as class folders, less 200 images; `dvc repro`; the same again, with nothing new; then 100
images are put back that follow each other in one folder, and then 100 from anywhere, and it runs
again each time. Afterwards everything is made by stages that know nothing of before, and the bytes
are compared. Given are CPU seconds of all processes, DVC's included, which others on the machine
disturb least, and what the cache of DVC grew by. The label check's models are left out
(`clean.folds: 0`): they learn from all images, so they are asked anew.

Then `augment` alone, with dearer transforms: when all is made, and when 100 images from anywhere
are new; each time the bytes are compared with those of a run that makes everything.

    GROUNDWORK_CIFAR10=/data/cifar10 python benchmarks/growth.py [--images 60000] [--rounds 1]
"""

import argparse
import hashlib
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from ingest import environment, make_clone, write_class_folders
from results import WITH_CIFAR10, Figure, save, typed_command
from ruamel.yaml import YAML

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from pipeline.ingest.reuse import UNSETTLED_NS

STAGES = ["ingest", "validate", "clean", "augment"]
SAVED_STAGES = ["ingest", "clean", "augment"]
NUM_NEW = 100
SHIFT = {"name": "translate", "fraction": 0.125}
JITTER = {"brightness": 0.2, "contrast": 0.2, "saturation": 0.2, "hue": 0.05}
COLOUR = {"name": "color", **JITTER}
POLICIES = {
    "translate": [SHIFT],
    "translate, colour": [SHIFT, COLOUR],
    "translate, TrivialAugment": [SHIFT, {"name": "trivial_augment"}],
    "torchvision: ColorJitter": [
        {"name": "torchvision", "transform": "ColorJitter", "kwargs": JITTER}
    ],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cifar10", default=os.environ.get("GROUNDWORK_CIFAR10"))
    parser.add_argument("--images", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=1, help="of augment by policy")
    parser.add_argument("--policies", nargs="+", default=list(POLICIES), metavar="NAME")
    options = parser.parse_args()
    if not options.cifar10:
        sys.exit("skipped: GROUNDWORK_CIFAR10 names no folder with CIFAR-10 in Parquet")
    print(f"Python {platform.python_version()}, {len(os.sched_getaffinity(0))} cores; CPU seconds")
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        write_class_folders(Path(options.cifar10), work / "cifar", copies=1)
        clone = make_clone(work / "clone", work / "cifar")
        set_params(clone, clean={"folds": 0})
        files = sorted((work / "cifar").rglob("*.jpg"))
        random = np.random.default_rng(0)
        for path in random.choice(files, max(0, len(files) - options.images), replace=False):
            path.unlink()
        files = [path for path in files if path.exists()]
        together = files[len(files) // 3 :][:NUM_NEW]
        anywhere = random.choice(sorted({*files} - {*together}), NUM_NEW, replace=False)
        kept = {path: path.read_bytes() for path in [*together, *anywhere]}
        for path in kept:
            path.unlink()
        table: dict[str, dict[str, float]] = {}
        table["from nothing"] = run_stages(clone)
        table["nothing new"] = run_stages(clone, "--force")
        put_back(together, kept)
        table["100 in a row"] = run_stages(clone, "--force")
        keep_inputs(clone, work / "before")
        put_back(anywhere, kept)
        table["100 anywhere"] = run_stages(clone, "--force")
        found = digests(clone)
        shutil.rmtree(clone / ".groundwork")
        shutil.rmtree(clone / "data/shards")
        table["all anew"] = run_stages(clone, "--force")
        assert digests(clone) == found, "other bytes than those of stages that know nothing"
        print(f"{'':14}" + "".join(f"{name:>15}" for name in [*STAGES, "MB in cache"]))
        for name, row in table.items():
            print(f"{name:14}" + "".join(f"{value:15.1f}" for value in row.values()), flush=True)
        save("growth", growth_figures(table, len(files)), typed_command(WITH_CIFAR10))
        keep_inputs(clone, work / "after")
        for name in options.policies:
            by_policy(name, clone, work, options.rounds)


def growth_figures(table: dict[str, dict[str, float]], num: int) -> list[Figure]:
    """Rows of the page about `num` images, those to come among them."""

    def seconds(name: str) -> str:
        return "; ".join(f"{table[name][stage]:.1f}" for stage in SAVED_STAGES)

    more = f"{NUM_NEW} images more among {num:,}"
    cost = f"CPU seconds of {'; '.join(SAVED_STAGES)}"
    return [
        Figure(
            "pipeline",
            f"{more}, {where}, {cost}",
            seconds(name),
            1,
            f"from nothing: {seconds('from nothing')}",
        )
        for where, name in (("in one folder", "100 in a row"), ("anywhere", "100 anywhere"))
    ]


def put_back(paths: Iterable[Path], kept: dict[Path, bytes]) -> None:
    for path in paths:
        path.write_bytes(kept[path])
    time.sleep(UNSETTLED_NS / 1e9)  # ingest trusts no file that has changed a moment ago


def run_stages(clone: Path, *options: str) -> dict[str, float]:
    """CPU seconds of each stage, and megabytes that came into the cache."""
    before = cached(clone)
    seconds = {stage: run_stage(clone, stage, *options) for stage in STAGES}
    new = sum(size for path, size in cached(clone).items() if path not in before)
    return seconds | {"MB in cache": new / 1e6}


def cached(clone: Path) -> dict[Path, int]:
    return {p: p.stat().st_size for p in (clone / ".dvc/cache").rglob("*") if p.is_file()}


def by_policy(name: str, clone: Path, work: Path, rounds: int) -> None:
    set_params(clone, augment={"transforms": POLICIES[name]})
    made, again = [], []
    for _ in range(rounds):
        forget(clone)
        use_inputs(clone, work / "before")
        made.append(augment(clone))
        use_inputs(clone, work / "after")
        again.append(augment(clone))
    check(clone, work)
    ratios = [a / b for a, b in zip(made, again, strict=True)]
    print(
        f"augment, {name:30} from nothing {statistics.median(made):6.1f} "
        f"({min(made):.1f} to {max(made):.1f}), 100 more {statistics.median(again):6.1f} "
        f"({min(again):.1f} to {max(again):.1f}), ratio {statistics.median(ratios):.1f} "
        f"({min(ratios):.1f} to {max(ratios):.1f}), n = {rounds}"
    )


def check(clone: Path, work: Path) -> None:
    """The shards that are there are those of a run that makes everything."""
    found = digests(clone, "data/shards")
    shutil.move(clone / "data/shards", work / "shards")
    forget(clone)
    augment(clone)
    made = digests(clone, "data/shards")
    assert made == found, "other bytes than those of a run that makes everything"
    shutil.rmtree(work / "shards")


def digests(clone: Path, *folders: str) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders or ("data/raw", "data/clean", "data/shards", "reports")
        for path in sorted((clone / folder).iterdir())
        if path.is_file()
    }


def forget(clone: Path) -> None:
    """Let the next run of augment make everything."""
    shutil.rmtree(clone / ".groundwork/augment", ignore_errors=True)


def keep_inputs(clone: Path, place: Path) -> None:
    shutil.copytree(clone / "data/clean", place / "data/clean")
    shutil.copytree(clone / "reports", place / "reports")


def use_inputs(clone: Path, place: Path) -> None:
    shutil.rmtree(clone / "data/clean")
    shutil.copytree(place, clone, dirs_exist_ok=True)


def set_params(clone: Path, **sections: dict) -> None:
    yaml, file = YAML(), clone / "params.yaml"
    params = yaml.load(file.read_text())
    for section, values in sections.items():
        params[section].update(values)
    with file.open("w") as stream:
        yaml.dump(params, stream)


def run_stage(clone: Path, stage: str, *options: str) -> float:
    return cpu_seconds(["dvc", "repro", "--quiet", "--single-item", *options, stage], clone)


def augment(clone: Path) -> float:
    return cpu_seconds([sys.executable, "-m", "pipeline.augment"], clone)


def cpu_seconds(command: list[str], place: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=place, env=environment(), check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
