"""Networks for small images whose first layer whitens pixels, after airbench."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.modalities.images.modules.small_convolution import SmallConv2d

SMALL_SIDE = 16  # pixels; images below it need fewer channels (docs/decisions/bf16-on-a-cpu.md)


class WhitenedCNN(nn.Module):
    """A network for small images that learns fast (airbench94, Jordan 2024, arXiv 2404.00498).

    Its first layer decorrelates the pixels of 2x2 patches; only its bias is trained, and only in
    the first epochs, so that later ones need no gradients of the largest maps. Convolutions start
    as identities, so that gradients reach all layers from the first step; batch norms have no
    scale. Written for Muon with label smoothing; `fit` calls `look_at` before the first step.

    Unlike the source's, its last block has a residual: maps are small there and it costs little.
    """

    NUM_RESIDUAL = 1
    """Number of blocks, from the last, with a residual."""
    BIAS_LEARNS_UNTIL = 0.3
    """Share of the epochs; the source: 3 of about 10."""
    WIDTHS: tuple[int, ...] = (64, 256, 256)
    SMALL_WIDTHS: tuple[int, ...] = (32, 64, 64)

    def __init__(
        self,
        height: int,
        width: int,
        channels: int,
        num_outputs: int,
        widths: tuple[int, ...] | None = None,
    ) -> None:
        super().__init__()
        if widths is None:
            widths = self.WIDTHS if min(height, width) >= SMALL_SIDE else self.SMALL_WIDTHS
        whitened = 2 * 4 * channels
        self.whitening = nn.Conv2d(channels, whitened, 2)
        self.whitening.weight.requires_grad = False
        self.is_whitened = False
        self.register_load_state_dict_post_hook(_has_been_whitened)  # type: ignore[no-untyped-call]
        blocks: list[nn.Module] = []
        side, channels_in = min(height, width) - 1, whitened
        for place, channels_out in enumerate(widths, start=1):
            has_residual = place > len(widths) - self.NUM_RESIDUAL
            make_block = WhitenedResidualBlock if has_residual else WhitenedBlock
            blocks.append(make_block(channels_in, channels_out, pool=side >= 2))
            side, channels_in = max(1, side // 2), channels_out
        self.blocks = nn.Sequential(*blocks)
        self.head = nn.Linear(widths[-1], num_outputs, bias=False)
        with torch.no_grad():
            self.head.weight /= self.head.weight.std()

    @torch.no_grad()
    def whiten(self, images: Tensor) -> None:
        """Set the first layer from normalised images `(N, C, H, W)`: its outputs for their patches
        are uncorrelated with unit variance, each direction also negated, since GELU passes one
        side."""
        channels = images.shape[1]
        patches = images.float().unfold(2, 2, 1).unfold(3, 2, 1).permute(0, 2, 3, 1, 4, 5)
        rows = patches.reshape(-1, 4 * channels).double()
        variances, directions = torch.linalg.eigh(rows.T @ rows / len(rows))
        filters = (directions / (variances.clamp(min=0) + 5e-4).sqrt()).T.flip(0)
        filters = filters.view(-1, channels, 2, 2).to(self.whitening.weight)
        self.whitening.weight.copy_(torch.cat([filters, -filters]))
        nn.init.zeros_(self.whitening.bias)  # type: ignore[arg-type]
        self.is_whitened = True

    def look_at(self, inputs: Tensor) -> None:
        """Call `whiten` with normalised images `(N, C, H, W)`, unless weights were loaded."""
        if not self.is_whitened:
            self.whiten(inputs)

    def begin_epoch(self, done: float) -> None:
        """Freeze the bias of the first layer after a fraction BIAS_LEARNS_UNTIL of the epochs."""
        if done >= self.BIAS_LEARNS_UNTIL:
            assert self.whitening.bias is not None
            self.whitening.bias.requires_grad = False

    def embed(self, images: Tensor) -> Tensor:
        """Inputs of the last layer for images `(N, C, H, W)`: `(N, D)`."""
        features: Tensor = self.blocks(F.gelu(self.whitening(images))).amax((2, 3))
        return features

    def read_out(self, embeddings: Tensor) -> Tensor:
        """Logits `(N, K)` of embeddings `(N, D)`."""
        logits: Tensor = self.head(embeddings) / embeddings.shape[1]
        return logits

    def forward(self, images: Tensor) -> Tensor:
        return self.read_out(self.embed(images))


def _has_been_whitened(network: WhitenedCNN, _incompatible_keys: object) -> None:
    network.is_whitened = True


class WhitenedBlock(nn.Module):
    """Two convolutions with norms, at half the resolution of the input."""

    def __init__(self, channels_in: int, channels_out: int, *, pool: bool) -> None:
        super().__init__()
        self.first = _convolution(channels_in, channels_out)
        self.pool = nn.MaxPool2d(2) if pool else nn.Identity()
        self.first_norm = _norm(channels_out)
        self.second = _convolution(channels_out, channels_out)
        self.second_norm = _norm(channels_out)

    def forward(self, features: Tensor) -> Tensor:
        features = F.gelu(self.first_norm(self.pool(self.first(features))))
        return F.gelu(self.second_norm(self.second(features)))


class WhitenedResidualBlock(WhitenedBlock):
    """A convolution, at half the resolution of the input, and a residual of two more."""

    def __init__(self, channels_in: int, channels_out: int, *, pool: bool) -> None:
        super().__init__(channels_in, channels_out, pool=pool)
        self.third = _convolution(channels_out, channels_out)
        self.third_norm = _norm(channels_out)

    def forward(self, features: Tensor) -> Tensor:
        features = F.gelu(self.first_norm(self.pool(self.first(features))))
        residual = F.gelu(self.second_norm(self.second(features)))
        return F.gelu(features + self.third_norm(self.third(residual)))


class WhitenedResNet(WhitenedCNN):
    """A wider network with a residual in each block (airbench96, same source): more accurate after
    the same number of epochs, each of which takes 3.5 times as long."""

    NUM_RESIDUAL = 3
    WIDTHS = (128, 384, 512)
    SMALL_WIDTHS = (64, 128, 128)


def _convolution(channels_in: int, channels_out: int) -> SmallConv2d:
    """A convolution that starts as the identity."""
    convolution = SmallConv2d(channels_in, channels_out)
    nn.init.dirac_(convolution.weight.data[: min(channels_in, channels_out)])
    return convolution


def _norm(channels: int) -> nn.BatchNorm2d:
    norm = nn.BatchNorm2d(channels, eps=1e-12, momentum=0.4)
    norm.weight.requires_grad = False
    return norm
