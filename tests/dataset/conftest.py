"""What tests of the dataset share: a folder to be in, and small encoded images."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.images import encode_png


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one, as the root of a repository would be."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def png() -> Callable[..., bytes]:
    """Makes a PNG of noise, another for each number."""

    def make(number: int, height: int = 4, width: int = 4, channels: int = 1) -> bytes:
        random = np.random.default_rng(number)
        return encode_png(random.integers(0, 256, (height, width, channels), dtype=np.uint8))

    return make
