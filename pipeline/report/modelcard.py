"""The model card: what the model is, how good, where weak, and what it is not for.

The shape follows Model Cards for Model Reporting (Mitchell et al. 2019, arXiv 1810.03993); the
head is that of a card on the Hugging Face Hub. Same inputs, same bytes: no times, no machine.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.modalities.protocols.show import Show
from pipeline.report.questioned import beside_baselines, contributions, gaps, not_promised
from pipeline.reporting.markdown import as_table, code, plain, quoted
from pipeline.targets.protocols.card import Card, EvaluationTables

FEW_EXAMPLES = 1000

API = "import groundwork"
USE = f"""\
```sh
groundwork predict FILE                # {{answer}}
groundwork predict --json FOLDER       # {{in_json}}
```

```python
{API}

for prediction in groundwork.load("models").predict(["FILE"]):
    print(prediction)
```

`models/model.safetensors` and `models/model.json` are all that it needs beside the project's code;
[more](../docs/use-the-model.md).
"""

About = Mapping[str, Any]
Sections = Mapping[str, Mapping[str, Any]]


def write_card(
    about: About, sections: Sections, evaluation: EvaluationTables, show: Show, target: Card
) -> str:
    """The card as Markdown.

    Args:
        about: models/model.json.
        sections: the sections of params.yaml that prepared the examples: clean, augment.
    """
    title = f"{about['model']} on {about['dataset']}"
    task = f"{show.HUB_MODALITY}-{target.TASK}"
    lines = [*_head(about, title, task, target), "", f"# {plain(title)}", ""]
    for heading, body in (
        ("What it is", _description(about, show, target)),
        ("How to use it", _use(target)),
        ("How good it is", _results(evaluation, target)),
        ("Where it is weak", [*target.weaknesses(evaluation), *gaps(evaluation)]),
        *([("What inputs contribute", inputs)] if (inputs := [*contributions(evaluation)]) else []),
        ("How it was made", _recipe(about, sections, target)),
        ("Limits", _limits(evaluation, target)),
        ("Licence", _licence(about)),
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


def _use(target: Card) -> list[str]:
    answer, in_json = target.ANSWERS
    return USE.format(answer=answer, in_json=in_json).splitlines()


def _description(about: About, show: Show, target: Card) -> Iterator[str]:
    yield target.answer(about["target"])
    yield ""
    yield f"- input: {show.describe_input(about['preparation'])}"
    yield f"- network: {code(about['model'])}, weights in `models/model.safetensors`"
    if candidates := about.get("candidates"):
        tried = ", ".join(f"{code(name)} {loss:.4f}" for name, loss in candidates.items())
        yield (
            f"- chosen by the loss on validation: {tried}; the plainest of them, unless another is "
            "better by more than one standard error"
        )
    yield f"- data: {code(about['dataset'])}, [its card](datacard.md)"
    for start in _starts(about):
        dataset, license = start["dataset"] or "unknown", start["license"] or "unknown"
        yield (
            f"- started from {code(start['weights'])} (SHA-256 {code(start['sha256'])}), trained "
            f"on {code(dataset)}, licence {code(license)}"
        )


def _starts(about: About) -> Iterator[About]:
    """The models this one descends from, the nearest first."""
    start = about.get("start")
    while start:
        yield start
        start = start.get("start")


def _results(evaluation: EvaluationTables, target: Card) -> Iterator[str]:
    yield (
        f"On {evaluation.num_examples:,} test examples. No weight, epoch or temperature was fitted "
        "or chosen by them; whoever compares runs by these figures chooses by them, which is what "
        "the figures of validation (`val_`) are for."
    )
    yield ""
    rows = [
        [plain(row["metric"]), f"{row['value']:.4f}", f"{row['low']:.4f} to {row['high']:.4f}"]
        for row in evaluation.tables["intervals"]
    ]
    yield from as_table(["metric", "value", "95 % interval"], rows)
    yield ""
    yield from target.notes(evaluation)
    yield from beside_baselines(evaluation)


def _recipe(about: About, sections: Sections, target: Card) -> Iterator[str]:
    recipe = {key: value for key, value in about["recipe"].items() if key != "deterministic"}
    weights = [start["weights"] for start in _starts(about)][:1] or ["none"]
    settings = {"model": about["model"], **recipe, "weights": weights[0]}
    settings["processes"] = about["processes"]
    for section, values in sections.items():
        settings |= {f"{section}.{key}": value for key, value in values.items()}
    yield (
        f"Trained on {about['num_train']:,} examples; of {recipe['epochs']} epochs the best on "
        f"validation was number {about['best_epoch']} ({target.validation(about)})."
    )
    yield ""
    rows = [[code(key), code(in_yaml(value))] for key, value in settings.items()]
    yield from as_table(["setting", "value"], rows)
    yield ""
    yield f"Digest of the data, code and settings that made it: {code(about['inputs_sha256'])}."


def _limits(evaluation: EvaluationTables, target: Card) -> Iterator[str]:
    yield from target.limits()
    yield (
        "- The intervals are about examples like those of the test split, and about this one model."
    )
    if evaluation.num_examples < FEW_EXAMPLES:
        yield "- The test split is small: small differences mean nothing."
    yield from not_promised(evaluation)
    yield (
        "- Whether the data may be used for your purpose, and what could not be judged of them, "
        "stands in the card of the data."
    )


def _licence(about: About) -> Iterator[str]:
    inherited = [about["license"], *(start["license"] or "unknown" for start in _starts(about))]
    names = " and ".join(map(code, dict.fromkeys(inherited)))
    yield (
        f"What it was trained on is under {names}: what that asks of work made from it, it asks of "
        "this model. Nobody has given the model a licence of its own; who publishes it, does."
    )


def in_yaml(value: Any) -> str:
    """A value as written in params.yaml, on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}: {in_yaml(of)}" for key, of in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_yaml, value)) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
