"""Cross-entropy and accuracy are torch's; the more accurate epoch is the better."""

import pytest
import torch
import torch.nn.functional as F

from pipeline.targets.classes.loss import interface as loss
from pipeline.targets.classes.loss.settings import TrainFields

LOGITS = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
LABELS = torch.arange(50) % 4


def test_losses_are_of_each_row():
    expected = F.cross_entropy(LOGITS, LABELS, reduction="none")
    assert torch.equal(loss.losses(LOGITS, LABELS, None), expected)
    assert torch.equal(loss.losses(LOGITS, LABELS, TrainFields(label_smoothing=0.0)), expected)


def test_labels_are_smoothed():
    found = loss.losses(LOGITS, LABELS, TrainFields(label_smoothing=0.2))
    shares = 0.05 + 0.8 * F.one_hot(LABELS, 4)
    assert torch.allclose(found, -(shares * LOGITS.log_softmax(1)).sum(1))


def test_right_answers_are_counted():
    (right,) = loss.counted(LOGITS, LABELS)
    assert (right.shape, right.dtype) == ((), torch.float32)
    assert int(right) == int((LOGITS.argmax(1) == LABELS).sum())
    assert len(loss.COUNTED) == 1


def test_validation_has_the_loss_without_smoothing_and_all_that_is_counted():
    figures = loss.validate(LOGITS, LABELS, None)
    assert list(figures) == ["loss", *loss.COUNTED]
    assert figures["loss"] == pytest.approx(float(F.cross_entropy(LOGITS, LABELS)))
    assert figures["accuracy"] == pytest.approx(float(loss.counted(LOGITS, LABELS)[0]) / 50)
    assert f"val_{loss.COUNTED[0]}" == loss.SHOWN


def test_the_more_accurate_is_better_then_that_of_less_loss():
    rows = [
        {"val_accuracy": accuracy, "val_loss": value}
        for accuracy, value in ((0.5, 0.1), (0.6, 2.0), (0.6, 1.0))
    ]
    assert sorted(rows, key=loss.score) == rows
