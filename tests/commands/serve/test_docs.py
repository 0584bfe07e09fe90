"""The quick start of docs/serve.md, and its Python client, as they stand there."""

import json
import re
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.support.repository import BIN, ROOT, environment
from tests.support.serving import serving, write_model

PAGE = (ROOT / "docs/serve.md").read_text(encoding="utf-8")
MADE_BEFORE = ("make run", ". .venv/bin/activate")
"""What tests/whole runs: the environment, and all stages."""


def block(language: str) -> str:
    """The first block of code of a language."""
    found = re.search(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return found[1]


def commands() -> list[str]:
    lines = [line[2:] for line in block("console").splitlines() if line.startswith("$ ")]
    return [re.sub(r"\s+#.*", "", line) for line in lines]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with what `make run` leaves to be served, and a photo."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind(("127.0.0.1", 8000))
        except OSError:
            pytest.skip("something else listens at port 8000, which the page uses")
    (tmp_path / "pipeline").symlink_to(ROOT / "pipeline")
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    write_model(tmp_path / "models/serving", shape=(8, 8, 3))
    noise = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "photo.jpg")
    return tmp_path


def test_the_quick_start_is_what_happens(project):
    before, serve, curl = commands()[:-2], *commands()[-2:]
    assert tuple(before) == MADE_BEFORE
    assert serve == "groundwork serve"
    launcher = [sys.executable, str(ROOT / "groundwork_launcher.py")]
    command = [*launcher, *serve.split()[1:]]
    with serving(project, command=command, port=None) as server:
        said = [line for line in block("console").splitlines() if line.startswith("serve: ")]
        for line, expected in zip(server.lines, said, strict=True):
            # Which model, and how many labels, differ.
            pattern = re.sub(r"[0-9a-f]{12}|\d+ labels", "ANY", expected)
            assert re.sub(r"[0-9a-f]{12}|\d+ labels", "ANY", line.strip()) == pattern
        done = subprocess.run(
            curl, shell=True, cwd=project, capture_output=True, text=True, check=True
        )
        answer = json.loads(done.stdout)
        assert list(answer) == ["id", "class", "probability", "probabilities", "model"]
        shown = block("console").splitlines()[-1]
        assert re.findall(r'"(\w+)": ', shown) == list(answer)
        client = subprocess.run(
            [sys.executable, "-c", block("python")],
            cwd=project,
            env=environment() | {"PATH": str(BIN)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert answer["class"] in client.stdout
