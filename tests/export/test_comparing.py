"""A graph that was exported wrongly is refused, however small the fault."""

import copy

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from pipeline.export.comparing import (
    Agreement,
    Figures,
    agreement,
    refuse_less_accurate,
    refuse_other_answers,
    refuse_other_embeddings,
)
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.served import answer_and_embed
from pipeline.learning.device import Device
from pipeline.runtime.errors import ExportError
from pipeline.serving.graph import ask, open_session
from pipeline.targets.classes.judging import interface as judging
from tests.support.exported import COLUMNS, some_inputs, some_network

CPU = Device("cpu", bf16=False)


@pytest.fixture(scope="module")
def right() -> onnx.ModelProto:
    return make_graph(some_network(), COLUMNS)


@pytest.fixture(scope="module")
def expected():
    return answer_and_embed(some_network(), some_inputs(), CPU)


def compare(graph: onnx.ModelProto, expected) -> Agreement:
    """As the stage does it."""
    found = ask(open_session(as_bytes(graph), None), some_inputs(), 1000)
    agreed = agreement(judging, expected[0], found[0])
    refuse_other_answers(agreed, 40)
    refuse_other_embeddings(expected[1], found[1])
    return agreed


def test_the_right_graph_passes(right, expected):
    agreed = compare(right, expected)
    assert agreed.change < 1e-5
    assert agreed.same == 1.0


def tensors(graph: onnx.ModelProto, ndim: int) -> list[onnx.TensorProto]:
    found = [t for t in graph.graph.initializer if len(t.dims) == ndim]
    return [t for t in found if t.data_type == onnx.TensorProto.FLOAT]


def alter(tensor: onnx.TensorProto, change) -> None:
    values = change(numpy_helper.to_array(tensor).copy())
    tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float32), tensor.name))


def one_bias(graph, number):
    """As in pytorch issue 166797: a convolution's bias."""
    biases = [t for t in tensors(graph, 1) if t.dims[0] in (32, 64, 128)]

    def shift(values):
        values[0] += 0.3
        return values

    alter(biases[number], shift)


def swapped_channels(graph, _):
    """Images come as BGR."""
    alter(next(t for t in tensors(graph, 4) if t.dims[1] == 3), lambda v: v[:, ::-1])


def without_mean(graph, _):
    alter(next(t for t in tensors(graph, 4) if list(t.dims) == [1, 3, 1, 1]), lambda v: v * 0)


def turned_kernels(graph, number):
    alter([t for t in tensors(graph, 4) if t.dims[2] == 3][number], lambda v: v[..., ::-1])


def swapped_outputs(graph, _):
    alter(
        next(t for t in tensors(graph, 2) if 3 in t.dims),
        lambda v: np.roll(v, 1, list(v.shape).index(3)),
    )


FAULTS = [(one_bias, n) for n in range(4)] + [(turned_kernels, n) for n in range(3)]
FAULTS += [(swapped_channels, 0), (without_mean, 0), (swapped_outputs, 0)]


@pytest.mark.parametrize(("fault", "number"), FAULTS)
def test_a_wrong_graph_is_refused(right, expected, fault, number):
    wrong = copy.deepcopy(right)
    fault(wrong, number)
    with pytest.raises(ExportError, match=r"the ONNX graph does not answer as the network does"):
        compare(wrong, expected)


def test_what_a_refusal_says():
    one = np.log([[0.7, 0.3], [0.4, 0.6]]).astype(np.float32)
    other = np.log([[0.7, 0.3], [0.55, 0.45]]).astype(np.float32)
    agreed = agreement(judging, one, other)
    assert agreed == Agreement(pytest.approx(0.15, abs=1e-6), 0.5)
    with pytest.raises(ExportError) as caught:
        refuse_other_answers(agreed, 2)
    assert str(caught.value).startswith(
        "ERROR the ONNX graph does not answer as the network does: on 2 validation examples an "
        "answer differs by 0.15, at most 0.0001 is rounding; 50.00% of the answers are the same "
        "| fix: set model to another network"
    )


def test_what_is_no_number_is_no_answer():
    logits = np.zeros((2, 3), np.float32)
    agreed = agreement(judging, logits, logits * np.nan)
    assert np.isnan(agreed.change)
    with pytest.raises(ExportError):
        refuse_other_answers(agreed, 2)
    with pytest.raises(ExportError, match=r"the ONNX graph does not embed as the network does"):
        refuse_other_embeddings(logits, logits * np.nan)


class Numbers:
    """A target of one number, in standard deviations."""

    @staticmethod
    def probabilities(outputs):
        return outputs.astype(np.float64)


def test_numbers_agree_when_they_are_near():
    one = np.array([[0.0], [1.0], [2.0]], np.float32)
    agreed = agreement(Numbers, one, one + np.array([[0.0], [0.05], [-0.2]], np.float32))
    assert agreed == Agreement(pytest.approx(0.2), pytest.approx(2 / 3))


@pytest.mark.parametrize(
    ("network", "served", "more", "fails"),
    [
        (0.9, 0.896, True, False),
        (0.9, 0.894, True, True),
        (0.9, 0.95, True, False),
        (2.0, 2.009, False, False),
        (2.0, 2.02, False, True),
        (2.0, 1.0, False, False),
        (0.0, 0.0, False, False),
        (0.9, float("nan"), True, True),
    ],
)
def test_a_graph_may_be_less_accurate_by_so_much(network, served, more, fails):
    figures = Figures("val_figure", network, served, more)
    if not fails:
        refuse_less_accurate(figures, 0.005)
        return
    with pytest.raises(ExportError, match=r"the served graph is less accurate than the network"):
        refuse_less_accurate(figures, 0.005)
