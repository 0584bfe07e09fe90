"""Fine-tuning: which blocks of a trained network are trained, when, and at what rate.

A network is split into blocks, from the bottom, which sees inputs, to the top, its head, which
gives the outputs. `all` trains everything at one learning rate; `head` the head alone; `gradual`
the head first and then one block after the other, from the top (Howard & Ruder 2018, arXiv
1801.06146);
`layerwise` all, each block more slowly than the one above it (Clark et al. 2020, arXiv 2003.10555;
Bao et al. 2021, arXiv 2106.08254).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

UNFROZEN_AFTER = 0.5
"""Share of the epochs after which `gradual` trains everything."""
WHOLE = 0.9  # of the parameters; a module with more is not a block but the wrapped network


@dataclass(frozen=True)
class NetworkBlock:
    """A piece of a network: a layer, a residual or a transformer block, with its norms."""

    name: str
    """The name of its first module, as in `named_modules`."""
    modules: list[nn.Module]
    parameters: list[nn.Parameter]


def find_blocks(network: nn.Module) -> list[NetworkBlock]:
    """The blocks of a network from the bottom to the head; each parameter is in exactly one.

    They follow the order in which modules were defined. Sequential parts are split, and a module
    with only vectors (a norm) belongs to the block before it. Parameters outside all of them,
    such as a transformer's positions, belong to the lowest block. The head is the last layer.
    """
    blocks: list[NetworkBlock] = []
    for name, module in _pieces("", network, WHOLE * _size(network)):
        parameters = list(module.parameters())
        if blocks and all(parameter.ndim <= 1 for parameter in parameters):
            blocks[-1].modules.append(module)
            blocks[-1].parameters.extend(parameters)
        else:
            blocks.append(NetworkBlock(name, [module], parameters))
    inside = {parameter for block in blocks for parameter in block.parameters}
    blocks[0].parameters.extend(p for p in network.parameters() if p not in inside)
    return blocks


def num_trained_blocks(strategy: str, num_blocks: int, epoch: int, epochs: int) -> int:
    """Number of blocks, from the top, that are trained in an epoch (0, 1, …)."""
    if strategy == "head":
        return 1
    if strategy == "gradual":
        below = (num_blocks - 1) * epoch / (UNFROZEN_AFTER * epochs)
        return min(num_blocks, 1 + int(below))
    return num_blocks


class FineTuning:
    """A strategy, for one network and one run."""

    def __init__(self, network: nn.Module, strategy: str, epochs: int) -> None:
        self._network, self._strategy, self._epochs = network, strategy, epochs
        self._blocks = find_blocks(network)
        self._trained = {p for p in network.parameters() if p.requires_grad}
        apart = strategy in ("gradual", "layerwise")
        self.depths = {
            parameter: depth
            for depth, block in enumerate(reversed(self._blocks))
            for parameter in block.parameters
            if apart
        }
        """Number of blocks between each parameter and the head, if rates differ by block."""

    def begin(self, epoch: int) -> None:
        """Put the network into training mode, except blocks that are not trained in this epoch.

        These get no gradients, and their norms keep their statistics.
        """
        num = num_trained_blocks(self._strategy, len(self._blocks), epoch, self._epochs)
        self._network.train()
        for block in self._blocks[:-num]:
            for module in block.modules:
                module.eval()
        for depth, block in enumerate(reversed(self._blocks)):
            for parameter in block.parameters:
                parameter.requires_grad = depth < num and parameter in self._trained

    def end(self) -> None:
        """Restore what was trainable at the start."""
        for parameter in self._trained:
            parameter.requires_grad = True


def _pieces(name: str, module: nn.Module, whole: float) -> Iterator[tuple[str, nn.Module]]:
    """Modules that are blocks, or norms between them, in order."""
    children = [(n, child) for n, child in module.named_children() if _size(child)]
    taken_apart = isinstance(module, nn.Sequential | nn.ModuleList) or _size(module) > whole
    if children and taken_apart:
        for child_name, child in children:
            yield from _pieces(f"{name}.{child_name}".lstrip("."), child, whole)
    else:
        yield name, module


def _size(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())
