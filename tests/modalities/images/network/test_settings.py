"""Networks in params.yaml: what is wrong with one is said before any work, most of it at once."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import pytest
from pydantic import AfterValidator

from pipeline.modalities.images.network.networks import build_network
from pipeline.modalities.images.network.settings import (
    NETWORKS,
    BatchTransform,
    Cutout,
    Flip,
    NetworkName,
    Progressive,
    ascending,
)
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import Settings, parse
from tests.support.repository import ROOT

EXPECTED = "one of article_cnn, resnet, whitened_cnn, whitened_resnet or torchvision:<name>"


class Section(Settings):
    """As stages have one."""

    model: NetworkName = "resnet"
    transforms: list[BatchTransform] = []
    progressive: Annotated[list[Progressive], AfterValidator(ascending)] = []


def read(**content: object) -> Section:
    return parse(Section, content, Path("params.yaml"))


def refusal(**content: object) -> str:
    with pytest.raises(SettingsError) as caught:
        read(**content)
    return caught.value.what.removeprefix("params.yaml: ")


@pytest.mark.parametrize("name", [*NETWORKS, "torchvision:resnet18"])
def test_a_name_that_is_known_can_be_built(name):
    assert read(model=name).model == name
    assert build_network(name, (32, 32, 3), 2) is not None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("resnet18", EXPECTED),
        ("", EXPECTED),
        ("torchvision", EXPECTED),
        ("torchvision:nothing", f"{EXPECTED} that torchvision.models has"),
        ("torchvision:", f"{EXPECTED} that torchvision.models has"),
        ("torchvision:list_models", f"{EXPECTED} that torchvision.models has"),
    ],
)
def test_an_unknown_name_is_refused(name, expected):
    assert refusal(model=name) == f"model must be {expected}, found {name!r}"


def test_names_are_refused_without_torch():
    """It takes seconds to import, which only they wait for who name a network of torchvision."""
    script = (
        "import sys\n"
        "from pipeline.modalities.images.network.settings import _network\n"
        "try:\n    _network('resnet18')\n"
        "except ValueError as error:\n    print(error, 'torch' in sys.modules)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert told.stdout == f"{EXPECTED} False\n"


def test_of_transforms_those_that_a_device_applies_to_batches():
    transforms = [{"name": "flip"}, {"name": "cutout", "fraction": 0.25}]
    assert read(transforms=transforms).transforms == [
        Flip(name="flip", probability=0.5),
        Cutout(name="cutout", fraction=0.25),
    ]
    assert refusal(transforms=[{"name": "color"}]) == (
        "transforms.0.name must be 'translate', 'flip' or 'cutout', found 'color'"
    )


def test_sizes_of_images_come_in_the_order_of_epochs():
    stages = [{"until": 0.25, "scale": 0.5}, {"until": 0.5, "scale": 0.75}]
    assert read(progressive=stages).progressive == [
        Progressive(until=0.25, scale=0.5),
        Progressive(until=0.5, scale=0.75),
    ]
    for wrong in (stages[::-1], [stages[0], stages[0]]):
        said = refusal(progressive=wrong)
        assert said.startswith("progressive must be in ascending order of `until`, found [{")


@pytest.mark.parametrize(
    ("stage", "what"),
    [
        ({"until": 0, "scale": 0.5}, "progressive.0.until must be greater than 0, found 0"),
        (
            {"until": 1.5, "scale": 0.5},
            "progressive.0.until must be less than or equal to 1, found 1.5",
        ),
        ({"until": 0.5, "scale": 1}, "progressive.0.scale must be less than 1, found 1"),
        ({"until": 0.5}, "key progressive.0.scale is missing"),
        ({"until": 0.5, "scale": 0.5, "size": 9}, "unknown key progressive.0.size"),
    ],
)
def test_a_wrong_size_is_refused(stage, what):
    assert refusal(progressive=[stage]) == what
