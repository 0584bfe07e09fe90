"""An evaluation as a whole, on a model whose answers are known; its tables and its card."""

import numpy as np
import pytest

from pipeline.evaluate.evaluation import Evaluation, TestSplit, evaluate
from pipeline.evaluate.modelcard import write_card
from pipeline.evaluate.tables import tables

CLASSES = ["dark", "b|right", "unseen"]
NUM = 60
ABOUT = {
    "dataset": "pets",
    "license": "CC0-1.0",
    "model": "resnet",
    "recipe": {"optimizer": "adam", "lr": 0.001, "epochs": 3, "deterministic": False},
    "shape": [4, 4, 1],
    "resize": "crop",
    "classes": CLASSES,
    "best_epoch": 2,
    "val_accuracy": 0.975,
    "num_train": 1200,
    "inputs_sha256": "0123abc",
}


def ask(images: np.ndarray) -> np.ndarray:
    """Says "dark" or "b|right" by the mean, surer the farther it is from the middle."""
    margin = (images.mean((1, 2, 3)) - 127.5) / 10
    return np.stack([-margin, margin, np.full(len(images), -20.0)], 1).astype(np.float32)


@pytest.fixture
def examples() -> TestSplit:
    random = np.random.default_rng(0)
    labels = np.arange(NUM) % 2
    levels = 100 + 55 * labels + random.integers(-5, 6, NUM)
    labels = labels.copy()
    labels[:3] = 1 - labels[:3]  # three mistakes, of which two are suspected and one is a leak
    return TestSplit(
        ids=[f"{row}" for row in range(NUM)],
        images=np.tile(levels.astype(np.uint8)[:, None, None, None], (1, 4, 4, 1)),
        labels=labels,
        groups=[None] * NUM,
        measurements={"brightness": levels / 255},
        suspected=np.arange(NUM) < 2,
        leaked=np.arange(NUM) == 2,
    )


def evaluated(examples: TestSplit, corrupted_examples: int = 20) -> Evaluation:
    return evaluate(
        ask,
        CLASSES,
        examples,
        examples.images,
        examples.labels,
        corrupted_examples=corrupted_examples,
    )


def test_metrics(examples):
    metrics = evaluated(examples).metrics()
    assert list(metrics) == [
        "accuracy",
        "loss",
        "f1_macro",
        "calibration_error",
        "worst_class_accuracy",
        "worst_class",
        "accuracy_low",
        "accuracy_high",
        "accuracy_without_suspected",
        "accuracy_without_leaked",
        "accuracy_top2",
        "calibration_error_scaled",
        "temperature",
        "accuracy_corrupted",
    ]
    assert metrics["accuracy"] == 0.95
    assert metrics["accuracy_without_suspected"] == pytest.approx(57 / 58)
    assert metrics["accuracy_without_leaked"] == pytest.approx(57 / 59)
    assert (metrics["worst_class"], metrics["accuracy_top2"]) == ("b|right", 1)
    assert metrics["accuracy_low"] < 0.95 < metrics["accuracy_high"]
    assert metrics["temperature"] > 1.5, "it is surer than it is right"
    assert metrics["calibration_error_scaled"] < metrics["calibration_error"]


def test_corruptions_can_be_left_out(examples):
    found = evaluated(examples, corrupted_examples=0)
    assert "accuracy_corrupted" not in found.metrics()
    header, rows = tables(found, examples.labels)["robustness"]
    assert (header[:3], rows) == (["corruption", "strength", "accuracy"], [])
    assert "corrupted" not in write_card(ABOUT, found)


def test_tables(examples):
    made = tables(evaluated(examples), examples.labels)
    assert list(made) == [
        "confusion",
        "classes",
        "calibration",
        "intervals",
        "slices",
        "robustness",
    ]
    for header, rows in made.values():
        assert {len(row) for row in rows} == {len(header)}
    _, classes = made["classes"]
    assert classes[2] == ["unseen", 0, *["0.000000"] * 4, "1.000000"]
    _, intervals = made["intervals"]
    assert intervals[0][:2] == ["accuracy", "0.950000"]
    assert [row[0] for row in intervals] == [
        "accuracy",
        "loss",
        "f1_macro",
        "calibration_error",
        "loss_scaled",
        "calibration_error_scaled",
        "accuracy_top2",
    ]
    assert len(made["robustness"][1]) == 22
    assert [row[0] for row in made["slices"][1]] == ["all", "dark", "bright"]


def test_the_same_twice(examples):
    one, other = evaluated(examples), evaluated(examples)
    assert tables(one, examples.labels) == tables(other, examples.labels)
    assert write_card(ABOUT, one) == write_card(ABOUT, other)


def test_the_card_says_what_the_network_started_from(examples):
    first = {
        "weights": "torchvision:resnet18 IMAGENET1K_V1",
        "sha256": "0f37",
        "dataset": "ImageNet-1K",
        "license": None,
    }
    start = {"weights": "models/start/photos", "sha256": "12ab", "dataset": "photos"}
    about = ABOUT | {"start": start | {"license": "CC-BY-4.0", "start": first}}
    lines = write_card(about, evaluated(examples)).splitlines()
    told = [line for line in lines if line.startswith("- started from")]
    assert told == [
        "- started from `models/start/photos` (SHA-256 `12ab`), trained on `photos`, "
        "licence `CC-BY-4.0`",
        "- started from `torchvision:resnet18 IMAGENET1K_V1` (SHA-256 `0f37`), trained on "
        "`ImageNet-1K`, licence `unknown`",
    ]
    assert "started from" not in write_card(ABOUT, evaluated(examples))


def test_the_card(examples):
    card = write_card(ABOUT, evaluated(examples))
    lines = card.splitlines()
    for line in (
        'model_name: "resnet on pets"',
        "# resnet on pets",
        "It says which of 3 classes an image shows: `dark`, `b\\|right`, `unseen`.",
        "- input: 4 x 4 grey images; others are resized by `crop`",
        "- data: `pets`, [its card](datacard.md)",
        "On 60 test images, which nothing was trained or chosen by:",
        "| accuracy | 0.9500 | 0.8630 to 0.9829 |",
        "- test labels that are doubted: 2; accuracy without them 0.9828",
        "- test images that another split had too, until they were removed there: 1; "
        "accuracy without them 0.9661",
        "Trained on 1,200 images; of 3 epochs the best on validation was number 2 "
        "(accuracy 0.9750).",
        "| `lr` | `0.001` |",
        "- The test split is small: small differences mean nothing.",
    ):
        assert line in lines, f"{line}\nis not in\n{card}"
    assert "deterministic" not in card
    assert card.endswith("\n")
    assert not card.endswith("\n\n")
