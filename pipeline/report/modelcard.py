"""The model card: what the model is, how good, where weak, and what it is not for.

The shape follows Model Cards for Model Reporting (Mitchell et al. 2019, arXiv 1810.03993); the
head is that of a card on the Hugging Face Hub. Same inputs, same bytes: no times, no machine.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.modalities.protocols.show import Show
from pipeline.reporting.markdown import as_table, code, plain, quoted
from pipeline.targets.protocols.card import Card, EvaluationTables

FEW_EXAMPLES = 1000

About = Mapping[str, Any]


def write_card(about: About, evaluation: EvaluationTables, show: Show, target: Card) -> str:
    """The card as Markdown; `about` is models/model.json."""
    title = f"{about['model']} on {about['dataset']}"
    task = f"{show.HUB_MODALITY}-{target.TASK}"
    lines = [*_head(about, title, task, target), "", f"# {plain(title)}", ""]
    for heading, body in (
        ("What it is", _description(about, show, target)),
        ("How good it is", _results(evaluation, target)),
        ("Where it is weak", target.weaknesses(evaluation)),
        ("How it was made", _recipe(about, target)),
        ("Limits", _limits(evaluation, target)),
    ):
        lines += [f"## {heading}", "", *body, ""]
    return "\n".join(lines).rstrip() + "\n"


def _head(about: About, title: str, task: str, target: Card) -> Iterator[str]:
    yield "---"
    yield f"model_name: {quoted(title)}"
    yield f"pipeline_tag: {task}"
    yield f"datasets: [{quoted(about['dataset'])}]"
    yield f"metrics: [{', '.join(target.HUB_METRICS)}]"
    yield "---"


def _description(about: About, show: Show, target: Card) -> Iterator[str]:
    yield target.answer(about["target"])
    yield ""
    yield f"- input: {show.describe_input(about['preparation'])}"
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


def _results(evaluation: EvaluationTables, target: Card) -> Iterator[str]:
    yield f"On {evaluation.num_examples:,} test examples, which nothing was trained or chosen by:"
    yield ""
    rows = [
        [plain(row["metric"]), f"{row['value']:.4f}", f"{row['low']:.4f} to {row['high']:.4f}"]
        for row in evaluation.tables["intervals"]
    ]
    yield from as_table(["metric", "value", "95 % interval"], rows)
    yield ""
    yield from target.notes(evaluation)


def _recipe(about: About, target: Card) -> Iterator[str]:
    recipe = {key: value for key, value in about["recipe"].items() if key != "deterministic"}
    yield (
        f"Trained on {about['num_train']:,} examples; of {recipe['epochs']} epochs the best on "
        f"validation was number {about['best_epoch']} ({target.validation(about)})."
    )
    yield ""
    yield from as_table(["setting", "value"], [[code(k), code(str(v))] for k, v in recipe.items()])
    yield ""
    yield f"Digest of the data, code and settings that made it: {code(about['inputs_sha256'])}."


def _limits(evaluation: EvaluationTables, target: Card) -> Iterator[str]:
    yield from target.limits()
    yield (
        "- The intervals are about examples like those of the test split, and about this one model."
    )
    if evaluation.num_examples < FEW_EXAMPLES:
        yield "- The test split is small: small differences mean nothing."
    yield "- Whether the data may be used for your purpose stands in the card of the data."
