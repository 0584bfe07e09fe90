"""What is seen of texts while they pass by: how long they are, their scripts, personal values."""

from collections import Counter
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import count
from pipeline.modalities.text.content.decoding import UTF8
from pipeline.modalities.text.content.measurements import PERSONAL

BOUNDS = tuple(2**power for power in range(21))
"""Bounds of the lengths that are counted, in characters."""
WORDS_OF = {"email": "e-mail", "phone": "phone", "card": "card", "iban": "IBAN", "ip": "IP address"}
MAX_NAMED = 5
NAMES = "names of people are out of reach of patterns"


class TextTally:
    """Counts over usable texts; see modalities/protocols/prepare.py."""

    def __init__(self) -> None:
        self.num = 0
        self.lengths = np.zeros(len(BOUNDS), np.int64)
        self.scripts: Counter[str] = Counter()
        self.encodings: Counter[str] = Counter()
        self.values: Counter[str] = Counter()
        """Personal values by kind."""
        self.texts: Counter[str] = Counter()
        """Texts that have some, by kind."""
        self.personal = 0
        """Texts that have any."""
        self.redacted: Counter[str] = Counter()
        self.damaged: list[str] = []
        self.replaced: list[str] = []
        """Ids of texts with characters that were lost before."""

    def add(self, table: pa.Table) -> None:
        self.num += table.num_rows
        chars = table["chars"].to_numpy()
        places = np.searchsorted(BOUNDS, chars, side="right") - 1
        self.lengths += np.bincount(places.clip(0, len(BOUNDS) - 1), minlength=len(BOUNDS))
        for name, counter in (("script", self.scripts), ("encoding", self.encodings)):
            counter.update({word: number for (word,), number in count(table, name).items()})
        any_value = np.zeros(table.num_rows, bool)
        for kind, name in PERSONAL.items():
            values = table[name].to_numpy()
            self.values[kind] += int(values.sum())
            self.texts[kind] += int((values > 0).sum())
            any_value |= values > 0
        self.personal += int(any_value.sum())
        if "metadata_removed" in table.column_names:
            for (kinds,), number in count(table, "metadata_removed").items():
                self.redacted.update(dict.fromkeys(kinds.split(",") if kinds else (), number))
        if "id" in table.column_names:
            for column, ids in (("damaged", self.damaged), ("replaced", self.replaced)):
                ids += table["id"].filter(pc.greater(table[column], 0)).to_pylist()

    def index(self, entry: Any) -> dict[str, Any]:
        found = {kind: number for kind, number in sorted(self.values.items()) if number}
        scripts = {script: self.scripts[script] for script in sorted(self.scripts)}
        return {"scripts": scripts, **({"personal": found} if found else {})}

    def remarks(self, entry: Any) -> list[str]:
        return [*self._personal(), *self._encodings(), *self._damage()]

    def _personal(self) -> list[str]:
        if not self.personal:
            return []
        found = ", ".join(
            f"{WORDS_OF[kind]} {number} (in {self.texts[kind]} texts)"
            for kind, number in self.values.items()
            if number
        )
        done = (
            f"replaced: {', '.join(f'<{kind}>' for kind in sorted(self.redacted))}"
            if self.redacted
            else "left as they are; ingest.redact replaces them"
        )
        total = self.values.total()
        return [f"personal data: {total} values in {self.personal} texts: {found}; {done}; {NAMES}"]

    def _encodings(self) -> list[str]:
        others = {name: n for name, n in self.encodings.items() if name != UTF8}
        return [f"{number} texts were read as {name}" for name, number in sorted(others.items())]

    def _damage(self) -> list[str]:
        found = []
        for ids, what in (
            (
                self.damaged,
                "have UTF-8 that was once read as Windows-1252, and are left as they are",
            ),
            (self.replaced, "have U+FFFD in place of characters that were lost before"),
        ):
            if ids:
                named = ", ".join(ids[:MAX_NAMED]) + (", ..." if len(ids) > MAX_NAMED else "")
                found.append(f"{len(ids)} texts {what}: {named}")
        return found

    def headline(self) -> str:
        script = max(self.scripts, key=lambda name: (self.scripts[name], name), default="no")
        return f"median of about {self._median()} characters, {script} script"

    def _median(self) -> int:
        if not self.num:
            return 0
        place = int(np.searchsorted(np.cumsum(self.lengths), self.num / 2))
        return int(BOUNDS[min(place, len(BOUNDS) - 1)])

    def summary(self) -> str:
        scripts = ", ".join(f"{name}: {number}" for name, number in self.scripts.most_common())
        return f"texts: {self.num}; scripts: {scripts or 'none'}"

    def entry_lines(self) -> list[str]:
        return []

    def oddities(self) -> list[str]:
        return [*self._personal(), *self._damage()]

    def decisions(self) -> list[str]:
        return []
