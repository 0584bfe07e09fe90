"""What tests of commands share: a small review to be in."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.modalities.images.content.decoding import encode_png
from tests.support.review_data import write_review

CLASSES = ["cat", "dog", "bird"]


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Five examples in doubt, `a` to `e`, and their three neighbours; the current folder."""
    import numpy as np

    random = np.random.default_rng(0)
    images: dict[str, bytes | None] = {
        id: encode_png(random.integers(0, 256, (4, 4, 3), dtype=np.uint8)) for id in "abcdexyz"
    }
    images["e"] = None
    rows: list[dict[str, Any]] = [
        {"id": "a", "given": "cat", "proposed": "dog", "neighbours": ["x", "y", "b", "gone"]},
        {"id": "b", "given": "cat", "proposed": "bird", "label_quality": 0.4},
        {"id": "c", "given": "dog", "proposed": "dog", "reasons": ["outlier", "leak"]},
        {"id": "d", "given": "dog", "proposed": "cat", "split": "test", "label_quality": 0.3},
        {"id": "e", "given": "bird", "proposed": "cat", "reasons": ["annotators", "label"]},
    ]
    rows[2] |= {"label_quality": None, "confidence": None}
    rows[2] |= {"like": "x", "like_split": "test", "like_label": "cat"}
    rows[4] |= {"votes": [{"label": "bird", "count": 2}, {"label": "cat", "count": 1}]}
    write_review(tmp_path, images, rows, CLASSES)
    monkeypatch.chdir(tmp_path)
    return tmp_path
