"""What holds for every modality: a server of it answers over HTTP, and refuses what is no content.

The graph is a real one of its network; requests are what clients send, and what nobody should.
"""

import base64
import json
import sys

import numpy as np
import pytest

from pipeline.dataset.served.tables import read_served
from pipeline.export.graph_file import as_bytes, make_graph
from pipeline.export.probes import describe_probes, mixed
from pipeline.export.served import ServedNetwork
from pipeline.modalities.opening import open_encode, open_network
from pipeline.serving.folder import MODEL_ONNX, REFERENCE_NPZ, write_about
from pipeline.serving.graph import ask, open_session
from pipeline.serving.http.protocol import HEADER_LENGTH
from pipeline.serving.http.tensors import BYTES, DATATYPES, pack
from pipeline.serving.model import open_model
from tests.modalities.test_contract import everything
from tests.modalities.test_contract_networks import ready
from tests.support.serving import CLASSES, serving

RUN = "from tests.support.samples import tiny_modality\n"
RUN += "with tiny_modality():\n"
RUN += "    from pipeline.commands.groundwork.__main__ import run\n"
RUN += "    import sys; from pathlib import Path; run(['serve', *sys.argv[1:]], Path.cwd())"
ROWS = 5


@pytest.fixture(scope="module")
def place(known, tmp_path_factory):
    """A folder with models/serving of the modality's first network, not trained."""
    place = tmp_path_factory.mktemp("served")
    folder = place / "models/serving"
    folder.mkdir(parents=True)
    network, settings = open_network(known.name), known.settings["train"]
    name = known.samples.networks[0]
    built = ready(
        lambda: network.build(name, known.preparation, len(CLASSES), settings), known.inputs
    )
    columns = open_encode(known.name).columns(known.preparation)
    content = as_bytes(make_graph(ServedNetwork(built, [c.name for c in columns]), columns))
    (folder / MODEL_ONNX).write_bytes(content)
    np.savez(folder / REFERENCE_NPZ, nothing=np.zeros(1))
    probes = mixed(known.inputs)
    outputs, embeddings = ask(open_session(content, folder / MODEL_ONNX), probes, 64)
    about = {
        "modality": known.name,
        "preparation": known.preparation,
        "target_kind": "classes",
        "target": {"classes": CLASSES},
        "calibration": {"temperature": 1.0},
        "inputs": [column._asdict() for column in columns],
        "outputs": list(outputs.shape[1:]),
        "embedding": list(embeddings.shape[1:]),
        "rows_at_once": 64,
        "precision": "fp32",
        "probes": describe_probes(probes, outputs, "fp32"),
        "versions": {},
    }
    write_about(folder, about)
    return place


@pytest.fixture(scope="module")
def model(place):
    return open_model(place / "models/serving")


@pytest.fixture(scope="module")
def server(place):
    command = [sys.executable, "-c", RUN]
    with serving(place, "--keep-contents", "1", command=command) as running:
        yield running


def expected(model, contents) -> list[dict]:
    """What the model says in this process."""
    (answers,) = model.answer([model.prepare(contents)])
    return [answer.values for answer in answers]


def test_a_content_is_answered_as_by_the_model_itself(server, model, known):
    contents = list(known.contents[:ROWS])
    for content, values in zip(contents, expected(model, contents), strict=True):
        status, answer = server.ask_json("POST", "/predict", content)
        assert status == 200, answer
        assert answer["probabilities"] == pytest.approx(values["probabilities"], abs=1e-5)
        assert answer["model"] == model.version


def test_the_same_answers_by_the_open_inference_protocol(server, model, known):
    """As contents, in bytes behind the JSON; and as the columns of a shard."""
    contents = list(known.contents[:ROWS])
    wanted = [list(values["probabilities"].values()) for values in expected(model, contents)]
    behind = pack(contents)
    given = {"name": model.requests.CONTENT, "datatype": BYTES, "shape": [len(contents)]}
    given["parameters"] = {"binary_data_size": len(behind)}
    head = json.dumps({"inputs": [given], "outputs": [{"name": "probabilities"}]}).encode()
    status, _, body = server.ask(
        "POST", "/v2/models/model/infer", head + behind, {HEADER_LENGTH: str(len(head))}
    )
    assert status == 200, body
    found = np.reshape(json.loads(body)["outputs"][0]["data"], (len(contents), -1))
    np.testing.assert_allclose(found, wanted, atol=1e-5)

    inputs = model.prepare(contents).inputs
    tensors = [
        {
            "name": column.name,
            "datatype": DATATYPES[column.dtype],
            "shape": list(inputs[column.name].shape),
            "data": inputs[column.name].astype(object).ravel().tolist(),
        }
        for column in model.columns
    ]
    if all(np.isfinite(values.astype(np.float64)).all() for values in inputs.values()):
        body = {"inputs": tensors, "outputs": [{"name": "probabilities"}]}
        status, answer = server.ask_json("POST", "/v2/models/model/infer", body)
        assert status == 200, answer
        found = np.reshape(answer["outputs"][0]["data"], (len(contents), -1))
        np.testing.assert_allclose(found, wanted, atol=1e-5)


def test_what_is_no_content_costs_its_request_alone(server, known):
    for content in everything(known):
        status, answer = server.ask_json("POST", "/predict", content or b"")
        assert status in (200, 400, 413), (status, answer)
        if status != 200:
            assert list(answer) == ["error"]
            assert answer["error"].isprintable()
    for value in (None, 1, [], "text", {"nothing": 1}, {known.name: [1]}, [[[]]]):
        status, answer = server.ask_json("POST", "/predict", value)
        assert status in (200, 400), (value, answer)
    text = base64.b64encode(b"\0\xff no content").decode()
    for data in ([text], [None], [1], [], [[text]]):
        given = {"name": "x", "datatype": BYTES, "shape": [1], "data": data}
        status, _ = server.ask_json("POST", "/v2/models/model/infer", {"inputs": [given]})
        assert status == 400
    status, answer = server.ask_json("POST", "/predict", known.contents[0])
    assert status == 200
    assert "Traceback" not in "".join(server.lines)


def test_each_answer_is_recorded_with_its_content_as_data_raw_would_have_it(
    server, place, model, known
):
    content = known.contents[-1]
    status, answer = server.ask_json("POST", "/predict", content)
    assert status == 200
    (digest,) = model.prepare([content]).digests
    served = read_served(place / ".groundwork/serving").answers
    row = served["id"].to_pylist().index(answer["id"])
    assert served["digest"][row].as_py() == digest
    assert set(model.requests.MEASURED) <= set(served.column_names)
    (kept,) = (place / ".groundwork/serving/contents").glob(f"*/{digest}")
    # What is kept is a content again, of the same digest: so that it can be asked about later.
    assert model.prepare([kept.read_bytes()]).digests == [digest]
    assert expected(model, [kept.read_bytes()]) == expected(model, [content])
