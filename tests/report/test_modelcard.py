"""The model card, from the tables of an evaluation alone."""

from dataclasses import replace

from pipeline.modalities.images.show import interface as show
from pipeline.report import modelcard
from pipeline.targets.classes.card import interface as target
from pipeline.targets.protocols.card import EvaluationTables
from tests.support.evaluations import CLASSES, EVALUATION

ABOUT = {
    "dataset": "pets",
    "license": "CC0-1.0",
    "model": "resnet",
    "recipe": {"optimizer": "adam", "lr": 0.001, "epochs": 3, "deterministic": False},
    "modality": "images",
    "preparation": {"shape": [4, 4, 1], "resize": "crop"},
    "target_kind": "classes",
    "target": {"classes": CLASSES},
    "best_epoch": 2,
    "val_accuracy": 0.975,
    "num_train": 1200,
    "inputs_sha256": "0123abc",
    "processes": 2,
}
SECTIONS = {
    "clean": {"folds": 3, "action": "downweight", "remove_outliers": False},
    "augment": {"balance": "sqrt", "transforms": [{"name": "affine", "degrees": 10}]},
}


def write_card(about: dict, evaluation: EvaluationTables) -> str:
    return modelcard.write_card(about, SECTIONS, evaluation, show, target)


def test_the_card():
    card = write_card(ABOUT, EVALUATION)
    lines = card.splitlines()
    for line in (
        'model_name: "resnet on pets"',
        "pipeline_tag: image-classification",
        "metrics: [accuracy, f1]",
        "# resnet on pets",
        "It says which of 3 classes an example is of: `dark`, `b\\|right`, `unseen`.",
        "- input: 4 x 4 grey images; others are resized by `crop`",
        "- data: `pets`, [its card](datacard.md)",
        "On 60 test examples. No weight, epoch or temperature was fitted or chosen by them; "
        "whoever compares runs by these figures chooses by them, which is what the figures of "
        "validation (`val_`) are for.",
        "groundwork predict FILE                # the best answer and its probability",
        "| accuracy | 0.9500 | 0.8630 to 0.9829 |",
        "- `_scaled` is after dividing its logits by 1.75, which was fitted on validation",
        "- test examples that another split had too, until they were removed there: 1; "
        "accuracy without them 0.9661",
        "- class: `b\\|right` 0.9000 (0.7000 to 0.9500, 29 examples)",
        "- part of the examples: `dark` 0.8000 (0.6000 to 0.9000, 15 examples), "
        "brightness at most 0.4",
        "- corrupted examples (20 of them): 0.6000 on average over kinds and strengths, 0.9000 "
        "without; worst blur at strength 3: 0.5000",
        "Trained on 1,200 examples; of 3 epochs the best on validation was number 2 "
        "(accuracy 0.9750).",
        "| `model` | `resnet` |",
        "| `lr` | `0.001` |",
        "| `weights` | `none` |",
        "| `processes` | `2` |",
        "| `clean.action` | `downweight` |",
        "| `clean.remove_outliers` | `false` |",
        "| `augment.balance` | `sqrt` |",
        "| `augment.transforms` | `[{name: affine, degrees: 10}]` |",
        "What it was trained on is under `CC0-1.0`: what that asks of work made from it, it asks "
        "of this model. Nobody has given the model a licence of its own; who publishes it, does.",
        "- The test split is small: small differences mean nothing.",
    ):
        assert line in lines, f"{line}\nis not in\n{card}"
    assert "deterministic" not in card
    assert card.endswith("\n")
    assert not card.endswith("\n\n")


def test_a_card_without_corruptions_or_leaks():
    summary = dict(EVALUATION.summary) | {
        "num_corrupted": 0,
        "accuracy_corrupted": None,
        "num_leaked": 0,
    }
    tables = {**EVALUATION.tables, "robustness": []}
    card = write_card(ABOUT, replace(EVALUATION, summary=summary, tables=tables))
    assert "- could not judge corrupted examples: none was corrupted" in card.splitlines()
    assert card.count("corrupted") == 2
    assert "another split" not in card


def test_the_card_says_what_could_not_be_judged():
    lines = write_card(ABOUT, EVALUATION).splitlines()
    assert [line for line in lines if line.startswith("- could not judge")] == [
        "- could not judge classes without a test example: `unseen`"
    ]
    tables = {**EVALUATION.tables, "slices": EVALUATION.tables["slices"][:1]}
    lines = write_card(ABOUT, replace(EVALUATION, tables=tables)).splitlines()
    assert "- could not judge parts of the examples: none has 10 examples" in lines


def test_the_card_says_what_the_network_started_from():
    first = {
        "weights": "torchvision:resnet18 IMAGENET1K_V1",
        "sha256": "0f37",
        "dataset": "ImageNet-1K",
        "license": None,
    }
    start = {"weights": "models/start/photos", "sha256": "12ab", "dataset": "photos"}
    about = ABOUT | {"start": start | {"license": "CC-BY-4.0", "start": first}}
    lines = write_card(about, EVALUATION).splitlines()
    assert [line for line in lines if line.startswith("- started from")] == [
        "- started from `models/start/photos` (SHA-256 `12ab`), trained on `photos`, "
        "licence `CC-BY-4.0`",
        "- started from `torchvision:resnet18 IMAGENET1K_V1` (SHA-256 `0f37`), trained on "
        "`ImageNet-1K`, licence `unknown`",
    ]
    assert "| `weights` | `models/start/photos` |" in lines
    assert any("is under `CC0-1.0` and `CC-BY-4.0` and `unknown`:" in line for line in lines)
    assert "started from" not in write_card(ABOUT, EVALUATION)


def test_files_that_the_card_names_are_written(written_report):
    card = (written_report / "reports/modelcard.md").read_text()
    named = {word.strip("`,.") for word in card.split() if word.startswith("`model/")}
    assert named == {
        f"model/{name}" for name in ("classes.csv", "slices.csv", "robustness.csv", "mistakes.png")
    }
    assert all((written_report / "reports" / name).is_file() for name in named)
