"""What tests of serve share: a real server in a process of its own, and images to ask about."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from pipeline.modalities.images.content.decoding import encode_png
from pipeline.serving.model import Model, open_model
from tests.support.serving import Running, serving, write_model


@pytest.fixture(scope="session")
def image() -> Callable[[int], bytes]:
    """A PNG of noise, another for each number, of the model's shape."""

    def make(number: int) -> bytes:
        random = np.random.default_rng(number)
        return encode_png(random.integers(0, 256, (8, 8, 1), dtype=np.uint8))

    return make


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models/serving."""
    place = tmp_path_factory.mktemp("served")
    write_model(place / "models/serving")
    return place


@pytest.fixture(scope="module")
def model(place: Path) -> Model:
    """The same model in this process, to compare with."""
    return open_model(place / "models/serving")


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Running]:
    """One that the tests of a module share."""
    with serving(place) as running:
        yield running
