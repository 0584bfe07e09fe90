"""The best new items for a user, for people and as JSON, each with the item that decided."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pipeline.dataset.rankings.listed import items_in, reasons_in, scores_in

if TYPE_CHECKING:
    from pipeline.targets.protocols.labels import TargetIndex

NUM_SHOWN = 10
JUDGED_BY: tuple[str, float | None] = (f"hit rate of the first {NUM_SHOWN}", NUM_SHOWN - 0.5)
"""See `Answers` in targets/opening.py, as for the functions below."""


def answer(probabilities: NDArray[np.float64], index: "TargetIndex") -> dict[str, Any]:
    """The ranking, the best first; `because` is the item of the history that counted most."""
    found = []
    known = len(index["items"])
    columns = (items_in(probabilities), scores_in(probabilities), reasons_in(probabilities))
    for code, score, reason in zip(*(column.tolist() for column in columns), strict=True):
        if not 0 <= code < known:
            continue
        row: dict[str, Any] = {**_named(code, index), "score": float(f"{score:.5g}")}
        if 0 <= reason < known:
            row["because"] = _named(reason, index)
        found.append(row)
    first = found[0]["item"] if found else ""
    return {"item": first, "ranking": found}


def error(answer: Mapping[str, Any], label: str) -> float | None:
    """The place of the item in the list, from 0; beyond NUM_SHOWN if it is not listed."""
    items = [row["item"] for row in answer["ranking"]]
    return float(items.index(label) if label in items else len(items) + NUM_SHOWN)


def answer_words(probabilities: NDArray[np.float64], index: "TargetIndex") -> list[str]:
    words = []
    for place, row in enumerate(answer(probabilities, index)["ranking"][:NUM_SHOWN], 1):
        reason = f" (because of {_shown(row['because'])})" if "because" in row else ""
        words.append(f"{place}. {_shown(row)}{reason}")
    return words or ["nothing new to name"]


def _named(code: int, index: "TargetIndex") -> dict[str, Any]:
    id = index["items"][code]
    title = index.get("titles", {}).get(id)
    return {"item": id} | ({"title": title} if title else {})


def _shown(row: dict[str, Any]) -> str:
    said = f"{row['item']} {row['title']}" if "title" in row else str(row["item"])
    return "".join(letter if letter.isprintable() else " " for letter in said).strip() or "?"


def in_words(index: "TargetIndex") -> tuple[str, str]:
    """What the model chooses from, and an example of a label."""
    return f"{len(index['items'])} items", index["items"][0]


def as_label(value: Any) -> Any:
    """Return a whole number as a text, since JSON may have ids without quotes; of other values only
    texts are labels."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_whole else value
