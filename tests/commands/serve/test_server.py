"""A real server answers real clients: what it says, what it refuses, and what it leaves behind."""

import base64
import io
import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.dataset.served.tables import read_served
from pipeline.serving.http.access import TOKEN_VARIABLE
from tests.support.repository import ROOT, environment
from tests.support.serving import CLASSES, SERVE, serving, write_model

TOKEN = "0123456789abcdef0123"


def expected(model, content: bytes) -> dict:
    (answered,) = model.answer([model.prepare([content])])[0]
    return answered.values


def test_bytes_and_json_are_answered_as_the_model_does(server, model, image):
    for number in range(5):
        status, values = server.ask_json("POST", "/predict", image(number))
        assert status == 200
        body = {"image": base64.b64encode(image(number)).decode()}
        assert (
            server.ask_json("POST", "/predict", body)[1].items()
            >= expected(model, image(number)).items()
        )
        assert values.pop("model") == model.version
        assert len(values.pop("id")) == 36
        assert values == expected(model, image(number))


def test_a_photo_is_seen_as_in_training(server, model):
    """Turned by its EXIF, of four colours and another size."""
    pixels = np.random.default_rng(0).integers(0, 256, (40, 30, 4), dtype=np.uint8)
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels, "CMYK").save(buffer, "JPEG", exif=exif)
    values = server.ask_json("POST", "/predict", buffer.getvalue())[1]
    assert values.items() >= expected(model, buffer.getvalue()).items()


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"", "", "send image as the body"),
        (b"text", "", "image cannot be read: no image in any of JPEG, PNG, WEBP, GIF"),
        (b"\x89PNG\r\n\x1a\n", "", "image cannot be read: "),
        (b"{", "application/json", "the request is no JSON: "),
        (b"[" * 100_000, "application/json", "the request is no JSON: "),
        (b'{"image": 7}', "application/json", 'expected {"image": '),
        (b'{"image": "%%%"}', "application/json; charset=utf-8", "image is no base64"),
        (b'"\\ud800"', "application/json", 'expected {"image": '),
        (b"\xff\xfe", "application/json", "the request is no JSON: "),
    ],
)
def test_what_cannot_be_read_is_refused(server, body, kind, error):
    status, values = server.ask_json("POST", "/predict", body, {"Content-Type": kind})
    assert status == 400
    assert values["error"].startswith(error)
    assert list(values) == ["error"]


def test_a_bomb_is_refused_by_its_header(server):
    width = (20_000).to_bytes(4)
    bomb = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + width * 2 + b"\x08\0\0\0\0"
    assert server.ask_json("POST", "/predict", bomb)[0] == 400
    buffer = io.BytesIO()
    Image.new("L", (6000, 3000)).save(buffer, "PNG")
    status, values = server.ask_json("POST", "/predict", buffer.getvalue())
    assert (status, values["error"]) == (
        400,
        "image cannot be read: 6000 x 3000 pixels, more than 16000000 allowed",
    )


def test_other_addresses_and_methods(server):
    assert server.ask_json("GET", "/nothing") == (404, {"error": "Not Found: see /"})
    assert server.ask_json("PUT", "/predict")[0] == 405
    assert server.ask_json("GET", "/../../etc/passwd")[0] == 404
    assert server.ask_json("GET", "/v2/health/live") == (200, {"live": True})
    assert server.ask_json("GET", "/v2/health/ready") == (200, {"ready": True})


def test_labels_that_come_later(server, place, image):
    id = server.ask_json("POST", "/predict", image(0))[1]["id"]
    assert server.ask_json("POST", "/feedback", {"id": id, "label": "dog"}) == (
        200,
        {"id": id, "label": "dog"},
    )
    truths = read_served(place / ".groundwork/serving").truths
    assert (id, "dog") in zip(*(truths[name].to_pylist() for name in ("id", "label")), strict=True)
    for wrong in (
        {"id": id},
        {"id": id, "label": "cow"},
        {"id": id, "label": 3},
        {"id": "a", "label": "dog"},
        {"id": 4, "label": "dog"},
        {"id": id, "label": "dog", "more": 1},
        [],
    ):
        status, values = server.ask_json("POST", "/feedback", wrong)
        assert (status, list(values)) == (400, ["error"])


def test_every_answer_has_a_record(tmp_path, image):
    write_model(tmp_path / "models/serving")
    with serving(tmp_path) as server:
        answers = [server.ask_json("POST", "/predict", image(n))[1] for n in range(5)]
        server.ask_json("POST", "/predict", b"no image")
        served = read_served(tmp_path / ".groundwork/serving")
    assert served.num_torn == 0
    assert served.answers["id"].to_pylist() == [answer["id"] for answer in answers]
    outputs = np.array(served.answers["outputs"].to_pylist())
    assert [CLASSES[best] for best in outputs.argmax(1)] == [a["class"] for a in answers]
    assert np.array(served.answers["brightness"]).min() > 0.1
    assert not list(tmp_path.rglob("contents"))


def test_contents_are_kept_where_people_ask_for_it_and_stripped(tmp_path):
    write_model(tmp_path / "models/serving")
    buffer = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "a name"
    Image.new("L", (8, 8), 77).save(buffer, "JPEG", exif=exif, comment=b"a place")
    with serving(tmp_path, "--keep-contents", "3") as server:
        for _ in range(2):
            assert server.ask_json("POST", "/predict", buffer.getvalue())[0] == 200
        digests = read_served(tmp_path / ".groundwork/serving").answers["digest"].to_pylist()
    (kept,) = (path for path in tmp_path.rglob("contents/*/*"))
    assert [kept.name] * 2 == digests
    content = kept.read_bytes()
    assert Image.open(io.BytesIO(content)).size == (8, 8)
    assert b"a name" not in content
    assert b"a place" not in content


def test_metrics_count_what_happened(tmp_path, image):
    write_model(tmp_path / "models/serving")
    with serving(tmp_path) as server:
        labels = [server.ask_json("POST", "/predict", image(n))[1]["class"] for n in range(4)]
        server.ask_json("POST", "/predict", b"no image")
        label = labels[0]
        assert server.metric(f'groundwork_predictions_total{{label="{label}"}}') == labels.count(
            label
        )
        assert server.metric('groundwork_requests_total{code="400"}') == 1
        assert server.metric('groundwork_rejected_total{reason="content"}') == 1
        assert server.metric("groundwork_records_total") == 4
        assert server.metric("groundwork_confidence_count") == 4
        assert server.metric('groundwork_stage_seconds_count{stage="forward"}') >= 4
        assert server.metric("groundwork_records_lost_total") == 0


def test_pages_of_other_sites_may_not_ask(server, image):
    origin = {"Origin": "http://evil.example"}
    assert server.ask_json("POST", "/predict", image(0), origin)[0] == 403
    rebound = {"Host": "evil.example"}
    assert server.ask_json("POST", "/predict", image(0), rebound)[0] == 403
    own = {"Origin": server.url}
    assert server.ask_json("POST", "/predict", image(0), own)[0] == 200


def test_from_elsewhere_a_token_is_needed(place, image):
    with serving(place, "--host", "0.0.0.0", env={TOKEN_VARIABLE: TOKEN}) as server:
        server.host = "127.0.0.1"
        basic = base64.b64encode(f"me:{TOKEN}".encode()).decode()
        rights = [f"Bearer {TOKEN}", f"bearer {TOKEN}", f"Basic {basic}"]
        wrongs = ["", "Bearer", f"Bearer {TOKEN}x", "Basic %", TOKEN, "Basic " + "QQ=="]
        for paths in ("/predict", "/feedback", "/v2/models/model/infer"):
            status, headers, _ = server.ask("POST", paths, image(0))
            assert status == 401
            assert headers["www-authenticate"].startswith("Basic")
        for path in ("/", "/metrics", "/v2", "/v2/models/model"):
            assert server.ask("GET", path)[0] == 401
        for wrong in wrongs:
            assert server.ask("GET", "/", None, {"Authorization": wrong})[0] == 401
        for right in rights:
            headers = {"Authorization": right, "Host": "photos.example"}
            assert server.ask("POST", "/predict", image(0), headers)[0] == 200
        assert server.ask("GET", "/v2/health/ready")[0] == 200


def refuse(place: Path, *arguments: str, **env: str) -> str:
    """What a command that must not start prints."""
    done = subprocess.run(
        [*SERVE, *arguments],
        cwd=place,
        env=environment() | {"PYTHONPATH": str(ROOT)} | env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_what_cannot_start_says_why(place, tmp_path):
    assert refuse(place, "--host", "0.0.0.0").startswith(
        "ERROR --host 0.0.0.0 can be reached from elsewhere, which needs a token | fix: export "
    )
    assert "at least 16 ASCII letters" in refuse(place, GROUNDWORK_TOKEN="short")
    assert refuse(tmp_path, "--port", "0").startswith("ERROR models/serving/serving.json does not")
    assert "99.9.9.9:0 cannot be listened at" in refuse(
        place, "--host", "99.9.9.9", "--port", "0", GROUNDWORK_TOKEN=TOKEN
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        assert f"127.0.0.1:{port} cannot be listened at: " in refuse(place, "--port", port)
    (tmp_path / "file").write_text("")
    assert "file" in refuse(place, "--port", "0", "--records", str(tmp_path / "file"))


def test_a_server_ends_when_all_is_answered(place):
    with serving(place) as server:
        assert server.end() == 0
        assert server.lines[-2:] == ["serve: ended\n", "(end)\n"]


HEAVY = """
import sys
from pipeline.serving.server import Options, Server
from pathlib import Path
options = Options(Path("models/serving"), "model", "127.0.0.1", 0, None, Path("records"), None)
server = Server(options)
heavy = ("torch", "pyarrow", "pandas", "scipy", "sklearn", "matplotlib", "dvc", "onnx")
print([name for name in heavy if name in sys.modules])
"""


def test_a_server_has_neither_torch_nor_arrow_nor_pandas(place):
    done = subprocess.run(
        [sys.executable, "-c", HEAVY],
        cwd=place,
        env=environment() | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def test_an_answer_is_json_that_everybody_reads(server, image):
    status, headers, body = server.ask("POST", "/predict", image(0))
    assert status == 200
    assert headers["content-type"] == "application/json"
    assert "server" not in headers
    assert json.loads(body)["probability"] <= 1
