"""Predict: classify images with the model in models/.

    groundwork predict FILE...    files, and folders with all images in them

Prints a line for each image: path, class, probability. What cannot be read is named on stderr, the
others are classified nevertheless, and the exit status is 1.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.commands.frame import as_given, run_command
from pipeline.commands.predict.arguments import parser
from pipeline.dataset.places import MODELS
from pipeline.modalities.images.encode.pixels import resize
from pipeline.modalities.images.prepare.decoding import decode
from pipeline.modalities.images.prepare.pillow import FORMATS
from pipeline.modalities.images.prepare.refusals import UnreadableImage
from pipeline.params import load_params
from pipeline.runtime.errors import MissingInput, SourceError, one_line
from pipeline.sources.places.members import IMAGE_SUFFIXES

IMAGES_AT_ONCE = 1000


def main(arguments: argparse.Namespace) -> None:
    import torch

    from pipeline.learning.device import choose_device
    from pipeline.learning.inference import predict
    from pipeline.learning.metrics import softmax
    from pipeline.learning.model_file import load_model

    limits = load_params().ingest
    device = choose_device("auto", "fp32", (1, 1, 1))
    model = load_model(MODELS, device)
    if "resize" not in model.about:
        raise MissingInput(
            f"{MODELS}/model.json does not say how images are resized: it is of an older version",
            fix="dvc repro train",
        )
    reader = Reader(model.shape, model.about["resize"], limits.max_megapixels, limits.max_file_mb)
    for paths, images in reader.batches(find(arguments.files)):
        logits = predict(
            model.network, torch.from_numpy(images), model.normalize, device, model.views
        )
        for path, probabilities in zip(paths, softmax(logits), strict=True):
            print(
                as_line(as_given(path), probabilities, model.classes, as_json=arguments.json),
                flush=True,
            )
    sys.exit(int(reader.num_unreadable > 0))


def find(paths: Sequence[Path]) -> Iterator[Path]:
    """The files, and in place of a folder all images below it, by name."""
    for path in paths:
        # Not path.is_dir(), which raises for a name that is too long, or in a forbidden folder.
        below = sorted(path.rglob("*")) if os.path.isdir(path) else []  # noqa: PTH112
        images = [file for file in below if file.suffix.lower() in IMAGE_SUFFIXES]
        yield from images or [path]


class Reader:
    """Reads images as the model wants them, and says what it cannot read."""

    def __init__(
        self, shape: tuple[int, int, int], policy: str, max_megapixels: float, max_file_mb: float
    ) -> None:
        self.shape, self.policy = shape, policy
        self.max_pixels, self.max_bytes = max_megapixels * 1e6, max_file_mb * 1e6
        self.num_unreadable = 0

    def batches(self, paths: Iterator[Path]) -> Iterator[tuple[list[Path], NDArray[np.uint8]]]:
        """Paths of readable images, and the images, `(N, H, W, C)`; N up to IMAGES_AT_ONCE."""
        read: list[Path] = []
        images: list[NDArray[np.uint8]] = []
        for path in paths:
            try:
                images.append(self._read(path))
                read.append(path)
            except SourceError as error:
                self.num_unreadable += 1
                print(error, file=sys.stderr)
            if len(read) == IMAGES_AT_ONCE:
                yield read, np.stack(images)
                read, images = [], []
        if read:
            yield read, np.stack(images)

    def _read(self, path: Path) -> NDArray[np.uint8]:
        try:
            if path.is_dir():
                raise UnreadableImage("a folder without images")
            if path.exists() and not path.is_file():  # reading a pipe would never end
                raise UnreadableImage("no regular file")
            if path.stat().st_size > self.max_bytes:
                raise UnreadableImage(f"larger than {self.max_bytes / 1e6:g} MB")
            pixels = decode(path.read_bytes(), self.max_pixels)
        except (OSError, UnreadableImage) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)
            raise SourceError(
                f"{as_given(path)} cannot be classified: {reason}",
                fix=f"give an image in one of {', '.join(FORMATS)}",
            ) from None
        return resize(pixels, *self.shape, self.policy)


def as_line(
    path: Path, probabilities: NDArray[np.float64], classes: Sequence[str], *, as_json: bool
) -> str:
    best = int(probabilities.argmax())
    if as_json:
        answer = {
            "path": str(path),
            "class": classes[best],
            "probability": round(float(probabilities[best]), 6),
            "probabilities": {
                name: round(float(p), 6) for name, p in zip(classes, probabilities, strict=True)
            },
        }
        return json.dumps(answer)
    return one_line(f"{path}  {classes[best]}  {probabilities[best]:.4f}")


if __name__ == "__main__":
    run_command(lambda: main(parser().parse_args()))
