"""Judges which of two models is right about traffic whose labels came later.

Labels are those of `/feedback` and those that people gave on the page of `groundwork review
--collected`; contents are those that a server kept (`--keep-contents`). Examples that were
collected into the dataset are left out, since a model may have learnt from them. Both models answer
each content again, so a record of either counts. Examples on which both are equally right decide
nothing: it is the sign test (McNemar's exact test, where labels are names).
"""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pyarrow.parquet as pq
from scipy.special import bdtrc  # type: ignore[import-untyped]

from pipeline.commands.collect.events import taken_events
from pipeline.commands.compare.comparison import ALPHA, FAIL, INCONCLUSIVE, PASS
from pipeline.commands.promote.checks import NOTHING, TRAFFIC, Check
from pipeline.dataset.places import collected_file
from pipeline.dataset.review.decisions import ANY_LABEL, DROP, KEEP, reviews_path
from pipeline.dataset.review.store import ReviewStore
from pipeline.dataset.served.ids import id_of, is_served_id
from pipeline.dataset.served.tables import read_served
from pipeline.modalities.opening import open_prepare
from pipeline.modalities.protocols.prepare import of_events
from pipeline.serving.model import Model, ServedAnswer
from pipeline.serving.recording.contents import FOLDER

AT_ONCE = 64


def check_traffic(records: Path, candidate: Model, serving: Model, dataset: str) -> Check:
    """FAIL where the candidate is surely worse, PASS where it is surely better."""
    events = of_events(open_prepare(candidate.modality))
    taken = taken_events(records, events)[0] if events else []
    ids = {(event.answer, event.label): event.id for event in taken}
    labelled = read_labelled(records, decided_labels(dataset), learnt_ids(dataset), ids)
    if not labelled:
        return Check(
            TRAFFIC, NOTHING, "no label of a content that was kept and is not in the dataset"
        )
    contents = [path.read_bytes() for path, _ in labelled]
    labels = [label for _, label in labelled]
    errors = [errors_of(model, contents, labels) for model in (candidate, serving)]
    pairs = [
        (one, other)
        for one, other in zip(*errors, strict=True)
        if one is not None and other is not None
    ]
    if not pairs:
        return Check(
            TRAFFIC, NOTHING, f"none of {len(labelled)} labels is one that the models give"
        )
    wins = sum(one < other for one, other in pairs)
    losses = sum(one > other for one, other in pairs)
    return Check(
        TRAFFIC,
        verdict_of_signs(wins, losses),
        f"better on {wins}, worse on {losses} of {len(pairs)} examples",
    )


def verdict_of_signs(wins: int, losses: int) -> str:
    """The verdict by how often a coin brings about at least this many of one side."""
    if chance_of(losses, wins + losses) <= ALPHA:
        return FAIL
    return PASS if chance_of(wins, wins + losses) <= ALPHA else INCONCLUSIVE


def chance_of(least: int, num: int) -> float:
    """How often `num` tosses of a coin show heads at `least` so often."""
    return float(bdtrc(least - 1, num, 0.5)) if least > 0 else 1.0


def read_labelled(
    records: Path,
    decided: Mapping[str, str] = MappingProxyType({}),
    learnt: Collection[str] = (),
    events: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> list[tuple[Path, str]]:
    """Contents that were kept and have a label, each once, with its last label.

    Args:
        decided: labels that people gave, by the id of a collected example; they count before those
            of /feedback.
        learnt: ids of examples that a model may have learnt from.
        events: ids of the events that labels are, by id of the answer and label.
    """
    kept = {path.name: path for path in sorted((records / FOLDER).glob("*/*"))}
    served = read_served(records)
    labelled: dict[str, str] = {}
    if served.truths.num_rows and served.answers.num_rows:
        columns = (served.truths[name].to_pylist() for name in ("id", "label"))
        label_of = dict(zip(*columns, strict=True))
        columns = (served.answers[name].to_pylist() for name in ("id", "digest"))
        for id, digest in zip(*columns, strict=True):
            if id in label_of and digest in kept and events.get((id, label_of[id])) not in learnt:
                labelled[digest] = label_of[id]
    for digest in kept:
        if (label := decided.get(id_of(digest))) is not None:
            labelled[digest] = label
    return [
        (kept[digest], label)
        for digest, label in sorted(labelled.items())
        if id_of(digest) not in learnt
    ]


def decided_labels(dataset: str) -> dict[str, str]:
    """Labels that people gave to collected examples, by id; dropped examples have none."""
    if not reviews_path(dataset).exists():
        return {}
    decisions = ReviewStore(dataset, ANY_LABEL).decisions()
    return {
        id: found.given if found.decision == KEEP else found.decision
        for id, found in decisions.items()
        if is_served_id(id) and found.decision != DROP
    }


def learnt_ids(dataset: str) -> set[str]:
    """Ids of the examples that were collected into the dataset."""
    path = collected_file(dataset)
    return set(pq.read_table(path, columns=["id"])["id"].to_pylist()) if path.is_file() else set()


def errors_of(model: Model, contents: Sequence[bytes], labels: Sequence[str]) -> list[float | None]:
    """The error of each answer, as the target defines it; None without an answer, or for a label
    that the model does not know."""
    errors: list[float | None] = []
    for start in range(0, len(contents), AT_ONCE):
        some = slice(start, start + AT_ONCE)
        answers = model.answer([model.prepare(contents[some])])[0]
        for answer, label in zip(answers, labels[some], strict=True):
            errors.append(None if isinstance(answer, str) else _error(model, answer, label))
    return errors


def _error(model: Model, answer: ServedAnswer, label: str) -> float | None:
    if model.labels and label not in model.labels:
        return None
    return model.error(answer.values, label)
