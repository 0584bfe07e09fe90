"""The Open Inference Protocol v2: by its real client, and by requests that no client would send."""

import base64
import json
import struct

import numpy as np
import pytest
import tritonclient.http as triton
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dataset.shards.column import INPUT
from pipeline.serving.http.protocol import parse
from tests.support.serving import CLASSES


@pytest.fixture
def client(server):
    client = triton.InferenceServerClient(f"{server.host}:{server.port}")
    yield client
    client.close()


def test_a_client_finds_the_model(client, model):
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("model")
    assert client.is_model_ready("model", model.version)
    assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
    about = client.get_model_metadata("model")
    assert about["versions"] == [model.version]
    assert about["inputs"] == [
        {"name": "image", "datatype": "BYTES", "shape": [-1]},
        {"name": INPUT, "datatype": "UINT8", "shape": [-1, 8, 8, 1]},
    ]
    assert {output["name"] for output in about["outputs"]} == {"label", "id", "probabilities"}


@pytest.mark.parametrize("is_binary", [True, False])
def test_images_are_asked_about(client, model, image, is_binary):
    contents = [image(number) for number in range(5)]
    asked = triton.InferInput("image", [5], "BYTES")
    if is_binary:
        asked.set_data_from_numpy(np.array(contents, object))
        outputs = None
    else:
        texts = [base64.b64encode(content) for content in contents]
        asked.set_data_from_numpy(np.array(texts, object), binary_data=False)
        outputs = [
            triton.InferRequestedOutput(name, binary_data=False)
            for name in ("label", "probabilities")
        ]
    answer = client.infer("model", [asked], outputs=outputs, request_id="seven")
    (expected,) = model.answer([model.prepare(contents)])
    assert answer.get_response()["id"] == "seven"
    labels = (
        [label.decode() for label in answer.as_numpy("label")]
        if is_binary
        else list(answer.as_numpy("label"))
    )
    assert labels == [one.label for one in expected]
    probabilities = answer.as_numpy("probabilities")
    assert probabilities.dtype == np.float32
    np.testing.assert_array_equal(
        probabilities, np.array([one.probabilities for one in expected], np.float32)
    )


@pytest.mark.parametrize("is_binary", [True, False])
def test_columns_of_a_shard_are_asked_about(client, model, is_binary):
    pixels = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    asked = triton.InferInput(INPUT, [3, 8, 8, 1], "UINT8")
    asked.set_data_from_numpy(pixels, binary_data=is_binary)
    answer = client.infer("model", [asked], model_version=model.version)
    (expected,) = model.answer([model.take({INPUT: pixels})])
    assert [label.decode() for label in answer.as_numpy("label")] == [e.label for e in expected]
    assert len({*answer.as_numpy("id")}) == 3


def test_what_is_wrong_is_said(client, image):
    with pytest.raises(triton.InferenceServerException, match="the model is called model"):
        client.get_model_metadata("other")
    with pytest.raises(triton.InferenceServerException, match="the version that is served is"):
        client.get_model_metadata("model", "7")
    asked = triton.InferInput("image", [2], "BYTES")
    asked.set_data_from_numpy(np.array([image(0), b"no image"], object))
    with pytest.raises(triton.InferenceServerException, match="image 1 cannot be read: "):
        client.infer("model", [asked])
    many = triton.InferInput("image", [65], "BYTES")
    many.set_data_from_numpy(np.array([image(0)] * 65, object))
    with pytest.raises(triton.InferenceServerException, match="1 to 64 examples, found 65"):
        client.infer("model", [many])


WHOLE = {"name": INPUT, "shape": [1, 8, 8, 1], "datatype": "UINT8", "data": [0] * 64}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "other"}, "inputs should be image or x, found other"),
        ({"shape": [1, 8, 9]}, "x should have 72 values"),
        ({"shape": [64]}, "x should have shape"),
        ({"shape": [1 << 31, 8]}, "shape of x should be a list of numbers"),
        ({"shape": [-1, 64]}, "shape of x should be a list of numbers"),
        ({"shape": [True]}, "shape of x should be a list of numbers"),
        ({"datatype": "FP32"}, "x should be UINT8"),
        ({"datatype": "TEXT"}, "datatype of x should be one of BYTES, BOOL"),
        ({"datatype": ["UINT8"]}, "datatype of x should be one of BYTES, BOOL"),
        ({"data": [256] * 64}, "data of x: no uint8"),
        ({"data": [0.5] * 64}, "data of x: no uint8"),
        ({"data": ["a"] * 64}, "data of x: no numbers"),
        ({"data": [1, [2]]}, "data of x: "),
        ({"data": None}, "data of x: no numbers"),
        ({"data": [1e999] * 64}, "data of x: no uint8"),
        ({"parameters": {"binary_data_size": 5}}, "binary_data_size of x is more than there is"),
        ({"parameters": {"binary_data_size": -1}}, "binary_data_size of x is more than there is"),
        ({"parameters": {"binary_data_size": 0}}, "x has 0 bytes, its shape needs 64"),
    ],
)
def test_a_wrong_input_is_refused(model, change, reason):
    body = json.dumps({"inputs": [WHOLE | change]}).encode()
    with pytest.raises(ValueError, match=r".*") as caught:
        parse(body, None, model)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("values", "header", "reason"),
    [
        ([], None, "the request should be a JSON object"),
        ({"inputs": {}}, None, "inputs should be a list of objects"),
        ({"inputs": []}, None, "inputs should be image or x, found none"),
        ({"inputs": [WHOLE], "id": 3}, None, "id should be a text"),
        ({"inputs": [WHOLE], "outputs": [{"name": "x"}]}, None, "outputs are label, id, prob"),
        (
            {"inputs": [WHOLE], "outputs": [{"name": "id"}] * 2},
            None,
            "output id stands there",
        ),
        ({"inputs": [WHOLE]}, "-1", "inference-header-content-length should be a number"),
        ({"inputs": [WHOLE]}, "9" * 9, "inference-header-content-length is 999999999, the body"),
        ({"inputs": [WHOLE]}, "5", "the request is no JSON"),
    ],
)
def test_a_wrong_request_is_refused(model, values, header, reason):
    with pytest.raises(ValueError, match=r".*") as caught:
        parse(json.dumps(values).encode(), header, model)
    assert str(caught.value).startswith(reason)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["name", "shape", "datatype", "data", "parameters"])


@settings(max_examples=300, deadline=None)
@given(changes=st.dictionaries(KEYS, JSON), rest=st.binary(max_size=80), more=JSON)
def test_anything_is_a_request_or_a_value_error(model, changes, rest, more):
    text = json.dumps({"inputs": [WHOLE | changes], "outputs": more, "parameters": more}).encode()
    for header in (None, str(len(text))):
        try:
            asked = parse(text + rest * (header is not None), header, model)
        except ValueError:
            continue
        assert asked.num == 1


def test_bytes_that_end_too_soon_are_refused(model, image):
    packed = struct.pack("<I", len(image(0))) + image(0)
    for cut in (1, 3, 10, len(packed) - 1):
        described = {"name": "image", "shape": [1], "datatype": "BYTES"}
        text = json.dumps({"inputs": [described | {"parameters": {"binary_data_size": cut}}]})
        with pytest.raises(ValueError, match="BYTES end within a"):
            parse(text.encode() + packed[:cut], str(len(text)), model)
    assert CLASSES
