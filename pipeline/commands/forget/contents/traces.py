"""Recognising examples in any file: by rows of tables, by names in text, by bytes of their content.

What is stored may be of any modality, whatever params.yaml says now.
"""

import hashlib
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import BinaryIO

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.commands.forget.contents.archives import files_inside
from pipeline.commands.forget.contents.mentions import is_name_of, names_one, refers_to_one
from pipeline.commands.forget.contents.parquet import (
    KEYS,
    PARQUET,
    is_text,
    keys,
    packed_columns,
    read_keys,
)
from pipeline.dataset.rows import HEADER, LINE_OF_ROW, row_key
from pipeline.dataset.traces import telling_part
from pipeline.modalities.opening import MODALITIES, open_prepare, open_show
from pipeline.validate.profile import remembered_key

HEXADECIMAL = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{24})(?![0-9a-f])")
"""Digests of examples, and what stands for their ids in profiles."""
FEW = 50  # so many traces are looked for one by one: 1 to 50 in 16 MB take 1 to 90 ms
BLOCK_BYTES = 16 << 20
MAX_TEXT_BYTES = 64 << 20


@dataclass
class Forgotten:
    """Some examples, and all by which they can be recognised."""

    ids: set[str] = field(default_factory=set)
    aliases: set[str] = field(default_factory=set)
    """Ids that older versions of the data have for the same examples, where ids may be numbers
    that have moved on since: in newer versions they may be those of others."""
    digests: set[str] = field(default_factory=set)
    """SHA-256 of their content, as stored and as the source had it."""
    traces: set[bytes] = field(default_factory=set)
    """Bytes of the content of each, as stored."""
    _index: "Index | None" = field(default=None, init=False, repr=False, compare=False)

    def size(self) -> tuple[int, ...]:
        """Grows whenever more is known."""
        return len(self.ids), len(self.aliases), len(self.digests), len(self.traces)

    def meet(self, file: BinaryIO, names: Collection[str]) -> set[str]:
        """Learn of the rows of a table that `names` mean; returns the names that were met.

        A name is an id, the SHA-256 of an id, or that of a content.
        """
        met: set[str] = set()
        table = read_keys(file)
        if table is None:
            return met
        wanted = set(names)
        for id, *digests in zip(*(keys(table, name) for name in KEYS), strict=True):
            if id is None:
                continue
            found = wanted & {id, hashlib.sha256(id.encode()).hexdigest(), *digests}
            if found:
                met |= found
                self.ids.add(id)
                self.digests.update(digest for digest in digests if digest)
        return met

    def meet_copies(self, file: BinaryIO) -> None:
        """Learn the ids of further rows that have one of the contents: the same example."""
        table = read_keys(file)
        if table is not None:
            self.ids.update(id for id in keys(table.filter(self._is_mine(table)), "id") if id)

    def learn_inputs(self, file: BinaryIO) -> None:
        """Learn bytes of the encoded examples of `ids` from a shard."""
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            inputs = [field.name for field in schema if pa.types.is_fixed_size_binary(field.type)]
            if not inputs or not {"id", "copy"} <= set(schema.names):
                return
            table = parquet.read(["id", *inputs])
        mine = pc.is_in(table["id"], pa.array(sorted(self.ids), pa.string()))
        for column in (table[name] for name in inputs):
            found = {telling_part(value) for value in column.filter(mine).to_pylist()}
            others = b"".join(column.filter(pc.invert(mine)).to_pylist())
            self.traces.update(trace for trace in found if trace and trace not in others)

    def in_file(
        self, file: BinaryIO, ids: Collection[str], *, digests: bool = True, depth: int = 0
    ) -> bool:
        """Whether a file holds the contents, or rows or names by one of `ids`.

        A file of rows, such as reports/rows.csv, has them under keys of their ids.
        What older versions of the data call the examples is remembered on the way. Archives are
        opened. A file is read in blocks; text of more than MAX_TEXT_BYTES is searched for contents
        alone. With `digests` those of the examples are names too.

        Raises:
            NotOpened: nobody can say, as it is an archive that cannot be opened.
        """
        file.seek(0)
        if file.read(len(HEADER)) == HEADER:
            keys_there = set(LINE_OF_ROW.findall(file.read()))
            return not keys_there.isdisjoint(map(_key_of_row, ids))
        table = read_keys(file)
        if table is not None:
            mine = self._is_mine(table)
            if pc.any(mine).as_py():
                if ids:  # else it is a file of something else
                    self._learn(file, table.filter(mine))
                return True
            if ids and pc.any(pc.is_in(table["id"], pa.array(sorted(ids), pa.string()))).as_py():
                return True
            if refers_to_one(file, ids):
                return True
        file.seek(0)
        digest = hashlib.sha256()
        before = content = b""
        size = 0
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            size += len(block)
            if self.in_bytes(before + block):
                return True
            before = block[-max(map(len, self.traces), default=1) :]
            content = content + block if size <= MAX_TEXT_BYTES else b""
        if digest.hexdigest() in self.digests:
            return True
        file.seek(0)
        if file.read(len(PARQUET)) == PARQUET:
            return any(
                self._in_column(leaf, ids) for leaf in packed_columns(file, with_text=table is None)
            )
        for name, inside in files_inside(file, depth):
            if is_name_of(name, ids):
                return True
            if self.in_file(inside, ids, digests=digests, depth=depth + 1):
                return True
        return self._in_text(content, ids, digests=digests)

    def _in_text(self, content: bytes, ids: Collection[str], *, digests: bool) -> bool:
        if not ids:
            return False
        tokens = {token.decode() for token in HEXADECIMAL.findall(content)}
        if tokens and not tokens.isdisjoint(map(_profile_key, ids)):
            return True
        if tokens and digests and not tokens.isdisjoint({*self.digests, *map(sha256_of, ids)}):
            return True
        return names_one(content, ids)

    def _in_column(self, values: pa.Array, ids: Collection[str]) -> bool:
        """Whether bytes hold a content, or text names one of `ids`."""
        if is_text(values):
            texts = [text for text in pc.unique(values).to_pylist() if text]
            return any(is_name_of(text, ids) for text in texts) or names_one(
                "\n".join(texts).encode("utf-8", "replace"), ids
            )
        return any(self.in_bytes(b.to_pybytes()) for b in values.buffers()[1:] if b is not None)

    def in_bytes(self, content: bytes) -> bool:
        """Whether some bytes hold a content."""
        if len(self.traces) <= FEW:
            return any(trace in content for trace in self.traces)
        if self._index is None or self._index.num_traces != len(self.traces):
            self._index = Index(self.traces)
        return self._index.in_bytes(content)

    def rows_of(self, table: pa.Table) -> pa.ChunkedArray:
        """Whether each row is theirs, by id or content; `table` as `read_keys` has it."""
        ids = pa.array(sorted(self.ids), pa.string())
        return pc.or_(pc.is_in(table["id"], ids), self._is_mine(table))

    def _is_mine(self, table: pa.Table) -> pa.ChunkedArray:
        """Whether each row has one of the contents."""
        digests = pa.array(sorted(self.digests), pa.string())
        return pc.or_(*(pc.is_in(table[name], digests) for name in KEYS[1:]))

    def _learn(self, file: BinaryIO, rows: pa.Table) -> None:
        """Remember of rows that have one of the contents what else is known of it."""
        self.aliases.update(id for id in keys(rows, "id") if id)
        for name in KEYS[1:]:
            self.digests.update(digest for digest in keys(rows, name) if digest)
        for modality in MODALITIES:
            self._learn_traces(file, modality)

    def _learn_traces(self, file: BinaryIO, modality: str) -> None:
        """Learn bytes of the contents from a table, if it has examples of the modality."""
        columns, trace = open_show(modality).CONTENT, open_prepare(modality).trace
        mine = pa.array(sorted(self.digests), pa.string())
        file.seek(0)
        with pq.ParquetFile(file) as parquet:
            if not {"sha256", *columns} <= set(parquet.schema_arrow.names):
                return
            for batch in parquet.iter_batches(1024, columns=["sha256", *columns]):
                is_mine = pc.is_in(batch["sha256"].cast(pa.string()), mine)
                for row in batch.filter(is_mine).select(columns).to_pylist():
                    self.traces.update(filter(None, [trace(row)]))


class Index:
    """Many traces, looked for all at once: a search for each in turn takes as many times as long.

    Where two bytes begin one of them, and then two more do, the rest is compared.
    """

    def __init__(self, traces: Collection[bytes]) -> None:
        self.num_traces = len(traces)
        self._starts: dict[bytes, list[bytes]] = {}
        for trace in traces:
            self._starts.setdefault(trace[:4], []).append(trace)
        self._words = np.frombuffer(b"".join(self._starts), "<u4")
        self._begins = np.zeros(1 << 16, bool)
        self._begins[self._words & 0xFFFF] = True

    def in_bytes(self, content: bytes) -> bool:
        for shift in range(min(4, len(content))):
            words = np.frombuffer(content, "<u4", (len(content) - shift) // 4, shift)
            places = np.flatnonzero(self._begins[words & 0xFFFF])
            places = places[np.isin(words[places], self._words)]
            for place in (4 * places + shift).tolist():
                for trace in self._starts[content[place : place + 4]]:
                    if content.startswith(trace, place):
                        return True
        return False


def tombstones(examples: Forgotten, unknown: Iterable[str]) -> set[str]:
    """Digests that keep the examples out, and what is given but unknown."""
    return {digest_of(name) for name in {*examples.ids, *unknown}} | examples.digests


def digest_of(name: str) -> str:
    """SHA-256 of a name; one that looks like such a digest is taken for it."""
    if re.fullmatch(r"[0-9a-f]{64}", name):
        return name
    return sha256_of(name)


_profile_key = lru_cache(1 << 16)(remembered_key)


@lru_cache(1 << 16)
def _key_of_row(id: str) -> bytes:
    return row_key(id).encode()


@lru_cache(1 << 16)
def sha256_of(name: str) -> str:
    return hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
