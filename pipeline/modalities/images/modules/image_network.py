"""A network that takes images of shards: uint8 `(N, H, W, C)` in the column `x`.

It applies the settings of params.yaml for batches of images, around any of the networks of
networks.py, which take normalised floats `(N, C, H, W)`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.dataset.shards.column import INPUT
from pipeline.modalities.images.modules.on_device import (
    Normalizer,
    augment_batch,
    num_within,
    scale_at,
    shrink,
    weighted_views,
)
from pipeline.modalities.protocols.network import Batch, Moment

LOOKED_AT_PIXELS = 5000 * 32 * 32  # enough images to estimate their variance
BF16_MIN_PIXELS = 16 * 16
"""Below this size of image bf16 on a CPU costs more in conversions than it gains
(docs/decisions/bf16-on-a-cpu.md)."""
PREDICTED_AT_ONCE = 1000
PREDICTED_PIXELS = PREDICTED_AT_ONCE * 64 * 64  # fewer at once if images are larger


class ImageNetwork(nn.Module):
    """Normalises images, augments them in training, and answers with the mean over views.

    Its state is that of the inner network, name by name: mean and standard deviation are in
    model.json.
    """

    def __init__(
        self,
        network: nn.Module,
        preparation: Mapping[str, Any],
        *,
        transforms: Sequence[Any] = (),
        progressive: Sequence[Any] = (),
        views: str = "original",
    ) -> None:
        """Put `network` behind a normalisation.

        Args:
            network: takes normalised images `(N, C, H, W)`; may have `look_at`, `begin_epoch`,
                `embed` and `read_out`.
            preparation: `shape` `(H, W, C)`, `mean` and `std` by channel, of pixels from 0 to 255.
            transforms: for each batch in training; see `augment_batch`.
            progressive: epochs with smaller images; see `scale_at`.
            views: versions of an image to classify; see `forward`.
        """
        super().__init__()
        self.network = network
        self.normalize = Normalizer(preparation["mean"], preparation["std"])
        self.transforms, self.progressive, self.views = transforms, progressive, views
        shape = preparation["shape"]
        self.rows_at_once = min(PREDICTED_AT_ONCE, num_within(PREDICTED_PIXELS, shape))
        looks = hasattr(network, "look_at")
        self.num_looked_at = num_within(LOOKED_AT_PIXELS, shape) if looks else 0

    def forward(self, inputs: Batch) -> Tensor:
        """Logits `(N, K)` of uint8 images `(N, H, W, C)`, in training also of shrunk floats.

        With `views` other than `original` they are, outside of training, the weighted mean over
        several versions of each image (test-time augmentation as in airbench, Jordan 2024, arXiv
        2404.00498): `mirrored` adds its mirror image, `shifted` two shifts by a pixel,
        `mirrored_and_shifted` both, six in all.
        """
        seen = self.normalize(inputs[INPUT])
        if self.training:
            logits: Tensor = self.network(seen)
            return logits
        weighted = [self.network(view).float() * w for view, w in weighted_views(seen, self.views)]
        return torch.stack(weighted).sum(0)

    def embed(self, inputs: Batch) -> Tensor:
        """Inputs of the last layer for unchanged images, `(N, D)`."""
        network: Any = self.network
        embeddings: Tensor = network.embed(self.normalize(inputs[INPUT]))
        return embeddings

    def read_out(self, embeddings: Tensor) -> Tensor:
        """Logits `(N, K)` of embeddings `(N, D)`."""
        network: Any = self.network
        logits: Tensor = network.read_out(embeddings)
        return logits

    def answer_and_embed(self, inputs: Batch) -> tuple[Tensor, Tensor]:
        """Logits `(N, K)` outside of training, and the inputs of the last layer, `(N, D)`.

        Any network has a last layer with weights; if its inputs are maps, `(N, D, H, W)`, their
        mean over places is taken. The first of several views is the unchanged image.
        """
        seen: list[Tensor] = []
        hook = last_layer(self.network).register_forward_pre_hook(
            lambda _layer, given: seen.append(given[0])
        )
        try:
            logits = self(inputs)
        finally:
            hook.remove()
        return logits, seen[0].flatten(2).mean(2) if seen[0].ndim > 2 else seen[0]

    def look_at(self, inputs: Batch) -> None:
        """Show normalised images to the inner network, on the host: MPS has no float64."""
        network: Any = self.network
        network.look_at(self.normalize(inputs[INPUT]).cpu())

    def begin_epoch(self, done: float) -> None:
        if begin_epoch := getattr(self.network, "begin_epoch", None):
            begin_epoch(done)

    def vary(self, inputs: Batch, moment: Moment) -> dict[str, Tensor]:
        """Augment a batch as a function of the moment; images are smaller in early epochs."""
        images = augment_batch(
            inputs[INPUT],
            self.transforms,
            seed=moment.seed,
            epoch=moment.epoch,
            step=moment.step,
            part=moment.part,
        )
        return {INPUT: shrink(images, scale_at(self.progressive, moment.done))}

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """The state of the inner network."""
        return self.network.state_dict(*args, **kwargs)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Load the state of the inner network."""
        return self.network.load_state_dict(*args, **kwargs)


def last_layer(network: nn.Module) -> nn.Module:
    """The layer with weights that was defined last, which is the head of networks for images."""
    return [m for m in network.modules() if isinstance(m, nn.Linear | nn.Conv2d)][-1]


def gains_by_bf16(preparation: Mapping[str, Any]) -> bool:
    """See protocols/network.py."""
    height, width, _ = preparation["shape"]
    return bool(height * width >= BF16_MIN_PIXELS)
