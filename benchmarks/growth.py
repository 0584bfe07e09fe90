"""What it costs to add 100 images to 60,000: every stage, and `augment` by policy.

CIFAR-10 as class folders, less 100 images; `dvc repro`; then these are put back, anywhere among the
others, and it runs again; `clean` also as if nothing were known of before, and the bytes are
compared. The label check's models are left out (`clean.folds: 0`): they learn from all images, so
they are asked anew. Then `augment` alone, with dearer transforms: when all is
made, when 100 images are new, and when 100 labels are; each time the bytes are compared with those
of a run that makes everything. Times are CPU seconds of all processes, which others on the machine
disturb least.

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
from pathlib import Path

import numpy as np
from ingest import environment, make_clone, write_class_folders
from ruamel.yaml import YAML

STAGES = ["ingest", "validate", "clean", "augment"]
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
        random = np.random.default_rng(0)
        files = random.permutation(sorted((work / "cifar").rglob("*.jpg")))
        for path in files[options.images :]:
            path.unlink()
        new = {path: path.read_bytes() for path in files[: min(NUM_NEW, options.images)]}
        for path in new:
            path.unlink()
        built = {stage: run_stage(clone, stage) for stage in STAGES}
        keep_inputs(clone, work / "before")
        for path, data in new.items():
            path.write_bytes(data)
        grown = {stage: run_stage(clone, stage, "--force") for stage in STAGES}
        check(clone, work)
        for stage in STAGES:
            print(f"{stage:9} from nothing {built[stage]:6.1f}, 100 more {grown[stage]:6.1f}")
        rebuilt = clean_anew(clone)
        print(f"clean     all of them from nothing {rebuilt:6.1f}, to the same bytes", flush=True)
        keep_inputs(clone, work / "after")
        for name in options.policies:
            by_policy(name, clone, work, options.rounds)


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


def clean_anew(clone: Path) -> float:
    """CPU seconds of a run of clean that knows nothing of before, which changes no byte."""
    found = cleaned(clone)
    shutil.rmtree(clone / ".groundwork/duplicates")
    seconds = run_stage(clone, "clean", "--force")
    assert cleaned(clone) == found, "other bytes than those of a run that knows nothing"
    return seconds


def cleaned(clone: Path) -> dict[str, str]:
    return digests(clone, "data/clean") | digests(clone, "reports")


def check(clone: Path, work: Path) -> None:
    """The shards that are there are those of a run that makes everything."""
    found = digests(clone)
    shutil.move(clone / "data/shards", work / "shards")
    forget(clone)
    augment(clone)
    assert digests(clone) == found, "other bytes than those of a run that makes everything"
    shutil.rmtree(work / "shards")


def digests(clone: Path, folder: str = "data/shards") -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
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
