"""What users took after they were asked about, by /feedback: events for the dataset.

Each label that came is an event at the time at which it came, whether the item was listed or not;
nobody needs to decide on it. Users that people dropped on the page are left out.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from pipeline.commands.collect.kept import KeptContents, content_paths
from pipeline.dataset.served.ids import id_of
from pipeline.dataset.served.tables import read_served
from pipeline.dataset.splits.times import MOMENT, as_text, ordinal_of
from pipeline.modalities.protocols.prepare import PrepareEvents
from pipeline.runtime.errors import MissingInput
from pipeline.sources.source import examples_table

NOT_KEPT = "their requests were not kept, or not so long"
NOBODY = "their requests name no user"
UNKNOWN = "the model does not know the item"
DROPPED = "people dropped the user"


class TakenEvent(NamedTuple):
    """A user took an item."""

    id: str
    answer: str
    """Id of the answer that it is about."""
    owner: str
    label: str
    time: str
    content: bytes
    model: str
    """Digest of the model that answered."""


def owner_id(owner: str) -> str:
    """The id under which people decide on a user."""
    return id_of(owner_digest(owner))


def owner_digest(owner: str) -> str:
    return hashlib.sha256(b"owner\0" + owner.encode()).hexdigest()


def of_owners(kept: KeptContents, prepare: PrepareEvents) -> KeptContents:
    """The newest request of each user, under the digest that `owner_id` takes; none of nobody."""
    owners = [prepare.owner(content.decode()) for content in kept.contents]
    newest = {owner: place for place, owner in enumerate(owners) if owner}
    if not newest:
        raise MissingInput(
            "all requests that were kept are of nobody",
            fix='ask with the id of a user: {"user": ID}',
        )
    places = list(newest.values())
    return KeptContents(
        [kept.rows[place] for place in places],
        [owner_digest(owner) for owner in newest],
        [kept.contents[place] for place in places],
    )


def taken_events(records: Path, prepare: PrepareEvents) -> tuple[list[TakenEvent], Counter[str]]:
    """All that came, oldest first, an item of an answer once; labels without an event by reason."""
    served, left_out = read_served(records), Counter[str]()
    if not served.truths.num_rows or not served.answers.num_rows:
        return [], left_out
    paths = content_paths(records)
    columns = (served.answers[name].to_pylist() for name in ("id", "digest", "model"))
    asked = {id: (digest, model) for id, digest, model in zip(*columns, strict=True)}
    events: dict[tuple[str, str], TakenEvent] = {}
    columns = (served.truths[name].to_pylist() for name in ("id", "label", "time"))
    for answer, label, time in zip(*columns, strict=True):
        digest, model = asked.get(answer, (None, ""))
        if digest not in paths or (answer, label) in events:
            left_out[NOT_KEPT] += digest not in paths
            continue
        request = paths[digest].read_text(encoding="utf-8")
        owner = prepare.owner(request)
        if not owner:
            left_out[NOBODY] += 1
            continue
        moment = as_text(ordinal_of(time.replace(microsecond=0)), MOMENT)
        content = prepare.event_taken(request, label, moment).encode()
        id = id_of(hashlib.sha256(content).hexdigest())
        events[answer, label] = TakenEvent(id, answer, owner, label, moment, content, model)
    return list(events.values()), left_out


def selected(
    events: list[TakenEvent], dropped: Collection[str], is_item: Callable[[str], bool]
) -> tuple[list[TakenEvent], Counter[str]]:
    """Keep those of users that nobody dropped, of items that the model knows."""
    left_out = Counter[str]()
    kept = []
    for event in events:
        why = DROPPED if owner_id(event.owner) in dropped else UNKNOWN
        if why == DROPPED or not is_item(event.label):
            left_out[why] += 1
        else:
            kept.append(event)
    return kept, left_out


def as_examples(
    events: list[TakenEvent], content: str, license: str, purposes: str | None
) -> pa.Table:
    """The events in `example_schema`, each once."""
    once = list({event.id: event for event in events}.values())
    return examples_table(
        content,
        [event.id for event in once],
        **{content: [event.content for event in once]},
        label=[event.label for event in once],
        group=[event.owner for event in once],
        time=[event.time for event in once],
        license=[license] * len(once),
        purposes=[purposes] * len(once),
        source=[f"served by {event.model[:12]}" for event in once],
    )
