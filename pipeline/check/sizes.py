"""What the settings ask of memory and disk, where the entry says how large an example is.

Estimates from below, made before anything is read: what they refuse cannot work.
"""

import shutil
from pathlib import Path

import psutil  # type: ignore[import-untyped]

from pipeline.runtime.errors import SettingsError
from pipeline.runtime.files import size

HELD_BYTES = 64
"""Memory for each byte of a batch while it is learnt from: layers keep what they computed. Of the
networks measured, mobilenet_v3_small keeps least: 130 bytes in fp32, half of it in bf16."""
SAID_FROM_BYTES = 10 << 20
FEWEST_EXAMPLES = 20
SMALLER = "make examples smaller in the catalog entry (for images image_size)"


def check_memory(input_bytes: int, batch_size: int) -> None:
    """Check that a batch can be learnt from in the memory of this machine.

    Raises:
        SettingsError: it cannot.
    """
    needed, there = input_bytes * batch_size * HELD_BYTES, psutil.virtual_memory().total
    if needed > there:
        raise SettingsError(
            f"learning from batches of {batch_size} examples of {size(input_bytes)} takes at least "
            f"{size(needed)} of memory, and this machine has {size(there)}",
            fix=f"set a smaller batch_size in params.yaml, or {SMALLER}",
        )


def check_disk(input_bytes: int, copies: int, folder: Path) -> str | None:
    """Check that shards of a few examples fit on the disk of `folder`.

    Returns:
        What large examples take, in a sentence; None for small ones.

    Raises:
        SettingsError: not even shards of FEWEST_EXAMPLES fit.
    """
    each, free = input_bytes * copies, shutil.disk_usage(folder).free
    room = f"the {size(free)} that are free on the disk hold {free // each:,}"
    said = f"an example takes at least {size(each)} of shards (augment.copies: {copies}); {room}"
    if free < each * FEWEST_EXAMPLES:
        raise SettingsError(said, fix=f"set fewer augment.copies in params.yaml, or {SMALLER}")
    return said if each >= SAID_FROM_BYTES else None
