"""The names of targets/protocols/loss.py, for rankings.

Outputs list the best new items, `(N, W)`; see dataset/rankings/listed.py. y is the code of the item
that was taken, `(N,)`.
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.dataset.rankings.listed import CODE_UNIT, num_listed
from pipeline.targets.protocols.labels import TargetIndex

COUNTED = ("ndcg_10", "recall_20")
SHOWN = "val_ndcg_10"
MORE_IS_BETTER = True
CUT_NDCG, CUT_RECALL = 10, 20


def problem_in(index: TargetIndex, settings: Any) -> str | None:
    return None


def losses(outputs: Tensor, y: Tensor, settings: Any) -> Tensor:
    """Cross entropy among the listed items and one more, which stands for all others and scores as
    the last of the list."""
    num = num_listed(outputs.shape[1])
    scores = outputs[:, :num]
    logits = torch.cat([scores, scores.min(1, keepdim=True).values], 1)
    found = _is_listed(outputs, y)
    place = torch.where(found.any(1), found.float().argmax(1), num)
    return F.cross_entropy(logits, place, reduction="none")


def counted(outputs: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of what the place of the item counts for NDCG at 10, and of whether it is among 20."""
    found = _is_listed(outputs, y).float()
    places = torch.arange(found.shape[1], device=found.device)
    discounts = (places < CUT_NDCG).float() / torch.log2(places + 2.0)
    return (found * discounts).sum(), (found * (places < CUT_RECALL).float()).sum()


def validate(outputs: Tensor, y: Tensor, settings: Any) -> dict[str, float]:
    """The loss is 1 - NDCG: scores of some networks are no logits, so their cross entropies could
    not be compared."""
    means = [float(total) / max(1, len(y)) for total in counted(outputs.double(), y)]
    return {"loss": 1 - means[0], **dict(zip(COUNTED, means, strict=True))}


def score(row: Mapping[str, float]) -> tuple[float, float]:
    return row["val_ndcg_10"], -row["val_loss"]


def _is_listed(outputs: Tensor, y: Tensor) -> Tensor:
    """Where in the list the item is, `(N, T)`; of an item that is there twice, once."""
    num = num_listed(outputs.shape[1])
    codes = torch.round(outputs[:, num : 2 * num].double() / CODE_UNIT) - 1
    same = codes == y[:, None].double()
    return same & (same.cumsum(1) == 1)
