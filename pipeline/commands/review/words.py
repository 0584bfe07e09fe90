"""Why an example is in the review queue, and what a decision about it does, in words."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from pipeline.dataset.review.decisions import DROP
from pipeline.modalities.protocols.show import Show
from pipeline.targets.protocols.describe import Describe


def why(item: Mapping[str, Any], show: Show, target: Describe) -> str:
    """A sentence for each reason of a row of the review queue."""

    def sentence(reason: str) -> str:
        if reason in LIKE_ANOTHER:
            return LIKE_ANOTHER[reason].format(**item)
        if reason == CHOSEN:
            return "You chose it."
        return show.UNUSUAL if reason == "outlier" else target.why(reason, item)

    return " ".join(map(sentence, item["reasons"]))


LIKE_ANOTHER = {
    "leak": "It looks like {like} in {like_split}, and is removed for it.",
    "near duplicate": "It looks like {like} in {like_split}, which is {like_label}.",
}
CHOSEN = "chosen"
"""The reason of an example that is in no queue of clean: somebody has chosen it to be reviewed."""


class Offer(NamedTuple):
    """What the page offers to do about an example."""

    kind: str
    """The decision that Enter makes: DROP, or LABEL for the proposed one."""
    accept: str
    """What that is called."""
    keep: str
    """What keeping the given label is called."""
    effect: str
    """What the two do, as sentences."""
    despite: str
    """What speaks against having the example in the data; empty where nothing does."""


LABEL = "label"  # a decision for another label, beside KEEP and DROP
USES = {"train": "Train on it", "val": "Validate on it", "test": "Test on it"}


def offer(item: Mapping[str, Any]) -> Offer:
    """What can be done about a row of the review queue.

    A leak is removed already, so that to accept means to leave it out.
    """
    given, proposed = item["given"], item["proposed"]
    if "leak" in item["reasons"]:
        use = USES[item["split"]]
        despite = f"although its twin is in {item['like_split']}"
        effect = f"Leave it out: it stays removed. {use}: it comes back as {given}, {despite}."
        return Offer(DROP, "Leave it out", use, effect, despite)
    if given == proposed:
        return Offer(LABEL, "Accept", "Keep", f"Accept and Keep: it stays {given}.", "")
    effect = f"Accept: it becomes {proposed}. Keep: it stays {given}."
    return Offer(LABEL, "Accept", "Keep", effect, "")
