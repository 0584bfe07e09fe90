"""The model card: what the model is, how good, where weak, and what it is not for.

The shape follows Model Cards for Model Reporting (Mitchell et al. 2019, arXiv 1810.03993); the
head is that of a card on the Hugging Face Hub. Same inputs, same bytes: no times, no machine.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.report.evaluation import EvaluationTables
from pipeline.reporting.markdown import as_table, code, plain, quoted

MAX_CLASSES_LISTED = 10
FEW_EXAMPLES = 1000

About = Mapping[str, Any]


def write_card(about: About, evaluation: EvaluationTables) -> str:
    """The card as Markdown; `about` is models/model.json."""
    title = f"{about['model']} on {about['dataset']}"
    lines = [*_head(about, title), "", f"# {plain(title)}", ""]
    for heading, body in (
        ("What it is", _description(about)),
        ("How good it is", _results(evaluation)),
        ("Where it is weak", _weaknesses(evaluation)),
        ("How it was made", _recipe(about)),
        ("Limits", _limits(evaluation)),
    ):
        lines += [f"## {heading}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def _head(about: About, title: str) -> Iterator[str]:
    yield "---"
    yield f"model_name: {quoted(title)}"
    yield "pipeline_tag: image-classification"
    yield f"datasets: [{quoted(about['dataset'])}]"
    yield "metrics: [accuracy, f1]"
    yield "---"


def _description(about: About) -> Iterator[str]:
    height, width, channels = about["shape"]
    names = about["classes"]
    listed = ", ".join(code(name) for name in names[:MAX_CLASSES_LISTED])
    more = len(names) - MAX_CLASSES_LISTED
    yield (
        f"It says which of {len(names)} classes an image shows: {listed}"
        + (f" and {more} more." if more > 0 else ".")
    )
    yield ""
    size = f"{width} x {height} {'grey' if channels == 1 else 'RGB'}"
    yield f"- input: {size} images; others are resized by {code(about['resize'])}"
    yield f"- network: {code(about['model'])}, weights in `models/model.safetensors`"
    yield f"- data: {code(about['dataset'])}, [its card](datacard.md)"
    yield f"- licence of the data: {code(about['license'])}"
    start = about.get("start")
    while start:  # a model that started from a model that started from …
        dataset, license = start["dataset"] or "unknown", start["license"] or "unknown"
        yield (
            f"- started from {code(start['weights'])} (SHA-256 {code(start['sha256'])}), trained "
            f"on {code(dataset)}, licence {code(license)}"
        )
        start = start.get("start")


def _results(evaluation: EvaluationTables) -> Iterator[str]:
    yield f"On {evaluation.num_examples:,} test images, which nothing was trained or chosen by:"
    yield ""
    rows = [
        [plain(row["metric"]), f"{row['value']:.4f}", f"{row['low']:.4f} to {row['high']:.4f}"]
        for row in evaluation.intervals
    ]
    yield from as_table(["metric", "value", "95 % interval"], rows)
    yield ""
    summary = evaluation.summary
    yield (
        f"- `_scaled` is after dividing its logits by {summary['temperature']:.3g}, which was "
        "fitted on validation"
    )
    if summary["num_suspected"]:
        yield (
            f"- test labels that are doubted: {summary['num_suspected']:,}; accuracy without them "
            f"{summary['accuracy_without_suspected']:.4f}"
        )
    if summary["num_leaked"]:
        yield (
            f"- test images that another split had too, until they were removed there: "
            f"{summary['num_leaked']:,}; accuracy without them "
            f"{summary['accuracy_without_leaked']:.4f}"
        )


def _weaknesses(evaluation: EvaluationTables) -> Iterator[str]:
    worst = evaluation.worst_class
    ends = worst["recall_low"], worst["recall_high"]
    yield f"- class: {_accuracy(worst['class'], worst['recall'], ends, worst['support'])}"
    if len(evaluation.slices) > 1:
        part = min(evaluation.slices[1:], key=lambda row: row["accuracy"])
        accuracy = _accuracy(
            part["slice"], part["accuracy"], (part["low"], part["high"]), part["count"]
        )
        yield f"- part of the images: {accuracy}, {plain(part['rule'])}"
    if evaluation.robustness:
        uncorrupted, *corrupted = evaluation.robustness
        lowest = min(corrupted, key=lambda row: row["accuracy"])
        yield (
            f"- corrupted images ({evaluation.summary['num_corrupted']:,} of them): "
            f"{evaluation.summary['accuracy_corrupted']:.4f} on average over kinds and strengths, "
            f"{uncorrupted['accuracy']:.4f} without; worst {lowest['corruption']} at strength "
            f"{lowest['strength']}: {lowest['accuracy']:.4f}"
        )
    yield ""
    yield (
        "The weakest of many is weak by chance too. All of them are in `model/classes.csv`, "
        "`model/slices.csv` and `model/robustness.csv`, the mistakes it is surest of in "
        "`model/mistakes.png`."
    )


def _accuracy(name: str, accuracy: float, interval: tuple[float, float], num: int) -> str:
    low, high = interval
    return f"{code(name)} {accuracy:.4f} ({low:.4f} to {high:.4f}, {num:,} images)"


def _recipe(about: About) -> Iterator[str]:
    recipe = {key: value for key, value in about["recipe"].items() if key != "deterministic"}
    yield (
        f"Trained on {about['num_train']:,} images; of {recipe['epochs']} epochs the best on "
        f"validation was number {about['best_epoch']} (accuracy {about['val_accuracy']:.4f})."
    )
    yield ""
    yield from as_table(["setting", "value"], [[code(k), code(str(v))] for k, v in recipe.items()])
    yield ""
    yield f"Digest of the data, code and settings that made it: {code(about['inputs_sha256'])}."


def _limits(evaluation: EvaluationTables) -> Iterator[str]:
    yield "- It knows its classes alone, and names one of them whatever an image shows."
    yield "- The intervals are about images like those of the test split, and about this one model."
    if evaluation.num_examples < FEW_EXAMPLES:
        yield "- The test split is small: small differences mean nothing."
    yield "- Whether the data may be used for your purpose stands in the card of the data."
