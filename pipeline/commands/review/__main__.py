"""Review: a local page on which people decide about the labels that clean doubts.

Serves 127.0.0.1 only, appends what is decided to data/reviews/<dataset>.csv, and ends with
Ctrl-C. `dvc repro` applies the decisions.
"""

import argparse
import getpass
import os
import signal
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commands.collect.arguments import collected_folder
from pipeline.commands.collect.showing import EXAMPLES as COLLECTED_EXAMPLES
from pipeline.commands.collect.showing import FINDINGS as COLLECTED_FINDINGS
from pipeline.commands.frame import run_command
from pipeline.commands.review.arguments import parser
from pipeline.commands.review.lookup import RawExamples
from pipeline.commands.review.server import Server
from pipeline.commands.review.session import Opened, Session
from pipeline.dataset.places import FINDINGS, RAW
from pipeline.dataset.review import versions
from pipeline.dataset.review.queue import read_queue
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.table import read_index
from pipeline.modalities.opening import open_show
from pipeline.runtime.errors import MissingInput, one_line
from pipeline.runtime.settings import PARAMS_FILE, Kind, read_params, read_yaml
from pipeline.targets.opening import open_describe, open_noise
from pipeline.targets.protocols.describe import Describe


def main(arguments: argparse.Namespace) -> None:
    places = places_of(arguments.collected)
    session = open_session(arguments.reviewer or own_name(), *places)
    rows = session.select({})
    in_doubt = f"{len(rows['rows'])} examples of {session.dataset} in doubt"
    serve(
        Server(session, arguments.port),
        [f"{in_doubt}, {len(rows['decided'])} decided"],
        with_browser=not arguments.no_browser,
    )


def serve(server: Server, first: Sequence[str], *, with_browser: bool) -> None:
    """Serve until Ctrl-C, and say what was decided; `first` are lines to begin with."""
    session = server.session
    for interrupt in (signal.SIGINT, signal.SIGTERM):  # a shell may have had it ignore the first
        signal.signal(interrupt, _interrupt)
    try:
        lines = [*first, f"{server.url} as {session.reviewer}; Ctrl-C ends it"]
        print("\n".join(f"review: {line}" for line in lines), flush=True)
        for sentence in news(session):
            print(one_line(f"review: {sentence}"), flush=True)
        if with_browser and has_display():
            threading.Thread(target=webbrowser.open, args=[server.url], daemon=True).start()
        server.serve_forever()
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    server.server_close()
    number = session.num_written()
    if not number:
        print("\nreview: nothing was decided")
        return
    print(
        f"\nreview: {number} decision{'s' if number > 1 else ''} written to {session.file.path}; "
        f"next:\n  git add {session.file.path}\n  dvc repro"
    )


def places_of(collected: bool) -> tuple[Path, Path]:
    """Folders of findings and of examples: those of the pipeline, or what `collect` chose.

    Raises:
        MissingInput: it chose nothing.
    """
    if not collected:
        return FINDINGS, RAW
    folder = collected_folder(str(read_yaml(PARAMS_FILE)["dataset"]))
    if not folder.is_dir():
        raise MissingInput(f"{folder} does not exist", fix="groundwork collect")
    return folder / COLLECTED_FINDINGS, folder / COLLECTED_EXAMPLES


def open_session(reviewer: str, findings: Path = FINDINGS, examples: Path = RAW) -> Session:
    """A session of the queue that clean has left, or collect; see `opened_for`."""
    return Session(*opened_for(reviewer, findings, examples))


def opened_for(
    reviewer: str,
    findings: Path = FINDINGS,
    examples: Path = RAW,
    make_queue: Callable[[], pa.Table] | None = None,
) -> tuple[str, str, Opened, pa.Table, RawExamples, ReviewStore]:
    """Read what clean has found, or collect has chosen: what a `Session` is made of.

    Args:
        make_queue: makes a queue instead of the one in `findings`.

    Raises:
        MissingInput: data/findings or data/raw is missing, damaged, or not of one version.
        SettingsError: params.yaml says not, or wrongly, of which modality and target they are.
    """
    if not findings.exists():
        raise MissingInput(f"{findings} does not exist", fix="dvc repro clean")
    index = read_index(findings)
    kind = read_params(Kind)
    if index["modality"] != kind.modality:
        raise MissingInput(
            f"{findings} is of modality {index['modality']}, {PARAMS_FILE} has {kind.modality}",
            fix="dvc repro clean",
        )
    show, target = open_show(kind.modality), open_describe(kind.target)
    labels = open_noise(kind.target).choices(index["target"])
    queue = make_queue() if make_queue else read_queue(findings)
    ids = pa.chunked_array(
        [*queue["id"].chunks, *pc.list_flatten(queue["neighbours"]).chunks, *queue["like"].chunks],
        pa.string(),
    )
    about = [name for name in show.SHOWN if name not in show.CONTENT]
    label, _ = target.FIELDS
    raw = RawExamples(examples, pc.unique(ids.drop_null()).to_pylist(), about, label)
    known = pa.array(list(raw.examples), pa.string())
    unknown = queue["id"].filter(pc.invert(pc.is_in(queue["id"], known)))
    if len(unknown):
        raise MissingInput(
            f"{findings} has {len(unknown)} examples that {examples} has not, first: {unknown[0]}",
            fix="dvc repro clean",
        )
    dataset = index["dataset"]
    opened = Opened(
        show,
        target,
        index["target"],
        labels,
        notes_of(index["labels"], target) if "labels" in index else [],
    )
    return dataset, reviewer, opened, queue, raw, ReviewStore(dataset, labels)


def news(session: Session) -> list[str]:
    """What is to be said of decisions made before."""
    session.file.settle()
    sentences = session.file.news()
    if versions.is_detached():
        sentences.append(
            "HEAD is on no branch, as a killed `dvc exp run` leaves it; groundwork repair says the "
            "way back"
        )
    return sentences


def notes_of(labels: Mapping[str, Any], target: Describe) -> list[str]:
    """How far the label check is to be trusted, and what could not be judged; see labels.json."""
    lines = [line.removeprefix("- ") for line in target.reliability(labels)]
    unjudged = labels.get("could_not_judge")
    return [*lines, *([f"could not judge {unjudged}"] if unjudged else [])]


def own_name() -> str:
    """git's user.name, else the login."""
    try:
        name = subprocess.run(
            ["git", "config", "user.name"], capture_output=True, text=True, check=False
        ).stdout.strip()
    except FileNotFoundError:
        name = ""
    return name or getpass.getuser()


def has_display() -> bool:
    """Whether a browser would have a window; else one of text might take the terminal."""
    return sys.platform != "linux" or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
