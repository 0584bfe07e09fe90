"""Examples of each modality, and labels of each target, by which the contract tests go.

A new modality or target adds an entry to SAMPLES or TARGET_SAMPLES, and is tested.
"""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import pipeline.modalities
from pipeline.modalities.opening import MODALITIES
from tests.support.hostile_images import encode, exif
from tests.support.photos import photos
from tests.support.repository import ROOT

Sections = Mapping[str, Mapping[str, Any]]
SCRIPT = "<script>alert(1)</script>"
TINY = "series"  # the modality of tests/support/series


@dataclass(frozen=True)
class Samples:
    """Of a modality."""

    good: Callable[[], list[bytes]]
    """At least four contents that can be used, all different."""
    bad: Callable[[], list[bytes]]
    """Contents that cannot be used."""
    networks: Sequence[str]
    settings: Sections = field(default_factory=dict)
    """What the modality adds to the sections of params.yaml."""
    has_gaps: bool = False
    """Whether NaN is an input: a number that is missing."""


@dataclass(frozen=True)
class TargetSamples:
    """Of a target."""

    labels: Sequence[str]
    """Different ones, as texts of a source; some are hostile, where texts may be anything."""
    settings: Sections = field(default_factory=dict)


def some_images() -> list[bytes]:
    small, wide = photos(4, side=24), photos(4, seed=1, side=40)[:, :28]
    return [
        encode(small[0], "PNG"),
        encode(small[1], "JPEG", exif=exif(), quality=90),
        encode(small[2, :, :, 0], "PNG"),
        encode(wide[0], "JPEG", quality=70),
        encode(wide[1], "GIF"),
        encode(np.dstack([small[3], small[0, :, :, :1]]), "PNG"),
        encode(wide[2], "WEBP"),
        encode(np.zeros((24, 24, 3), np.uint8), "PNG"),
    ]


def broken_images() -> list[bytes]:
    good = some_images()
    return [good[0][: len(good[0]) // 2], good[1][:200], good[0].replace(b"IDAT", b"XDAT"), b"GIF"]


def some_series() -> list[bytes]:
    random = np.random.default_rng(0)
    lists = [random.normal(size=24).round(3).tolist() for _ in range(6)]
    return [json.dumps(numbers).encode() for numbers in [*lists, [0], [1e29, -1e-29]]]


def some_rows() -> list[bytes]:
    """Numbers, categories and truth values, each with gaps; one with hostile names and texts."""
    random = np.random.default_rng(0)
    rows: list[dict[str, Any]] = [
        {
            "age": int(random.integers(20, 90)),
            "dose": round(float(random.normal()), 3),
            "ward": str(random.choice(["A1", "B2", "C3"])),
            "urgent": bool(random.integers(2)),
            "seen": f"2024-0{1 + row}-17",
        }
        for row in range(6)
    ]
    rows += [{"age": None, "dose": 1e29, "ward": None, "urgent": None, "seen": None}]
    rows += [{"age": 44, SCRIPT: f"\"'><img src=x onerror=alert(1)>{SCRIPT}", "b": -1e308}]
    return [json.dumps(row).encode() for row in rows]


def some_events() -> list[bytes]:
    """Users with and without a history, and histories of nobody; one with hostile ids."""
    items = [f"i{number}" for number in range(6)]
    events: list[dict[str, Any]] = [
        {"user": f"u{row}", "item": "i1", "history": items[: row % 4], "num_of_user": 5 + row}
        for row in range(5)
    ]
    events += [{"user": 196}, {"history": ["i1", "i5"]}]
    events += [{"user": f"{SCRIPT}|*_[x](y)", "history": ["\"'><img src=x onerror=alert(1)>"]}]
    return [json.dumps(event).encode() for event in events]


def some_texts() -> list[bytes]:
    """Of several scripts, with personal values, and a hostile one."""
    return [
        text.encode()
        for text in (
            "The parcel arrived twice, and the invoice never did.",
            "le cafe\u0301 \u00e9tait ferme\u0301 : 12 \u20ac",
            "\u5317\u4eac\u7684\u5929\u6c14\u5f88\u597d\uff0c\u6211\u4eec\u53bb\u516c\u56ed\u5427\u3002",
            "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 123",
            "write to <email> or ring 020 7946 0958; www.example.org",
            f"\"'><img src=x onerror=alert(1)>{SCRIPT} \u202egnp.exe",
            "LINE one\r\nline two\twith a tab",
            "ok",
        )
    ]


SAMPLES: dict[str, Samples] = {
    "images": Samples(
        some_images,
        lambda: [*broken_images(), b"text", b"[1, 2]"],
        networks=("article_cnn", "resnet", "whitened_cnn", "whitened_resnet"),
        settings={
            "ingest": {"max_megapixels": 1.0},
            "augment": {
                "transforms": [
                    {"name": "affine", "degrees": 10.0, "scale": 0.1},
                    {"name": "flip"},
                    {"name": "rand_augment"},
                ],
                "resize": "pad",
            },
            "clean": {"transforms": [{"name": "translate", "fraction": 0.1}]},
            "train": {"transforms": [], "progressive": [], "views": "original", "weights": "none"},
            "evaluate": {"corrupted_examples": 10},
        },
    ),
    "tables": Samples(
        some_rows,
        lambda: [
            b'{"a": 1',
            b'{"a": NaN}',
            b"{}",
            b"[1]",
            b"7",
            b'{"a": null}',
            b'{"a": [1]}',
            b'{"a": 1, "a": 2}',
            b'{"a": 1e999}',
            b'{"a": "\\ud800"}',
        ],
        networks=("linear", "mlp", "tabm", "trees"),
        has_gaps=True,
    ),
    "interactions": Samples(
        some_events,
        lambda: [
            b'{"user": ""}',
            b'{"user": "a", "history": "i1"}',
            b'{"user": ["a"]}',
            b'{"user": "a", "value": 1e999}',
            b'{"user": "a", "num_of_user": -1}',
            b'{"user": "a", "user": "b"}',
            b'{"user": "\\ud800"}',
            b'{"item": "i1"}',
            b"[]",
            b"7",
        ],
        networks=("popularity", "ease", "als", "sasrec"),
    ),
    "text": Samples(
        some_texts,
        lambda: [b"", b" \t\n", "\u200b\ufeff".encode(), b"\xff\xfe\0", b"\xc3\x28\xe2\x82\xe2"],
        networks=("linear", "ngrams"),
        settings={"ingest": {"redact": ["email"]}},
    ),
    TINY: Samples(
        some_series,
        lambda: [b"[1, 2", b"[NaN]", b"[]", b"{}", b"[[1]]", b"null", b"7", b'["x"]', b"[1e999]"],
        networks=("line",),
        settings={"augment": {"noise": 0.5}},
    ),
}

ANYTHING: tuple[bytes | None, ...] = (
    None,
    b"",
    b" ",
    b"\0" * 1000,
    b"\xff\xfe" + "text".encode("utf-16-le"),
    np.random.default_rng(0).bytes(3000),
    b"plain text",
    SCRIPT.encode(),
    b"\x1b[31mred\x07 \r\n\x9b2J",
    "e\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT OVERRIDE}\N{LINE SEPARATOR}\U0001f600".encode(),
    b"\xed\xa0\x80",  # half of a surrogate pair
    b'"\\ud800"',
    b"9" * 5000,
    b"[" + b"9" * 400 + b"]",
    b"[1" + b"0" * 5000 + b"]",
    b"1e999",
    b"[1e999, 2]",
    b"[-1e308, 1e308]",
    b"NaN",
    b"[NaN, Infinity]",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b'[{"a": [1, {"b": null}]}]',
    b'{"a": 1, "a": 2}',
    b"a,b\n1,2\n",
    b"PAR1" + b"\0" * 100 + b"PAR1",
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"PK\x03\x04",
)
"""Contents of all kinds: each can be used or not, as the modality likes."""

TARGET_SAMPLES: dict[str, TargetSamples] = {
    "classes": TargetSamples(
        ("cat", f"b|{SCRIPT}`*_[x](y)", "$\\frac{ dog"),
        settings={
            "augment": {"balance": "sqrt"},
            "train": {"label_smoothing": 0.1},
            "validate": {"min_examples_per_class": 3},
        },
    ),
    "numbers": TargetSamples(
        ("3", "-0.5", "12.25", "1e3"),
        settings={
            "augment": {"target_scale": "standard"},
            "train": {"loss": "quantile", "quantile": 0.8},
        },
    ),
    "ranking": TargetSamples(("i1", f"b|{SCRIPT}`*_[x](y)", "$\\frac{ dog", "0042")),
}

KNOWN = [*MODALITIES, *({TINY} - {*MODALITIES})]


@contextmanager
def tiny_modality() -> Iterator[None]:
    """Within it, tests/support/series is a modality of this process."""
    if TINY in MODALITIES:  # in the clone of tests/whole/test_new_modality.py
        yield
        return
    with_tiny = str(ROOT / "tests/support")
    pipeline.modalities.__path__.append(with_tiny)
    MODALITIES[TINY] = f"pipeline.modalities.{TINY}"
    try:
        yield
    finally:
        del MODALITIES[TINY]
        pipeline.modalities.__path__.remove(with_tiny)
        forget_tiny()


def forget_tiny() -> None:
    package = f"pipeline.modalities.{TINY}"
    for name in [n for n in sys.modules if n == package or n.startswith(f"{package}.")]:
        del sys.modules[name]
    vars(pipeline.modalities).pop(TINY, None)
