"""Checkpoints to resume from: whole or absent, and never trusted without their digest.

They are in a folder that git and DVC ignore, since DVC clears a stage's outputs before each run.
`torch.load` checks no digest (most flipped bits go unnoticed).
"""

import hashlib
import io
import shutil
import time
from pathlib import Path
from typing import Any

import torch

from pipeline.runtime.files import optional, written_whole

SAVE_EVERY_SECONDS = 30
SMALL_BYTES = 16 << 20  # a state up to this size is saved quickly


class Checkpoint:
    """The state of one training run, under a key that names everything it depends on."""

    def __init__(self, folder: Path, key: str, every_seconds: float = SAVE_EVERY_SECONDS) -> None:
        self.folder = folder
        self.every_seconds = every_seconds
        self.path = folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.pt"
        self._saved_at = time.monotonic()
        self._saved_bytes = 0

    def due(self, *, after_epoch: bool = False) -> bool:
        """Whether it is time to save: every `every_seconds`, and a small state after each epoch.

        Saving a larger state takes longer than a short epoch on a GPU
        (docs/decisions/finite-steps.md).
        """
        if after_epoch and self._saved_bytes <= SMALL_BYTES:
            return True
        return time.monotonic() - self._saved_at >= self.every_seconds

    def save(self, state: dict[str, Any]) -> None:
        """Save a state in place of the last one, if the disk has room."""
        buffer = io.BytesIO()
        torch.save(state, buffer)
        content = buffer.getvalue()
        with (
            optional("a checkpoint", "if this run is stopped, the next one begins again"),
            written_whole(self.path, durable=True) as partial,
        ):
            partial.write_bytes(hashlib.sha256(content).digest() + content)
        self._saved_at = time.monotonic()
        self._saved_bytes = len(content)

    def load(self, device: str) -> dict[str, Any] | None:
        """Load the saved state; None if there is none, or it is damaged."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(content[32:]).digest() != content[:32]:
            return None
        state: dict[str, Any] = torch.load(
            io.BytesIO(content[32:]), map_location=device, weights_only=True
        )
        return state

    def clear(self) -> None:
        """Remove the state, and those of other keys in the folder."""
        shutil.rmtree(self.folder, ignore_errors=True)
