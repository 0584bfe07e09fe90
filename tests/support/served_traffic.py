"""A small served model with a real reference, and records of its answers."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pipeline.dataset.served.layout import ANSWERS, TRUTHS, answer_row, truth_row
from pipeline.export.reference import make_reference, write_reference
from pipeline.modalities.images.content.decoding import encode_png
from pipeline.modalities.images.stress.interface import SLICED_BY
from pipeline.serving.folder import OWN_DIGEST, REFERENCE_NPZ, read_about, write_about
from pipeline.serving.model import Model, ServedAnswer, open_model
from pipeline.serving.recording.contents import Contents
from pipeline.serving.recording.recorder import new_id
from pipeline.serving.recording.records import RecordFile
from tests.support.exported import PREPARATION, SHAPE, write_folder

NUM_REFERENCE, SECONDS = 600, 60.0


def photos(num: int, seed: int, *, darker: float = 1.0) -> list[bytes]:
    """Images of noise around a level of their own."""
    random = np.random.default_rng(seed)
    levels = random.uniform(80, 180, (num, 1, 1, 1))
    values = (levels + random.normal(0, 40, (num, *SHAPE))) * darker
    return [encode_png(image) for image in values.clip(0, 255).astype(np.uint8)]


def answered(model: Model, contents: Sequence[bytes]) -> list[ServedAnswer]:
    (answers,) = model.answer([model.prepare(contents)])
    return [answer for answer in answers if isinstance(answer, ServedAnswer)]


def write_served(folder: Path) -> Model:
    """A folder as `export` leaves it, with a reference of photos."""
    write_folder(folder, preparation={**PREPARATION, "resize": "squash"})
    model = open_model(folder)
    rows = model.prepare(photos(NUM_REFERENCE, seed=1))
    _, embedding = model.graph.answer(rows.inputs)
    names = list(model.requests.MEASURED)
    measured = {name: rows.measured[:, names.index(name)] for name in SLICED_BY}
    answers = np.array([a.probabilities for a in answered(model, photos(NUM_REFERENCE, seed=1))])
    arrays = make_reference(measured, rows.inputs, answers, embedding)
    write_reference(folder / REFERENCE_NPZ, arrays)
    about = read_about(folder)
    write_about(folder, {k: v for k, v in about.items() if k not in ("files", OWN_DIGEST)})
    return open_model(folder)


def write_records(
    records: Path,
    model: Model,
    contents: Sequence[bytes],
    *,
    truths: Sequence[str | None] = (),
    keep: bool = False,
    ago: float = 3600.0,
) -> list[str]:
    """Answer contents, one in SECONDS / their number, and record it; the ids of the answers."""
    file, truth_file = (RecordFile(records, model.layout(kind)) for kind in (ANSWERS, TRUTHS))
    kept = Contents(records, 7) if keep else None
    rows = model.prepare(contents)
    ids = []
    start = time.time() - ago
    for place, answer in enumerate(answered(model, contents)):
        id = new_id()
        at = start + SECONDS * place / len(contents)
        file.append(answer_row(at, id.bytes, rows.digests[place], 0.01, answer.raw))
        if kept is not None:
            kept.keep(rows.digests[place] or "", rows.stored[place] or b"")
        if place < len(truths) and (label := truths[place]) is not None:
            truth_file.append(truth_row(at, id.bytes, label))
        ids.append(str(id))
    file.close()
    truth_file.close()
    return ids
