"""The steps of Containerfile, taken in a folder with an environment of its own.

No container runtime is needed: COPY copies, RUN pip installs into a fresh environment from the same
lock, CMD starts what it names. What is not shown is the base image, and its user.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import BIN, ROOT
from tests.support.serving import serving, write_model

pytestmark = pytest.mark.slow

TOKEN = "0123456789abcdef"
FOREIGN = ("torch", "pyarrow", "pandas", "scipy", "dvc", "onnx")


def steps() -> list[tuple[str, str]]:
    """Instructions of Containerfile and what they say."""
    text = (ROOT / "Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


@pytest.fixture(scope="module")
def image(tmp_path_factory) -> Path:
    """The folder that is /app there, with its environment beside it."""
    build, app = tmp_path_factory.mktemp("build"), tmp_path_factory.mktemp("image") / "app"
    write_model(build / "models/serving")
    for name in ("pipeline", "requirements-serve.txt"):
        (build / name).symlink_to(ROOT / name)
    app.mkdir()
    python = app.parent / "env/bin/python"
    for instruction, rest in steps():
        if instruction == "COPY":
            source, target = rest.split()
            place = app / target / (source if target == "." else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (build / source).is_dir() else shutil.copy
            copy(build / source, place)
        elif instruction == "RUN" and (found := re.search(r"pip install (.*)", rest)):
            options = shlex.split(found[1].replace("--no-cache-dir", ""))
            uv = str(BIN / "uv")
            subprocess.run([uv, "venv", "-q", "-p", sys.executable, python.parents[1]], check=True)
            subprocess.run(
                [uv, "pip", "install", "-q", "--python", python, *options], cwd=app, check=True
            )
    return app


def test_what_the_image_starts_answers(image):
    (command,) = (json.loads(rest) for instruction, rest in steps() if instruction == "CMD")
    assert command[0] == "python"
    command = [str(image.parent / "env/bin/python"), *command[1:]]
    records = image.parent / "records"
    command[command.index("/records")] = str(records)
    env = {name: "" for name in os.environ if name.startswith("PYTHON")}
    headers = {"Authorization": f"Bearer {TOKEN}"}
    with serving(
        image, env=env | {"GROUNDWORK_TOKEN": TOKEN, "PYTHONPATH": ""}, command=command
    ) as server:
        server.host = "127.0.0.1"
        status, answer = server.ask_json("GET", "/v2/models/model", headers=headers)
        assert (status, answer["platform"]) == (200, "onnxruntime_onnx")
        assert server.ask_json("GET", "/v2/health/ready")[0] == 200
        assert server.ask("POST", "/predict", b"no image")[0] == 401
        status, answer = server.ask_json("POST", "/predict", b"no image", headers)
        assert (status, list(answer)) == (400, ["error"])
        assert server.end() == 0
    assert list(records.rglob("*.rec"))


def test_the_environment_is_small_and_has_nothing_for_training(image):
    python = image.parent / "env/bin/python"
    found = f"import importlib.util as u; print([n for n in {FOREIGN} if u.find_spec(n)])"
    done = subprocess.run([python, "-c", found], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    num_bytes = sum(
        p.stat().st_size for p in image.parent.joinpath("env").rglob("*") if p.is_file()
    )
    print(f"{num_bytes / 1e6:.0f} MB")
    assert num_bytes < 260e6
