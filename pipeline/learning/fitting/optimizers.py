"""Optimizers by name, and Muon, which torch has only for matrices."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

MUON_MOMENTUM, SGD_MOMENTUM = 0.6, 0.85
MUON_BIAS_LR, MUON_HEAD_LR = 0.22, 2.8  # of lr
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def make_optimizer(
    name: str,
    network: nn.Module,
    *,
    lr: float,
    weight_decay: float,
    batch_size: int,
    fused: bool,
    bf16: bool = False,
    depths: Mapping[nn.Parameter, int] | None = None,
    layer_decay: float = 1.0,
) -> torch.optim.Optimizer:
    """Make `sgd` (Nesterov), `adam`, `adamw` or `muon` for the trainable parameters of a network.

    Only weights are decayed, not biases and norms. A parameter `depths` blocks below the head
    learns at the rate times `layer_decay` to that power. Every group has its peak learning rate as
    `base_lr`, which the schedule scales. With `bf16` Muon multiplies its matrices in that type.
    """
    trained = [p for p in network.parameters() if p.requires_grad]
    weights = [p for p in trained if p.ndim > 1]
    others = [p for p in trained if p.ndim <= 1]
    groups: list[dict[str, Any]] = [
        {"params": weights, "lr": lr, "weight_decay": weight_decay},
        {"params": others, "lr": lr, "weight_decay": 0.0},
    ]
    optimizer: torch.optim.Optimizer
    if name == "muon":
        filters = [p for p in weights if p.ndim == 4]
        heads = [p for p in weights if p.ndim != 4]
        summed = lr * batch_size  # the loss is a mean, and these rates are for a sum
        groups = [
            {"params": filters, "lr": lr, "orthogonal": True},
            {"params": heads, "lr": MUON_HEAD_LR * summed, "weight_decay": lr * weight_decay},
            {"params": others, "lr": MUON_BIAS_LR * summed},
        ]
    # The decay of Adam and SGD includes lr already; Muon's is a share of the weight.
    scaled = ("lr", "weight_decay") if name == "muon" else ("lr",)
    groups = [
        part | {key: part[key] * layer_decay**depth for key in scaled if key in part}
        for group in groups
        for depth, part in _by_depth(group, depths or {})
    ]
    if name == "muon":
        optimizer = Muon(groups, bf16=bf16)
    elif name == "sgd":
        optimizer = torch.optim.SGD(groups, lr, momentum=0.9, nesterov=True, fused=fused)
    elif name == "adam":
        optimizer = torch.optim.Adam(groups, lr, fused=fused)
    else:
        optimizer = torch.optim.AdamW(groups, lr, fused=fused)
    for group in optimizer.param_groups:
        group["base_lr"] = group["lr"]
    return optimizer


def _by_depth(
    group: dict[str, Any], depths: Mapping[nn.Parameter, int]
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Split a group by depth.

    This also separates blocks that begin to be trained at different times: torch's fused SGD
    rejects a group in which only some parameters have a momentum.
    """
    parameters = group["params"]
    for depth in sorted({depths.get(p, 0) for p in parameters}) or [0]:
        yield depth, group | {"params": [p for p in parameters if depths.get(p, 0) == depth]}


class Muon(torch.optim.Optimizer):
    """Orthogonalised momentum for convolution filters, Nesterov's for all others.

    Source: Jordan et al. 2024, https://kellerjordan.github.io/posts/muon, and its use for small
    images, arXiv 2404.00498. A filter bank `(O, I, h, w)` is treated as a matrix `(O, I*h*w)`.
    Before each step it is scaled to the norm sqrt(O), so its learning rate does not depend on the
    scale of the loss; the norm that follows each convolution makes that scale irrelevant.

    Like torch's fused optimizers it changes no parameter while an attribute `found_inf` is a
    tensor of 1 (finite.py). Its momentum is then spoilt, but the run is over anyway.
    """

    def __init__(self, groups: Iterable[dict[str, Any]], *, bf16: bool = False) -> None:
        super().__init__(groups, {"lr": 0.0, "weight_decay": 0.0, "orthogonal": False})
        self.dtype = torch.bfloat16 if bf16 else torch.float32

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:  # type: ignore[override]
        assert closure is None
        found_inf: Tensor | None = getattr(self, "found_inf", None)
        is_bad = None if found_inf is None else found_inf > 0
        for group in self.param_groups:
            parameters = [p for p in group["params"] if p.grad is not None]
            if not parameters:
                continue
            momentum = MUON_MOMENTUM if group["orthogonal"] else SGD_MOMENTUM
            updates = self._nesterov(parameters, momentum)
            factors: list[Tensor] = []
            if group["orthogonal"]:
                factors = _to_norm_of_rows(parameters)
                updates = self._orthogonal(updates)
            elif group["weight_decay"]:  # decoupled: a share of the weight in each full step
                share = group["weight_decay"] * group["lr"] / group["base_lr"]
                factors = [p.new_full((), 1 - share) for p in parameters]
            if is_bad is not None:
                for update in updates:
                    update.masked_fill_(is_bad, 0.0)
                for factor in factors:
                    factor.masked_fill_(is_bad, 1.0)
            if factors:
                torch._foreach_mul_(parameters, factors)
            torch._foreach_add_(parameters, updates, alpha=-group["lr"])

    def _nesterov(self, parameters: list[Tensor], momentum: float) -> list[Tensor]:
        gradients = [p.grad for p in parameters if p.grad is not None]
        for parameter, gradient in zip(parameters, gradients, strict=True):
            if not self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(gradient)
        momenta = [self.state[parameter]["momentum"] for parameter in parameters]
        torch._foreach_mul_(momenta, momentum)
        torch._foreach_add_(momenta, gradients)
        return list(torch._foreach_add(gradients, momenta, alpha=momentum))

    def _orthogonal(self, filters: Sequence[Tensor]) -> list[Tensor]:
        """Orthogonalise filters of one shape together: a GPU takes as long for one as for many."""
        updates: dict[int, Tensor] = {}
        for shape in dict.fromkeys(f.shape for f in filters):
            places = [place for place, f in enumerate(filters) if f.shape == shape]
            # Columns in their order in memory, which is channels last.
            alike = torch.stack([filters[place].permute(0, 2, 3, 1) for place in places])
            matrices = orthogonalise(alike.flatten(2).to(self.dtype)).reshape(alike.shape)
            updates |= zip(places, matrices.permute(0, 1, 4, 2, 3), strict=True)
        return [updates[place] for place in range(len(filters))]


def _to_norm_of_rows(filters: list[Tensor]) -> list[Tensor]:
    """The factor that makes a bank's norm the root of its number of filters."""
    factors: list[Tensor] = list(torch._foreach_norm(filters))
    torch._foreach_add_(factors, 1e-7)
    torch._foreach_reciprocal_(factors)
    torch._foreach_mul_(factors, [len(f) ** 0.5 for f in filters])
    return factors


def orthogonalise(matrices: Tensor, steps: int = 3) -> Tensor:
    """Bring the singular values of matrices `(K, M, N)` near one, by Newton-Schulz iterations in
    their type.

    With three steps they end between about 0.3 and 1.3, which works as well as exactly one; so do
    the three digits of bf16, the type of the source.
    """
    a, b, c = NEWTON_SCHULZ
    wide: Tensor = matrices / (matrices.norm(dim=(1, 2), keepdim=True) + 1e-7)
    if transposed := wide.shape[1] > wide.shape[2]:
        wide = wide.mT
    for _ in range(steps):
        gram = wide @ wide.mT
        wide = torch.baddbmm(wide, torch.baddbmm(gram, gram, gram, beta=b, alpha=c), wide, beta=a)
    return wide.mT if transposed else wide
