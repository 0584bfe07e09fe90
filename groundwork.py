"""Groundwork from Python: ask a trained model, and train on the shards with code of your own.

    import groundwork

    model = groundwork.load("models")
    for prediction in model.predict(["a.jpg", "b.jpg"]):
        print(prediction.label, prediction.probability)

    train = groundwork.shards("data/shards", split="train")
    loader = torch.utils.data.DataLoader(train, batch_size=256, shuffle=True)

It is found in the project's root, as Python finds any module: start Python there, or set PYTHONPATH
to it from elsewhere. Relative paths start at the current folder, as everywhere in Python.

Every problem that the caller can solve is a `groundwork.Error`, whose text says what to do.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Dataset

from pipeline.dataset.shards.files import WEIGHT, Y
from pipeline.dataset.shards.reader import Block, ShardReader
from pipeline.learning.answering import Answering
from pipeline.learning.answering import Unreadable as Reason
from pipeline.learning.network_answers import open_network
from pipeline.params import load_params
from pipeline.runtime.errors import GroundworkError as Error
from pipeline.runtime.settings import PARAMS_FILE
from pipeline.targets.opening import open_labels

__all__ = ["Error", "Model", "Prediction", "Shards", "Unreadable", "load", "shards"]

ROOT = Path(__file__).resolve().parent


class Unreadable(Error):
    """Examples that no answer can be given for."""

    def __init__(self, what: str, *, fix: str, problems: dict[int, str]) -> None:
        super().__init__(what, fix=fix)
        self.problems = problems
        """The reason of each, by its place among the examples."""

    def __reduce__(self) -> tuple[Any, ...]:
        return partial(type(self), fix=self.fix, problems=self.problems), (self.what,)


@dataclass(frozen=True)
class Prediction:
    """What a model says of an example: the values that `groundwork predict --json` prints."""

    label: Any
    """The name of a class, where labels are classes."""
    probability: float | None
    """Of the label, to six digits; None where labels have no probabilities."""
    probabilities: dict[str, float]
    """Of each label by its name, to six digits; empty where they have none."""


class Model:
    """A trained model."""

    def __init__(self, answering: Answering) -> None:
        self._answering = answering

    @property
    def labels(self) -> list[str]:
        """Names of the labels, in the order of the model's outputs."""
        about = self._answering.about
        return open_labels(about["target_kind"]).label_names(about["target"])

    @property
    def about(self) -> dict[str, Any]:
        """What models/model.json says: the network, how examples are prepared, the recipe …"""
        return dict(self._answering.about)

    def predict(
        self, examples: str | Path | bytes | Iterable[str | Path | bytes]
    ) -> list[Prediction]:
        """Predict the label of each example, in order.

        They are read as the pipeline reads them, within the limits of `ingest` in params.yaml, and
        a thousand at a time: all of them need not fit in memory.

        Args:
            examples: paths of files, or the bytes of such files; or one of these alone.

        Raises:
            Unreadable: for some there is no answer. Its `problems` tell which and why; ask again
                without these.
        """
        given = [examples] if isinstance(examples, str | Path | bytes) else examples
        read = (e if isinstance(e, bytes) else Path(e) for e in given)
        predictions: list[Prediction] = []
        problems: dict[int, str] = {}
        first = ""
        for place, (example, answer, _) in enumerate(self._answering.answer(read)):
            if isinstance(answer, Reason):
                problems[place] = str(answer)
                name = f"example {place}" if isinstance(example, bytes) else str(example)
                first = first or f"{name} cannot be read: {answer}"
            else:
                label, *_ = (said := self._answering.as_json(answer)).values()
                predictions.append(
                    Prediction(label, said.get("probability"), said.get("probabilities", {}))
                )
        if problems:
            more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
            fix = f"give {self._answering.prepare.FORMATS}"
            raise Unreadable(first + more, fix=fix, problems=problems)
        return predictions


def load(folder: str | Path = "models") -> Model:
    """Load the model in a folder, on the GPU if there is one, as `groundwork predict` does.

    As there, torch computes with one thread for each core of this process from then on.

    Raises:
        Error: the model is not there, or not whole, or of an older version.
    """
    return Model(open_network(Path(folder), load_params(ROOT / PARAMS_FILE).ingest))


class Shards(Dataset[dict[str, torch.Tensor]]):
    """Examples of a split as training sees them, ready for a DataLoader with any workers.

    An item is a dictionary of tensors: the input columns of the modality (for images `x`, uint8, of
    height x width x channels), `y` (for classes int64, the label's place in `labels`) and `weight`
    (float32, of the example in the loss; less where a label is suspected, see clean.action).
    Every file is compared with its digest when this is made; then examples are read from the disk
    one by one, so memory does not grow with the data.
    """

    def __init__(self, folder: Path, split: str, copy: int) -> None:
        self._reader = ShardReader(folder)
        self._files = self._reader.files(split, copy)
        if not self._files:
            raise Error(
                f"{folder} has no {split} in copy {copy}",
                fix=f"its copies of train are 0 to {self._reader.copies - 1}, "
                "val and test have copy 0 alone",
            )
        self._ends = list(accumulate(file["rows"] for file in self._files))
        for file in self._files:
            self._reader.input_offsets(file)  # which verifies it

    def __len__(self) -> int:
        return int(self._ends[-1])

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        if not -len(self) <= index < len(self):
            raise IndexError(f"{index} of {len(self)} examples")
        place = index % len(self)
        number = bisect_right(self._ends, place)
        file = self._files[number]
        row = self._reader.empty_rows(1)
        self._reader.read_block(Block(file, place - self._ends[number] + file["rows"], 1), row, 0)
        item = {name: torch.from_numpy(values)[0] for name, values in row.inputs.items()}
        item |= {Y: torch.from_numpy(row.y)[0], WEIGHT: torch.from_numpy(row.weights)[0]}
        if not item[Y].is_floating_point():
            item[Y] = item[Y].long()  # as losses of torch want it
        return item

    @property
    def labels(self) -> list[str]:
        """Names of the labels, by `y`; empty where it is a number of its own."""
        return open_labels(self._reader.target_kind).label_names(self._reader.target)

    @property
    def preparation(self) -> dict[str, Any]:
        """By what the inputs were prepared: for images `mean` and `std` of train by channel …"""
        return dict(self._reader.preparation)


def shards(folder: str | Path = "data/shards", *, split: str = "train", copy: int = 0) -> Shards:
    """Open the shards of a split as a torch Dataset.

    Args:
        split: `train`, `val` or `test`.
        copy: which augmented version of train; 0 has the examples as they are.

    Raises:
        Error: they are not there, or damaged, or there is no such split or copy.
    """
    return Shards(Path(folder), split, copy)
