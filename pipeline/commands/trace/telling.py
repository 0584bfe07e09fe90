"""What is known of one example, as lines: from where it comes to the commits that had it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.commands.trace.commits import Model, OfGit, described
from pipeline.commands.trace.data import FoundRow, OfData
from pipeline.dataset.places import CLEAN, RAW

SHORT = 12  # digits of a digest
MOST_SHARDS = 12
LABELS = ("label", "target", "item")
"""What targets call their column of data/raw."""
Line = tuple[str, str]
"""What it is about, and what is known."""


def tell(data: OfData, git: OfGit) -> Iterator[Line]:
    """Lines on an example, in the order of the stages."""
    yield from _source(data)
    yield from _raw(data)
    yield from _people(data)
    yield from _clean(data)
    yield from _shards(data)
    yield from _model(data, git)
    yield from _history(git)


def _source(data: OfData) -> Iterator[Line]:
    raw = data.raw
    if raw:
        parts = [raw["source"], raw["license"], f"sha256 {short(raw.get('source_sha256'))}"]
        if raw.get("purposes"):
            parts.append(f"only for {raw['purposes']}")
        if raw.get("metadata_removed"):
            parts.append(f"without its {raw['metadata_removed']}")
        yield "source", ", ".join(str(part) for part in parts if part)
    for line in data.opted_out:
        said = " ".join(filter(None, [line.get("date"), line.get("note")]))
        yield "opted out", f"{said or 'without a date'} ({line['line']})"


def _raw(data: OfData) -> Iterator[Line]:
    raw = data.raw
    if not raw:
        where = "it is not there" if RAW.exists() else f"{RAW} is not here (dvc pull {RAW})"
        yield "raw", where
        return
    known = [place(raw), label_of(raw) or "no label", raw["split"] or "no split"]
    known += [f"{name} {raw[name]}" for name in ("group", "time") if raw.get(name) is not None]
    yield "raw", ", ".join(map(str, known))
    problem = data.quarantined or raw.get("problem")
    yield "validate", f"set aside: {problem}" if problem else "fine"


def _people(data: OfData) -> Iterator[Line]:
    for row in data.annotations:
        yield "annotator", f"{row['annotator']}: {row['label']}"
    for row in data.decisions:
        note = f", {row['note']}" if row.get("note") else ""
        by = f"by {row['reviewer'] or 'nobody named'}{note}, {row['line']}"
        yield "decided", f"{row['decision']} (was {row['given']}) {by}"


def _clean(data: OfData) -> Iterator[Line]:
    clean, findings = data.clean, data.findings
    if clean:
        given = label_of(clean, "_given")
        known = [place(clean), label_of(clean) or "no label"]
        if given != label_of(clean):
            by = "by a person" if data.decisions else "by models"
            known.append(f"was {given}, relabelled {by}")
        known.append(f"weight {clean['weight']:.3g}")
        if clean.get("label_quality") is not None:
            known.append(f"label quality {clean['label_quality']:.3g}")
        yield "clean", ", ".join(map(str, known))
    elif "removed" in findings:
        removed = findings["removed"]
        why = [removed["reason"], removed.get("detail")]
        why += [f"of {removed['of']}"] if removed.get("of") else []
        yield "clean", f"removed: {', '.join(str(part) for part in why if part)}"
    elif "pool" in findings:
        yield "clean", f"waits in the pool: {findings['pool']['reason']}"
    elif data.raw:
        absent = "it has not run since" if CLEAN.exists() else f"{CLEAN} is not here"
        yield "clean", absent
    if "duplicates" in findings:
        twin = findings["duplicates"]
        yield "found", f"{twin['kind']} duplicate of {twin['of']} ({twin['of_split']})"
    if "suspected" in findings:
        row = findings["suspected"]
        yield "found", f"suspected: {row['given']}, rather {row['proposed']}"
    if findings.get("outliers", {}).get("outlier"):
        yield "found", "outlier: unlike all other examples"
    if "review_queue" in findings:
        yield "found", f"in the review queue: {', '.join(findings['review_queue']['reasons'])}"


def _shards(data: OfData) -> Iterator[Line]:
    for shard in data.shards[:MOST_SHARDS]:
        rows = ", ".join(map(str, sorted(shard["rows"])))
        copy = "the original" if shard["copy"] == 0 else f"copy {shard['copy']}"
        yield "shards", f"{shard['filename']} row {rows}, {copy}"
    if (more := len(data.shards) - MOST_SHARDS) > 0:
        yield "shards", f"and {more} more"


def _model(data: OfData, git: OfGit) -> Iterator[Line]:
    for model in git.models:
        known = f"models/model.safetensors {short(model.digest)}, {span_of(model)}"
        yield "trained on it", known
    said = data.prediction
    if said:
        words = [as_word(said.get("predicted", ""))]
        if said.get("probabilities"):
            words.append(f"{max(said['probabilities']):.3g}")
        yield "predicted", " ".join(words)


def _history(git: OfGit) -> Iterator[Line]:
    for event in git.events:
        if event.commit is None:
            yield "workspace", event.change
        else:
            commit = event.commit
            yield "commit", f"{commit.short} {commit.date} {event.change} ({commit.subject})"
    if git.row is not None:
        yield "now", described(git.row)


def span_of(model: Model) -> str:
    """The commits that have a model."""
    if model.commits is None:
        return "not committed yet"
    first, last = (commit.short for commit in model.commits)
    return first if first == last else f"{first} to {last}"


def label_of(row: FoundRow, suffix: str = "") -> str | None:
    """What is said of the example, whatever the target calls it."""
    for name in LABELS:
        value = row.get(f"{name}{suffix}")
        if value is not None:
            return as_word(value)
    return None


def as_word(value: Any) -> str:
    """A label or an answer; numbers without digits that say nothing."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def place(row: FoundRow) -> str:
    return f"{Path(row['filename'])} row {row['file_row_number']}"


def short(digest: str | None) -> str:
    return digest[:SHORT] if digest else "none"
