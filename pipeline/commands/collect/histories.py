"""The histories of users whom a model was asked about, for the review page: what data/raw has of
them, and what they took since."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commands.collect.events import TakenEvent
from pipeline.dataset.places import RAW
from pipeline.dataset.splits.times import MOMENT, read_times
from pipeline.dataset.table import read_index, read_tables
from pipeline.modalities.opening import open_show
from pipeline.runtime.settings import Kind
from pipeline.targets.opening import open_labels

ASKED, TAKEN = "asked", "took, by /feedback"
"""Words in place of the split of an event."""


def with_histories(
    requests: pa.Table,
    owners: Sequence[str],
    asked: Sequence[np.datetime64],
    taken: Sequence[TakenEvent],
    kind: Kind,
    dataset: str,
) -> pa.Table:
    """Requests as examples of their users, and below them all events of these.

    Args:
        requests: N of them, as `examples_of` has them.
        owners: the user of each, `(N,)`.
        asked: the moment of each, `(N,)`.
        taken: what users took since, these and others.
    """
    show, label = open_show(kind.modality), open_labels(kind.target).COLUMN
    before = _events_in_raw(owners, [label, *show.CONTENT, *show.SHOWN], dataset)
    mine = [event for event in taken if event.owner in {*owners}]
    since = pa.table(
        {
            "id": [f"{event.answer} {event.label}" for event in mine],
            label: [event.label for event in mine],
            "group": [event.owner for event in mine],
            "time": read_times(pa.array([event.time for event in mine], pa.string()), MOMENT),
            "split": [TAKEN] * len(mine),
        }
    )
    for name, values in (
        ("group", pa.array(owners, pa.string())),
        ("time", pa.array(list(asked), pa.type_for_alias(MOMENT))),
        ("split", pa.array([ASKED] * len(owners))),
    ):
        requests = requests.append_column(name, values)
    return pa.concat_tables([requests, since, *before], promote_options="permissive")


def _events_in_raw(owners: Sequence[str], names: Sequence[str], dataset: str) -> list[pa.Table]:
    """What data/raw has of the users; nothing where it is not there."""
    if not (RAW / "index.json").exists() or (index := read_index(RAW)).get("dataset") != dataset:
        return []
    wanted, found = pa.array(sorted({*owners}), pa.string()), []
    times = ["time"] if index.get("types", {}).get("time") == MOMENT else []
    for table in read_tables(RAW, list(dict.fromkeys(["id", *names, "split", *times]))):
        rows = table.filter(pc.is_in(table["group"], wanted))
        at = rows.schema.get_field_index("split")
        found.append(rows.set_column(at, "split", rows["split"].cast(pa.string())))
    return found
