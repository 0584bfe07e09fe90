"""Why an example is in the review queue, in words."""

from collections.abc import Mapping
from typing import Any

from pipeline.modalities.protocols.show import Show
from pipeline.targets.protocols.describe import Describe


def why(item: Mapping[str, Any], show: Show, target: Describe) -> str:
    """A sentence for each reason of a row of the review queue."""

    def sentence(reason: str) -> str:
        if reason in LIKE_ANOTHER:
            return LIKE_ANOTHER[reason].format(**item)
        return show.UNUSUAL if reason == "outlier" else target.why(reason, item)

    return " ".join(map(sentence, item["reasons"]))


LIKE_ANOTHER = {
    "leak": "It looks like {like} in {like_split}, and is removed for it.",
    "near duplicate": "It looks like {like} in {like_split}, which is {like_label}.",
}
