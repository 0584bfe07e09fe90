"""Why an example is in the review queue, in words."""

from collections.abc import Mapping
from typing import Any

from pipeline.dataset.review_queue import BY_MODELS, BY_PEOPLE

JUDGES = {BY_MODELS: "Models that have not seen it", BY_PEOPLE: "People together"}


def why(item: Mapping[str, Any]) -> str:
    """A sentence for each reason of a row of the review queue."""
    return " ".join(SENTENCES[reason](item) for reason in item["reasons"])


def _label(item: Mapping[str, Any]) -> str:
    judges, given, proposed = JUDGES[item["judges"]], item["given"], item["proposed"]
    chance = f"{given} has {item['label_quality']:.0%}."
    if proposed == given:
        return f"{judges} are unsure: {chance}"
    return f"{judges} say {proposed} ({item['confidence']:.0%}); {chance}"


def _annotators(item: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{vote['count']} {vote['label']}" for vote in item["votes"])
    return f"People do not agree: {counts}."


def _leak(item: Mapping[str, Any]) -> str:
    return f"It looks like {item['like']} in {item['like_split']}, and is removed for it."


def _near_duplicate(item: Mapping[str, Any]) -> str:
    return f"It looks like {item['like']} in {item['like_split']}, which is {item['like_label']}."


def _outlier(item: Mapping[str, Any]) -> str:
    return "Its brightness, sharpness or colours are unlike all others."


SENTENCES = {
    "label": _label,
    "annotators": _annotators,
    "leak": _leak,
    "near duplicate": _near_duplicate,
    "outlier": _outlier,
}
