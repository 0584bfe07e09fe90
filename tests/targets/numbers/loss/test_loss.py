"""Losses of numbers against their formulas."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from pipeline.targets.numbers.loss.interface import counted, losses, problem_in, score, validate

OUTPUTS, Y = torch.tensor([[0.0], [1.0], [3.0]]), torch.tensor([1.0, 1.0, 1.0])


def settings(loss: str, quantile: float = 0.5) -> SimpleNamespace:
    return SimpleNamespace(loss=loss, quantile=quantile)


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        (None, [1, 0, 4]),
        (settings("squared"), [1, 0, 4]),
        (settings("absolute"), [1, 0, 2]),
        (settings("quantile", 0.9), [0.9, 0, 0.2]),
    ],
)
def test_losses(how, expected):
    assert losses(OUTPUTS, Y, how).tolist() == pytest.approx(expected)


def test_qlike_is_that_of_variances():
    variance, forecast = np.array([2.0, 0.1]), np.array([1.0, 0.5])
    ratio = variance / forecast
    found = losses(
        torch.from_numpy(np.log(forecast))[:, None],
        torch.from_numpy(np.log(variance)),
        settings("qlike"),
    )
    assert found.tolist() == pytest.approx(ratio - np.log(ratio) - 1)


def test_qlike_stays_finite_and_rises():
    outputs = torch.tensor([[0.0], [-8.0], [-12.0], [-1e4]], requires_grad=True)
    found = losses(outputs, torch.zeros(4), settings("qlike"))
    assert torch.isfinite(found).all()
    assert (found.diff() > 0).all()
    found.sum().backward()
    assert torch.isfinite(outputs.grad).all()


def test_qlike_needs_logarithms():
    assert problem_in({"scale": "log"}, settings("qlike")) is None
    assert problem_in({"scale": "standard"}, settings("squared")) is None
    assert "augment.target_scale is standard" in (
        problem_in({"scale": "standard"}, settings("qlike")) or ""
    )


def test_figures_of_an_epoch():
    assert float(counted(OUTPUTS, Y)[0]) == 3
    figures = validate(OUTPUTS, Y, settings("quantile", 0.9))
    assert figures == pytest.approx({"loss": 1.1 / 3, "absolute_error": 1.0})
    better = {"val_loss": 0.1, "val_absolute_error": 9.0}
    assert score(better) > score({"val_loss": 0.2, "val_absolute_error": 1.0})
