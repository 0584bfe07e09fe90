"""A new model takes the old one's place without a lost request; one that cannot is refused."""

import http.client
import json
import shutil
import threading
import time

import numpy as np
import pytest

from pipeline.dataset.served.tables import read_served
from pipeline.serving.folder import MODEL_ONNX, SERVING_JSON
from pipeline.serving.model import open_model
from tests.support.serving import replace_model, serving, write_model


class Clients:
    """Several that ask without a pause, over connections that stay open."""

    def __init__(self, server, content: bytes, number: int) -> None:
        self.answers: list[tuple[int, dict]] = []
        self._server, self._content = server, content
        self._is_over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(number)]

    def __enter__(self) -> "Clients":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *reason: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection(self._server.host, self._server.port, timeout=60)
        while not self._is_over.is_set():
            try:
                connection.request("POST", "/predict", self._content)
                answer = connection.getresponse()
                self.answers.append((answer.status, json.loads(answer.read())))
            except (OSError, http.client.HTTPException) as error:
                self.answers.append((0, {"error": repr(error)}))
                connection.close()  # the next request opens another


def test_no_request_is_lost_over_reloads(tmp_path, image):
    """And each answer names the model whose probabilities it has."""
    folder = tmp_path / "models/serving"
    write_model(folder, 0)
    versions = {open_model(folder).version: probabilities(folder, image(1))}
    with serving(tmp_path) as server, Clients(server, image(1), 4) as clients:
        for seed in range(1, 21):
            before = len(server.lines)
            replace_model(folder, seed)
            model = open_model(folder)
            versions[model.version] = probabilities(folder, image(1))
            server.process.send_signal(1)  # SIGHUP: now, not at the next look
            server.wait_for(f"serve: {model.version} in place of ", before)
        time.sleep(0.1)
    assert [values for status, values in clients.answers if status != 200] == []
    assert len(clients.answers) > 100
    seen = {values["model"] for _, values in clients.answers}
    assert seen <= set(versions)
    assert len(seen) > 10
    for _, values in clients.answers:
        assert values["probabilities"] == versions[values["model"]]
    served = read_served(tmp_path / ".groundwork/serving")
    recorded = set(served.answers["id"].to_pylist())
    assert {values["id"] for _, values in clients.answers} <= recorded


def probabilities(folder, content: bytes) -> dict:
    model = open_model(folder)
    (answered,) = model.answer([model.prepare([content])])[0]
    return answered.values["probabilities"]


def test_a_new_folder_is_seen_without_a_signal(tmp_path, image):
    folder = tmp_path / "models/serving"
    write_model(folder, 0)
    with serving(tmp_path) as server:
        replace_model(folder, 1)
        server.wait_for("in place of")
        assert server.metric('groundwork_reloads_total{result="taken"}') == 1
        assert server.ask_json("POST", "/predict", image(0))[1]["model"] == (
            open_model(folder).version
        )


def damage_graph(folder):
    path = folder / MODEL_ONNX
    content = bytearray(path.read_bytes())
    content[-20] ^= 1
    path.write_bytes(content)
    (folder / SERVING_JSON).touch()


def half_written(folder):
    (folder / MODEL_ONNX).write_bytes(b"")
    (folder / SERVING_JSON).touch()


def foreign_labels(folder):
    write_model(folder, 5, classes=["cat", "bird", "dog"])


def no_json(folder):
    (folder / SERVING_JSON).write_text("{")


def edited(folder):
    path = folder / SERVING_JSON
    path.write_text(path.read_text().replace("squash", "crop"))


def other_answers(folder):
    """A graph with digests that are right and probes of another."""
    about = json.loads((folder / SERVING_JSON).read_text())
    write_model(folder, 8)
    new = json.loads((folder / SERVING_JSON).read_text())
    from pipeline.serving.folder import OWN_DIGEST, write_about

    new.pop(OWN_DIGEST)
    write_about(folder, new | {"probes": about["probes"]})


def slow(*values: object) -> object:
    return pytest.param(*values, marks=pytest.mark.slow)


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (damage_graph, "model.onnx is not the file that serving.json describes"),
        (foreign_labels, "the new model has other labels: "),
        slow(half_written, "model.onnx is not the file that serving.json describes"),
        slow(no_json, "serving.json is damaged"),
        slow(edited, "serving.json is damaged"),
        (other_answers, "answers other than where it was exported"),
    ],
)
def test_a_model_that_cannot_be_served_is_refused(tmp_path, image, spoil, reason):
    folder = tmp_path / "models/serving"
    write_model(folder, 0)
    version = open_model(folder).version
    with serving(tmp_path) as server:
        before = len(server.lines)
        spoil(folder)
        server.wait_for(r"serve: not taken: .*\n", before)
        assert reason in server.lines[before]
        assert server.lines[before].endswith(f"; {version} goes on\n")
        assert len(server.lines) == before + 1
        assert server.ask_json("POST", "/predict", image(0))[1]["model"] == version
        assert server.metric('groundwork_reloads_total{result="refused"}') == 1
        assert "A new model was not taken: " in server.ask("GET", "/")[2].decode()
        shutil.rmtree(folder)
        replace_model(folder, 3)
        server.wait_for("in place of", before)
        assert "not taken" not in server.ask("GET", "/")[2].decode()


def test_a_model_whose_records_cannot_be_written_is_refused(tmp_path, image):
    """As on a full disk: no file can be opened for them."""
    folder = tmp_path / "models/serving"
    write_model(folder, 0)
    with serving(tmp_path) as server:
        records = tmp_path / ".groundwork/serving"
        new = tmp_path / "new"
        write_model(new, 1)
        (records / open_model(new).version).write_text("in the way")
        before = len(server.lines)
        replace_model(folder, 1)
        server.wait_for("not taken: ERROR .* cannot be read or written", before)
        assert server.ask_json("POST", "/predict", image(0))[0] == 200


def test_seeds_make_other_models(tmp_path, image):
    for seed in (0, 1):
        write_model(tmp_path / str(seed), seed)
    first, second = (probabilities(tmp_path / str(seed), image(1)) for seed in (0, 1))
    assert not np.allclose(list(first.values()), list(second.values()))
