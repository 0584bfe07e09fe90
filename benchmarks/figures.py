"""Write benchmarks/README.md, and the figures of README.md, from benchmarks/results.

python benchmarks/figures.py
"""

import argparse
import json
from typing import Any

from results import RESULTS, TOPICS

PAGE = RESULTS.parent / "README.md"
README = RESULTS.parent.parent / "README.md"
START, END = "<!-- figures: written by `make figures` -->\n", "<!-- end of figures -->\n"
IN_README = (
    ("ingest", "60,000 small JPEGs", "Hugging Face"),
    ("ingest-photos", "400 photos", "Hugging Face"),
    ("labels", "wrong labels of CIFAR-10N's majority, F1", "cleanlab"),
    ("augment", "crop, flip and colour", "Albumentations"),
    ("tables", "AUC of `auto` on adult", "HistGradientBoosting"),
    ("serving", "resnet of 32 x 32: CPU a request, 64 connections", "litserve"),
)
"""Files of results, and how the figures and their peers begin that README shows."""
HEAD = """\
# What was measured

Written by `make figures` from the files in `results/`, which the benchmarks write: never by hand.
`make bench` installs the peers and runs all for which there are data; `python benchmarks/all.py
--list` says which, and what the others lack. Each file says how to run it alone.
Where a peer or a limit was run beside ours, the ratio is of that run: above 1 ours is the better
one. *n* is the number of runs, brackets are least and most. Times of one machine say little about
another. Figures of 2026-11-26 and before were put into these files from the archive of decisions.

Decisions that rest on these figures have [pages of their own](../docs/decisions/README.md).
"""


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    PAGE.write_text(page(), encoding="utf-8")
    README.write_text(readme(README.read_text(encoding="utf-8")), encoding="utf-8")


def page() -> str:
    """The page, from what is in results/."""
    rows: dict[str, list[str]] = {topic: [] for topic in TOPICS}
    runs = []
    for number, path in enumerate(sorted(RESULTS.glob("*.json")), 1):
        result = json.loads(path.read_text(encoding="utf-8"))
        runs.append(
            f"| {number} | `{result['command']}` | {result['machine']} | {result['date']} |"
        )
        for figure in result["figures"]:
            rows[figure["topic"]].append(row(figure, number))
    parts = [HEAD]
    for topic, title in TOPICS.items():
        if rows[topic]:
            parts.append(f"\n## {title}\n")
            parts.append(
                "| what | ours | best peer, or limit | ratio | n | run |\n|---|---|---|---|---|---|"
            )
            parts.extend(rows[topic])
    parts.append("\n## Runs\n\n| run | command | machine | date |\n|---|---|---|---|")
    parts.extend(runs)
    return "\n".join(parts) + "\n"


def readme(text: str) -> str:
    """README with its table of figures."""
    lines = ["| what | ours | best peer, or limit | ratio | n |", "|---|---|---|---|---|"]
    for name, *beginnings in IN_README:
        result = json.loads((RESULTS / f"{name}.json").read_text(encoding="utf-8"))
        (figure,) = (one for one in result["figures"] if begins(one, *beginnings))
        lines.append(row(figure))
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return before + START + "\n".join(lines) + "\n" + END + after


def begins(figure: dict[str, Any], what: str, peer: str) -> bool:
    return figure["what"].startswith(what) and figure["peer"].startswith(peer)


def row(figure: dict[str, Any], *run: int) -> str:
    cells = [
        figure["what"],
        figure["ours"],
        figure["peer"],
        ratio(figure["ratio"]),
        figure["n"],
        *run,
    ]
    return f"| {' | '.join(map(str, cells))} |"


def ratio(values: list[float]) -> str:
    """`11.2 (9.3 to 11.9)`, with as many digits as say something."""
    if not values:
        return ""
    digits = 1 if values[0] >= 3 else 2
    middle, *ends = (f"{value:.{digits}f}" for value in values)
    return f"**{middle}** ({' to '.join(ends)})" if ends else f"**{middle}**"


if __name__ == "__main__":
    main()
