"""Paraphrases of training texts that people bring, such as back-translations.

They are a CSV with the columns `id`, of the paraphrased text, and `paraphrase`. Those of texts of
val and test, and those that read like a text of val or test, are left out.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pipeline.modalities.text.content.folding import folded, normal, visible
from pipeline.runtime.errors import SettingsError

ID, PARAPHRASE = "id", "paraphrase"
FIX = f"save it as CSV in UTF-8 with a header that has the columns {ID} and {PARAPHRASE}"

Rows = Iterable[tuple[str, str, Mapping[str, Any]]]
"""Id, split and content of each example."""


def versions_brought(path: Path, rows: Rows) -> tuple[dict[str, list[dict[str, str]]], str]:
    """Contents that may replace copies of each training example, by its id, and a sentence.

    Raises:
        SettingsError: the file has no such columns, or is no CSV in UTF-8.
    """
    brought = _read(path)
    trained: dict[str, str] = {}
    held_out_ids: set[str] = set()
    held_out: set[str] = set()
    for id, split, content in rows:
        reading = folded(content["text"] or "")
        if split == "train":
            if id in brought:
                trained[id] = reading
        else:
            held_out_ids.add(id)
            held_out.add(reading)
    versions: dict[str, list[dict[str, str]]] = {}
    left_out: Counter[str] = Counter()
    for id, texts in brought.items():
        for text in texts:
            if reason := _why_not(id, folded(text), trained, held_out_ids, held_out):
                left_out[reason] += 1
            else:
                versions.setdefault(id, []).append({"text": text})
    num = sum(map(len, versions.values()))
    others = "".join(f"; {n} {why} are left out" for why, n in sorted(left_out.items()))
    return versions, f"{num} paraphrases of {len(versions)} training texts{others}"


def _why_not(
    id: str, reading: str, trained: Mapping[str, str], held_out_ids: set[str], held_out: set[str]
) -> str | None:
    if id in held_out_ids:
        return "of texts of val and test"
    if id not in trained:
        return "of texts that are not there"
    if reading in held_out:
        return "that stand in val or test"
    return "that say the same word for word" if reading == trained[id] else None


def _read(path: Path) -> dict[str, list[str]]:
    """Paraphrases by id, in the order of the file, without those that have nothing visible."""
    found: dict[str, list[str]] = {}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if not {ID, PARAPHRASE} <= {*(reader.fieldnames or ())}:
                names = ", ".join(reader.fieldnames or ()) or "none"
                raise SettingsError(
                    f"{path} should have the columns {ID} and {PARAPHRASE}, found {names}", fix=FIX
                )
            for row in reader:
                text = normal(row[PARAPHRASE] or "")
                if visible(text):
                    found.setdefault(row[ID] or "", []).append(text)
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} is no CSV in UTF-8: {error}", fix=FIX) from None
    return found
