"""Figures that benchmarks leave in benchmarks/results, of which `make figures` makes the page.

A figure is a ratio to a peer or a limit of the same run wherever there is one: machines differ.
"""

import datetime
import json
import os
import platform
import re
import shlex
import statistics
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

WITH_CIFAR10 = "GROUNDWORK_CIFAR10=/data/cifar10"
"""What stands before a command that reads CIFAR-10."""
RESULTS = Path(__file__).resolve().parent / "results"
TOPICS = {
    "data": "Bringing data",
    "validate": "Validating",
    "labels": "Labels",
    "duplicates": "Near duplicates and outliers",
    "augment": "Augmenting",
    "load": "Loading shards",
    "train": "Training",
    "compare": "Evaluating and comparing",
    "find": "Finding examples and changes",
    "serve": "Serving",
    "pipeline": "The pipeline itself",
}


class Figure(NamedTuple):
    """A row of the page."""

    topic: str
    """One of TOPICS."""
    what: str
    ours: str
    """With its unit, and its spread in brackets."""
    n: int
    """Runs."""
    peer: str = ""
    """The best peer or the limit, with its own figure; empty where there is none."""
    ratio: Sequence[float] = ()
    """How many times as good ours is: median, least, most. Empty where there is no peer."""


def save(
    name: str, figures: Sequence[Figure], command: str, device: str = "", *, part: bool = False
) -> None:
    """Write benchmarks/results/NAME.json; `make figures` puts it on the page.

    Args:
        command: what anybody types to have it measured again.
        device: what computes, where it is not the processor alone.
        part: keep the other figures that the file has, since only some were measured.
    """
    assert all(figure.topic in TOPICS for figure in figures)
    content = {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": f"{device}; {machine()}" if device else machine(),
        "figures": [*(_others(name, figures) if part else ()), *(f._asdict() for f in figures)],
    }
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(content, indent=2, ensure_ascii=False)
    (RESULTS / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    print(f"\nwritten: benchmarks/results/{name}.json; next: make figures", file=sys.stderr)


def _others(name: str, figures: Sequence[Figure]) -> list[dict[str, Any]]:
    path, measured = RESULTS / f"{name}.json", {figure.what for figure in figures}
    saved = json.loads(path.read_text(encoding="utf-8"))["figures"] if path.exists() else []
    return [figure for figure in saved if figure["what"] not in measured]


def typed_command(before: str = "") -> str:
    """The command as it was typed, with DIR for the folders of absolute paths."""
    words = [re.sub(r"(^|=)/(.*/)?", r"\1DIR/", word) for word in sys.argv[1:]]
    command = shlex.join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *words])
    return f"{before} {command}".lstrip()


def machine() -> str:
    """`2 cores of an AMD EPYC 9354, 24 GiB, no GPU; Python 3.11.7, torch 2.15.0`."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{cores} cores of {processor()}; Python {platform.python_version()}, torch " + version(
        "torch"
    )


def processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or "an unknown processor"
    return next(
        (line.partition(":")[2].strip() for line in lines if line.startswith("model name")),
        platform.machine(),
    )


def spread(values: Sequence[float], digits: int = 1, unit: str = "") -> str:
    """`3.8 s (3.4 to 4.9)`: median, least and most; a single value has no range."""
    middle, low, high = middle_and_range(values)
    if len(values) == 1:
        return f"{middle:,.{digits}f}{unit}"
    return f"{middle:,.{digits}f}{unit} ({low:,.{digits}f} to {high:,.{digits}f})"


def middle_and_range(values: Sequence[float]) -> tuple[float, float, float]:
    return statistics.median(values), min(values), max(values)
