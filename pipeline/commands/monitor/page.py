"""A page about the last days of a served model, in one file that may be sent by mail."""

import base64
import html
from collections.abc import Sequence
from pathlib import Path

import matplotlib.dates as dates
import matplotlib.pyplot as plt

from pipeline.commands.monitor.watching import TrafficState
from pipeline.reporting.figures import BLUE, GREY, ORANGE, save
from pipeline.runtime.files import written_whole

PICTURE, PAGE = "monitor.png", "monitor.html"
COLUMNS = 3
FRAME = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body{{font:15px system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}}
img{{max-width:100%}}pre{{background:#f4f4f4;padding:1em;overflow:auto}}</style>
<h1>{title}</h1><pre>{lines}</pre>
<p>Each picture: how far windows were from validation, 1 is the threshold. Over it is drift.</p>
<img alt="distance from validation by time" src="data:image/png;base64,{picture}">
</html>
"""


def write_page(folder: Path, watched: TrafficState, title: str, lines: Sequence[str]) -> Path:
    """Write picture and page; the path of the page."""
    folder.mkdir(parents=True, exist_ok=True)
    draw(watched, folder / PICTURE)
    picture = base64.b64encode((folder / PICTURE).read_bytes()).decode("ascii")
    text = FRAME.format(
        title=html.escape(title), lines=html.escape("\n".join(lines)), picture=picture
    )
    with written_whole(folder / PAGE) as partial:
        partial.write_text(text, encoding="utf-8")
    return folder / PAGE


def draw(watched: TrafficState, path: Path) -> None:
    """The course of each family, as a share of its threshold, in windows of each size."""
    rows = max(1, -(-len(watched.families) // COLUMNS))
    figure, grid = plt.subplots(rows, COLUMNS, figsize=(10, 2 * rows), squeeze=False)
    axes = list(grid.flat)
    for axis in axes[len(watched.families) :]:
        axis.axis("off")
    for axis, family in zip(axes, watched.families, strict=False):
        courses = [course for course in watched.courses if course.family == family]
        for course in courses:
            width = 0.6 + 0.5 * (course.size > courses[0].size)
            axis.plot(course.ends, course.shares, color=BLUE, linewidth=width, alpha=0.6)
            over = course.shares > 1
            axis.plot(course.ends[over], course.shares[over], "o", color=ORANGE, markersize=3)
        axis.axhline(1, color=GREY, linestyle="--", linewidth=1)
        axis.set_yscale("symlog", linthresh=2)
        axis.set_title(family)
        locator = dates.AutoDateLocator()  # type: ignore[no-untyped-call]
        axis.xaxis.set_major_locator(locator)
        words = dates.ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
        axis.xaxis.set_major_formatter(words)
    figure.tight_layout()
    save(figure, path)
