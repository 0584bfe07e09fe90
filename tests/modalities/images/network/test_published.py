"""What torchvision publishes: from the cache of torch.hub, by its digest, as tensors alone.

A network with random weights stands for the published one, under an address of its own.
"""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
import torch
from torchvision import models

from pipeline.modalities.images.network.published import DENSENET_NAME, published
from pipeline.runtime.errors import MissingInput, SettingsError
from tests.support.pets_network import start

MODEL = "torchvision:shufflenet_v2_x0_5"
WEIGHTS = models.ShuffleNet_V2_X0_5_Weights.DEFAULT


@pytest.fixture(scope="module")
def trained() -> torch.nn.Module:
    torch.manual_seed(5)
    return models.shufflenet_v2_x0_5(weights=None)


def publish(content: Any, monkeypatch) -> tuple[Path, str]:
    """Have the address of the weights end as the digest of `content` wants; returns where torch.hub
    would keep them, and the address, where nobody listens."""
    digest = hashlib.sha256(content).hexdigest()[:10]
    url = f"http://127.0.0.1:9/shufflenet-{digest}.pth"
    monkeypatch.setattr(WEIGHTS.value, "url", url)
    return Path(torch.hub.get_dir()) / "checkpoints" / f"shufflenet-{digest}.pth", url


def pickled(value: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer)
    return buffer.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))


def test_published_weights_are_taken_from_the_cache(trained, monkeypatch):
    content = pickled(trained.state_dict())
    file, _ = publish(content, monkeypatch)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    network, begun = start("torchvision", MODEL, (32, 48, 3), list("abcd"))
    theirs, found = trained.state_dict(), network.state_dict()
    new = {name for name in found if not torch.equal(found[name], theirs[name])}
    assert new == {"fc.weight", "fc.bias"}
    num = len(found)
    assert begun.message == (
        f"starts from torchvision: {num - 2} of {num} tensors, new head of 4 outputs; "
        "was trained on 224 x 224 pixels, these are 48 x 32"
    )
    assert begun.scaling[0] == pytest.approx([123.675, 116.28, 103.53])
    assert begun.scaling[1] == pytest.approx([58.395, 57.12, 57.375])
    assert begun.start.about == {
        "start": {
            "weights": f"{MODEL} IMAGENET1K_V1",
            "sha256": hashlib.sha256(content).hexdigest(),
            "dataset": "ImageNet-1K",
            "license": None,
        }
    }


def refusal() -> str:
    with pytest.raises(MissingInput) as caught:
        published(MODEL, "torchvision")
    return str(caught.value)


def test_without_a_network_the_address_and_the_place_are_named(trained, monkeypatch):
    file, url = publish(b"", monkeypatch)
    told = refusal()
    assert told.startswith(f"ERROR the weights of {MODEL} cannot be had from {url}: ")
    assert told.endswith(f" | fix: bring that file here as {file}, or set train.weights: none")
    assert not file.exists()


def test_a_file_in_the_cache_with_another_digest_is_not_opened(monkeypatch):
    file, _ = publish(b"published", monkeypatch)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"damaged")
    found = hashlib.sha256(b"damaged").hexdigest()[:8]
    expected = hashlib.sha256(b"published").hexdigest()[:10]
    assert refusal() == (
        f"ERROR {file} is damaged: its digest should begin with {expected}, found {found}"
        " | fix: remove it, and the next run fetches it again"
    )


class Evil:
    def __reduce__(self) -> tuple:
        return Path("opened").touch, ()


def test_nothing_but_tensors_is_read_from_it(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    content = pickled({"fc.weight": Evil()})
    file, _ = publish(content, monkeypatch)
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    with pytest.raises(Exception, match="Weights only load failed"):
        published(MODEL, "torchvision")
    assert not Path("opened").exists()


def test_only_a_network_of_torchvision_has_them():
    with pytest.raises(SettingsError) as caught:
        published("resnet", "torchvision")
    assert str(caught.value) == (
        "ERROR params.yaml: train.weights is torchvision, but model is resnet"
        " | fix: set model: torchvision:<name>, or train.weights: none"
    )


def test_old_names_of_densenets():
    def renamed(name: str) -> str:
        return DENSENET_NAME.sub(r"\1\2", name)

    old = "features.denseblock1.denselayer12.norm.2.running_mean"
    assert renamed(old) == "features.denseblock1.denselayer12.norm2.running_mean"
    for new in ("features.denseblock1.denselayer12.norm2.bias", "features.norm.2", "layer1.0.conv"):
        assert renamed(new) == new


@pytest.mark.parametrize("name", models.list_models(module=models))
def test_every_network_of_torchvision_has_weights_with_all_that_is_asked_of_them(name):
    weights = models.get_model_weights(name).DEFAULT
    preset = weights.transforms()
    assert len(preset.mean) == len(preset.std) == 3
    assert len(preset.crop_size) == 1
    assert weights.meta["categories"]
    digest = Path(weights.url).stem.rpartition("-")[2]
    assert int(digest, 16) >= 0
    assert len(digest) >= 8
