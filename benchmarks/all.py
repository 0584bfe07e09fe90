"""Every benchmark, one after the other: hours. What lacks its data is skipped, and says so.

    python benchmarks/all.py [--list] [--only NAME ...]

`--list` shows what would run and what is missing, and runs nothing. Data come from folders that
environment variables name:

    GROUNDWORK_CIFAR10   CIFAR-10 as Parquet, as Hugging Face has it, and CIFAR-10N's annotations
    GROUNDWORK_TABLES    UCI's tables, as table_data.py says
    GROUNDWORK_TEXTS     nine datasets of texts, as text_data.py says
    GROUNDWORK_ENCODER   a pretrained text encoder, as text_encoder.py says
    GROUNDWORK_RATINGS   MovieLens, as recommendation.py says

serving.py and seeds.py ask for a model and shards, which `make run` leaves.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PEERS = ("albumentations", "catboost", "cleanlab", "datasets", "floret", "implicit", "lightgbm")
"""What the extra `bench` installs, as far as benchmarks import it."""
KEPT = ".groundwork/benchmarks"
"""What one benchmark leaves for another."""


class Benchmark(NamedTuple):
    """A line to run from the root, after `python benchmarks/`, and what it asks for."""

    line: str
    folders: tuple[str, ...] = ()
    """Environment variables, each with the name of a folder."""
    program: str = ""
    """A program on PATH."""
    built: str = ""
    """What `make run` leaves."""

    @property
    def name(self) -> str:
        return self.line.split(".py")[0]


CIFAR10, TEXTS = ("GROUNDWORK_CIFAR10",), ("GROUNDWORK_TEXTS",)
TABLES, RATINGS = ("GROUNDWORK_TABLES",), ("GROUNDWORK_RATINGS",)
BENCHMARKS = (
    Benchmark("repro.py"),
    Benchmark("diff.py"),
    Benchmark("find.py"),
    Benchmark("search.py"),
    Benchmark("search_replay.py"),
    Benchmark("served_forward.py"),
    Benchmark("serving.py", program="wrk", built="models/serving"),
    Benchmark("compare.py", built="data/shards"),
    Benchmark("seeds.py", built="data/shards"),
    Benchmark("ingest.py --tenfold", CIFAR10),
    Benchmark("ingest.py --photos", CIFAR10),
    Benchmark("data_checks.py", CIFAR10),
    Benchmark(f"labels.py --save {KEPT}/labels", CIFAR10),
    Benchmark(f"cleaning.py --checked {KEPT}/labels --given one", CIFAR10),
    Benchmark("annotators.py", CIFAR10),
    Benchmark("label_trust.py --always", CIFAR10),
    Benchmark("duplicates.py", CIFAR10),
    Benchmark("outliers.py", CIFAR10),
    Benchmark("augment.py", CIFAR10),
    Benchmark("loader.py", CIFAR10),
    Benchmark("loader.py --larger", CIFAR10),
    Benchmark("loader_gpu.py", CIFAR10, program="nvidia-smi"),
    Benchmark("image_stages.py", CIFAR10),
    Benchmark("training.py steps", CIFAR10),
    Benchmark("training.py run recipes/images-classes-small_photos.yaml --seeds 3", CIFAR10),
    Benchmark(f"transfer.py --model {KEPT}/six-classes", CIFAR10),
    Benchmark("review.py", CIFAR10),
    Benchmark("growth.py", CIFAR10),
    Benchmark("medical.py", ("GROUNDWORK_DATA",)),
    Benchmark("monitoring.py", CIFAR10),
    Benchmark("monitoring_kinds.py", (*TABLES, *TEXTS)),
    Benchmark("tables.py", TABLES),
    Benchmark("tables.py --peers", TABLES),
    Benchmark("table_graph.py", TABLES),
    Benchmark("table_corruptions.py", TABLES),
    Benchmark("table_intervals.py", TABLES),
    Benchmark("table_people.py", TABLES),
    Benchmark("table_variance.py", TABLES),
    Benchmark("table_labels.py"),
    Benchmark("table_scale.py"),
    Benchmark("text.py", TEXTS),
    Benchmark("text_quality.py", TEXTS),
    Benchmark("text_stages.py", TEXTS),
    Benchmark("text_corruptions.py", TEXTS),
    Benchmark("text_encoder.py", (*TEXTS, "GROUNDWORK_ENCODER")),
    Benchmark("recommendation.py quality --data $GROUNDWORK_RATINGS", RATINGS),
    Benchmark("recommendation.py cost --data $GROUNDWORK_RATINGS", RATINGS),
    Benchmark("recommendation.py scale"),
    Benchmark("recommendation_stages.py"),
    Benchmark("recommendation.py corruptions"),
)
"""All but same_values.py and stage_costs.py, which compare two working trees, and loader_peers.py,
which loader.py runs."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    names = sorted({one.name for one in BENCHMARKS})
    parser.add_argument("--list", action="store_true", help="show what would run, and run nothing")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", default=names)
    options = parser.parse_args()
    chosen = [one for one in BENCHMARKS if one.name in options.only]
    if not options.list:
        refuse_without_peers()
    failed = [one.line for one in chosen if not carried_out(one, dry=options.list)]
    if failed:
        sys.exit(f"failed: {'; '.join(failed)}")


def refuse_without_peers() -> None:
    absent = [name for name in PEERS if find_spec(name) is None]
    if absent:
        sys.exit(
            f"ERROR the peers are not all installed: {', '.join(absent)} | fix: make bench; or "
            'uv pip install --constraint requirements.txt ".[bench]"'
        )


def carried_out(benchmark: Benchmark, dry: bool) -> bool:
    """Run a benchmark, or say why it is skipped; False if it failed."""
    lacking = "; ".join(missing(benchmark))
    if lacking or dry:
        print(f"{'skipped' if lacking else 'runs   '} {benchmark.line}  {lacking}".rstrip())
        return True
    print(f"== {benchmark.line}", flush=True)
    (ROOT / KEPT).mkdir(parents=True, exist_ok=True)
    words = [os.path.expandvars(word) for word in benchmark.line.split()]
    command = [sys.executable, f"benchmarks/{words[0]}", *words[1:]]
    return subprocess.run(command, cwd=ROOT).returncode == 0


def missing(benchmark: Benchmark) -> Iterator[str]:
    """What a benchmark asks for and does not find."""
    for variable in benchmark.folders:
        folder = os.environ.get(variable, "")
        if not folder:
            yield f"{variable} names no folder"
        elif not Path(folder).is_dir():
            yield f"{variable} names {folder}, which is no folder"
    if benchmark.program and not shutil.which(benchmark.program):
        yield f"{benchmark.program} is not installed"
    if benchmark.built and not (ROOT / benchmark.built).exists():
        yield f"{benchmark.built} is not there: make run"


if __name__ == "__main__":
    main()
