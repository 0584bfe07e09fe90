"""A request to forget: its examples, and a journal from which it can be finished."""

import csv
import hashlib
import io
import json
import unicodedata
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pipeline.commands.forget.contents.traces import Forgotten, digest_of
from pipeline.commands.forget.finding import Findings, Scope
from pipeline.commands.forget.places import JOURNAL, files_below
from pipeline.commands.forget.storage import Store
from pipeline.dataset.places import OPTOUT_DIR
from pipeline.dataset.privacy import (
    OPTOUT_COLUMNS,
    key_path,
    pseudonym,
    read_opted_out,
    read_or_make_key,
)
from pipeline.params import load_params
from pipeline.runtime.errors import ForgetError
from pipeline.runtime.files import written_whole
from pipeline.runtime.stage import WORK_DIR

VERSION = 2
"""Version of the journal: another version has other keys."""


@dataclass
class Request:
    """The request, and what is known so far."""

    dataset: str
    examples: Forgotten
    unknown: list[str]
    """Ids or digests that were not found."""
    found: Findings
    unfinished: bool
    """Whether an earlier run was interrupted; it is finished by this one."""


def resolve(
    request: Request, names: set[str], scope: Scope, places: Iterable[Store], is_built: bool
) -> None:
    """Find the examples that the names mean: in the workspace, else in older versions.

    Not every table with an id has the digests of the content, by which copies are found.
    """
    examples = request.examples
    own = {unicodedata.normalize("NFC", name): name for name in names}  # as typed on macOS
    own |= {pseudonym_of(name): name for name in names} | {name: name for name in names}
    tables = [p for p in files_below(Path("data")) if p.suffix == ".parquet"] if is_built else []
    met: set[str] = set()
    for path in tables:
        with path.open("rb") as file:
            met |= {own[name] for name in examples.meet(file, own)}
    for path in tables:
        with path.open("rb") as file:
            examples.meet_copies(file)
    known = set(met) if examples.digests else set()
    seen: set[str] = set()
    for store in places:
        for name, id in store.objects_once(seen | scope.other_ids):
            missing = {mine: name for mine, name in own.items() if name not in known}
            if not missing:
                break
            seen.add(id)
            num_digests = len(examples.digests)
            with store.open(name) as file:
                found = {own[name] for name in examples.meet(file, missing)}
            met |= found
            if len(examples.digests) > num_digests:
                known |= found
    for path in tables:
        with path.open("rb") as file:
            examples.learn_inputs(file)
    out = read_opted_out(request.dataset)
    forgotten = {name for name in names - met if name in out or digest_of(name) in out}
    examples.ids |= {name for name in forgotten if digest_of(name) != name}  # to search for again
    request.unknown = sorted(names - met - forgotten)


def pseudonym_of(name: str) -> str:
    """The name of an id in data/raw with pseudonyms."""
    if load_params().ingest.pseudonymise and key_path().exists():
        return pseudonym(name, read_or_make_key()) or name
    return name


def read_journal(dataset: str) -> Request:
    """Read what an interrupted run knew; None if there was none.

    Raises:
        ForgetError: it was about another dataset.
    """
    if not JOURNAL.exists():
        return Request(dataset, Forgotten(), [], Findings(), unfinished=False)
    content = _read_whole(JOURNAL)
    if content["dataset"] != dataset:
        raise ForgetError(
            f"forgetting in {content['dataset']} was interrupted",
            fix=f"finish it: groundwork forget --dataset {content['dataset']}",
        )
    sets = {name: set(values) for name, values in content["examples"].items()}
    sets["traces"] = {bytes.fromhex(trace) for trace in sets["traces"]}
    found = content["found"] | {"bad": set(content["found"]["bad"])}
    return Request(dataset, Forgotten(**sets), [], Findings(**found), unfinished=True)


def write_journal(request: Request) -> None:
    """Note what is known before erasing, so that another run can finish; see JOURNAL."""
    known = request.examples
    examples = {name: sorted(getattr(known, name)) for name in ("ids", "aliases", "digests")}
    examples["traces"] = sorted(trace.hex() for trace in known.traces)
    found = asdict(request.found) | {"bad": sorted(request.found.bad)}
    WORK_DIR.mkdir(exist_ok=True)
    content = {"dataset": request.dataset, "examples": examples, "found": found}
    text = json.dumps(content)
    about = {"version": VERSION, "sha256": hashlib.sha256(text.encode()).hexdigest()}
    replace(JOURNAL, json.dumps(about | {"request": text}))


def _read_whole(path: Path) -> dict[str, Any]:
    """What the journal holds.

    Raises:
        ForgetError: another version of this project wrote it, or it is damaged.
    """
    try:
        journal = json.loads(path.read_text(encoding="utf-8"))
        version = journal.get("version", 1)
        text = journal["request"] if version == VERSION else ""
        if text and hashlib.sha256(text.encode()).hexdigest() == journal["sha256"]:
            content: dict[str, Any] = json.loads(text)
            return content
        problem = f"has the version {version}, expected {VERSION}" if not text else "is damaged"
    except (ValueError, KeyError, AttributeError):
        problem = "is damaged"
    raise ForgetError(
        f"{path}, the note of a forgetting that was interrupted, {problem}",
        fix=f"rm {path}, then name the ids again; they are in it under examples, and those that "
        "are gone already are known by data/optout",
    )


def replace(path: Path, text: str) -> None:
    with written_whole(path) as partial:
        partial.write_text(text, encoding="utf-8")


def add_tombstones(dataset: str, digests: set[str], reason: str) -> None:
    """Add missing tombstones to data/optout."""
    path = OPTOUT_DIR / f"{dataset}.csv"
    new = sorted(digests - read_opted_out(dataset))
    if not new:
        return
    before = path.read_text(encoding="utf-8") if path.exists() else ",".join(OPTOUT_COLUMNS) + "\n"
    text = io.StringIO()
    text.write(before if before.endswith("\n") else before + "\n")
    rows = csv.writer(text, lineterminator="\n")
    rows.writerows([digest, str(date.today()), reason] for digest in new)
    path.parent.mkdir(parents=True, exist_ok=True)
    replace(path, text.getvalue())
