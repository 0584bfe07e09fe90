"""Transforms in params.yaml: what is wrong with one is said before any work."""

import pickle
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from pipeline.modalities.images.encode.settings import Torchvision, Transform
from pipeline.runtime.errors import SettingsError
from pipeline.runtime.settings import Settings, parse

PATH = Path("params.yaml")
NAMES = (
    "'translate', 'flip', 'alternating_flip', 'cutout', 'color', 'affine', 'trivial_augment', "
    "'rand_augment' or 'torchvision'"
)


class Section(Settings):
    """As stages have one."""

    transforms: list[Transform]


def refusal(transform: dict[str, object]) -> tuple[str, str]:
    """What is wrong with the transform as the second of two, and what to do."""
    transforms = [{"name": "translate", "fraction": 0.1}, transform]
    with pytest.raises(SettingsError) as caught:
        parse(Section, {"transforms": transforms}, PATH)
    return caught.value.what.removeprefix("params.yaml: "), caught.value.fix


@pytest.mark.parametrize(
    ("transform", "what"),
    [
        ({"name": "rotate"}, f"name must be {NAMES}, found 'rotate'"),
        (
            {"name": "translate", "fraction": 2},
            "fraction must be less than 1, found 2",
        ),
        ({"name": "color", "hue": 0.6}, "hue must be less than or equal to 0.5, found 0.6"),
        (
            {"name": "affine", "degrees": -1},
            "degrees must be greater than or equal to 0, found -1",
        ),
        (
            {"name": "affine", "interpolation": "cubic"},
            "interpolation must be 'nearest' or 'bilinear', found 'cubic'",
        ),
        (
            {"name": "trivial_augment", "fill": 256},
            "fill must be less than or equal to 255, found 256",
        ),
        (
            {"name": "rand_augment", "magnitude": 9.5},
            "magnitude must be a valid integer, found 9.5",
        ),
        (
            {"name": "torchvision", "transform": "GausianBlur"},
            "transform must be a class of torchvision.transforms.v2 (did you mean GaussianBlur?), "
            "found 'GausianBlur'",
        ),
        (
            {"name": "torchvision", "transform": "functional"},
            "transform must be a class of torchvision.transforms.v2, found 'functional'",
        ),
        (
            {"name": "torchvision", "transform": "GaussianBlur", "kwargs": {"kernel": 3}},
            "kwargs must be what GaussianBlur takes (GaussianBlur.__init__() got an unexpected "
            "keyword argument 'kernel'), found {'kernel': 3}",
        ),
        (
            {"name": "torchvision", "transform": "GaussianBlur"},
            "kwargs must be what GaussianBlur takes (GaussianBlur.__init__() missing 1 required "
            "positional argument: 'kernel_size'), found {}",
        ),
        (
            {"name": "torchvision", "transform": "GaussianBlur", "kwargs": {"kernel_size": 2}},
            "kwargs must be what GaussianBlur takes (Kernel size value should be an odd and "
            "positive number.), found {'kernel_size': 2}",
        ),
        (
            {"name": "torchvision", "transform": "GaussianBlur", "kwargs": 3},
            "kwargs must be a section of `key: value` lines, found 3",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_value_is_refused(transform, what):
    key = what.split()[0]
    assert refusal(transform) == (
        f"transforms.1.{what}",
        f"set transforms.1.{key} to such a value in params.yaml",
    )


@pytest.mark.parametrize(
    ("transform", "what", "fix"),
    [
        (
            {"probability": 0.5},
            "key transforms.1.name is missing",
            "add `transforms.1.name:`",
        ),
        (
            {"name": "torchvision"},
            "key transforms.1.transform is missing",
            "add `transforms.1.transform:`",
        ),
        (
            {"name": "flip", "probabilty": 0.1},
            "unknown key transforms.1.probabilty",
            "did you mean probability?",
        ),
        (
            {"name": "alternating_flip", "probability": 0.5},
            "unknown key transforms.1.probability",
            "known keys: name",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_wrong_key_is_refused(transform, what, fix):
    assert refusal(transform) == (what, fix)


def test_a_transform_of_torchvision_is_built_with_its_arguments():
    settings = TypeAdapter(Transform).validate_python(
        {"name": "torchvision", "transform": "GaussianBlur", "kwargs": {"kernel_size": 5}}
    )
    assert isinstance(settings, Torchvision)
    assert list(settings.build().kernel_size) == [5, 5]
    assert pickle.loads(pickle.dumps(settings)) == settings  # it goes to the workers
