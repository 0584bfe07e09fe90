"""Runs of toy networks that several processes train together; torchrun starts this file."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import nn

from pipeline.dataset.shards.reader import ShardReader
from pipeline.learning.batches import Examples, InMemory
from pipeline.learning.device import choose_device
from pipeline.learning.fitting.checkpoint import Checkpoint
from pipeline.learning.fitting.ranks import Ranks, join_ranks
from pipeline.modalities.images.encode.settings import Flip, Translate
from pipeline.modalities.images.network.networks import build_network
from pipeline.train.streaming import training_epochs
from tests.support.toy import Toy
from tests.support.training import every_epoch

TRANSFORMS = (Flip(name="flip"), Translate(name="translate", fraction=0.25))
NUM, STREAMED_BYTES = 45, 16 * 12  # 12 images in memory


class Stopped(Exception):
    pass


@dataclass(frozen=True)
class Recording(InMemory):
    """Notes the weights of the examples that it gives, which no two have in common."""

    given: list[list[float]] = field(default_factory=list)

    def batches(self, *args, **kwargs):
        for batch in super().batches(*args, **kwargs):
            self.given.append(batch.weights.tolist())
            yield batch


def weighted(toy: Toy, num: int = NUM) -> Examples:
    """Examples of very different weights, so that a mean of means is not the mean."""
    return toy.examples(num)._replace(weights=torch.linspace(0.01, 3, num) ** 2)


def network(name: str) -> nn.Module:
    torch.manual_seed(0)
    return Toy().network() if name == "toy" else build_network(name, (4, 4, 1), 4)


def run(name: str, on, ranks: Ranks, told: dict | None = None, **recipe) -> dict:
    """Weights and history of a network trained by all ranks."""
    toy, trained = Toy(), network(name)
    fitted = toy.fit(
        trained,
        toy.recipe(**recipe),
        on,
        toy.examples(21, seed=1),
        seeing={"transforms": TRANSFORMS},
        ranks=ranks,
        **(told or {}),
    )
    return {"weights": trained.state_dict(), "history": fitted.history, "num": fitted.num_examples}


def results(ranks: Ranks, folder: Path) -> dict:
    examples = every_epoch(weighted(Toy()))
    recorded = Recording(weighted(Toy()), ranks.share)
    reader = ShardReader(folder / "shards")
    streamed = training_epochs(reader, STREAMED_BYTES, ranks.share)
    found = {
        "sgd": run("article_cnn", lambda _: recorded, ranks, optimizer="sgd", lr=0.05),
        "muon": run("whitened_cnn", examples, ranks, optimizer="muon", lr=0.1),
        "batch norm": run("toy", examples, ranks),
        "unfrozen": run("article_cnn", examples, ranks, finetune="gradual", lr=0.05),
        "streamed": run("toy", streamed, ranks),
        "given": recorded.given,
    }
    for name, source in (("batch norm", examples), ("streamed", streamed)):
        checkpoint = Checkpoint(folder / f"{name} of {ranks.num}", "key", every_seconds=0)
        told = {"checkpoint": checkpoint if ranks.is_first else None}
        steps = iter(range(1, 1000))

        def stop(num_examples: int, steps=steps) -> None:
            if num_examples and next(steps) == 9:
                raise Stopped

        try:
            run("toy", source, ranks, told | {"on_step": stop})
        except Stopped:
            found[f"{name}, resumed"] = run("toy", source, ranks, told)
    return found


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    with join_ranks(choose_device("cpu", "fp32", large=False)) as ranks:
        found = results(ranks, folder)
    torch.save(found, folder / f"rank {ranks.share.rank}.pt")
