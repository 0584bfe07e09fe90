"""A gallery of examples on a local page, from which a selection goes to review.

The page is served by the review server, beside the review page: all that protects the one protects
the other, and what is decided goes the same way.
"""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.commands.review.__main__ import opened_for, own_name, serve
from pipeline.commands.review.server import ACTIONS, FILES, HTML, SCRIPT, STYLE_SHEET, Server
from pipeline.commands.review.session import Session
from pipeline.commands.review.words import CHOSEN
from pipeline.dataset.places import FINDINGS, RAW
from pipeline.dataset.review.queue import BY_PEOPLE, REVIEW_QUEUE_SCHEMA, read_queue
from pipeline.dataset.table import read_index, read_tables
from pipeline.runtime.errors import FindError
from pipeline.runtime.settings import Kind, read_params
from pipeline.targets.opening import open_labels, open_noise

PAGE = Path(__file__).with_name("page")


def open_gallery(ids: Sequence[str], *, with_browser: bool, port: int = 0) -> None:
    """Serve a gallery of examples until Ctrl-C.

    Raises:
        FindError: none of them can be shown.
        MissingInput: data/raw or data/findings are missing or damaged.
    """
    session = open_session(own_name(), ids)
    num = len(session.about()["ids"])
    left_out = len(ids) - num
    without = f"; {left_out} without a label are left out" if left_out else ""
    lines = [f"a gallery of {num} examples of {session.dataset}{without}"]
    serve(GalleryServer(session, port), lines, with_browser=with_browser)


def open_session(reviewer: str, ids: Sequence[str]) -> "GallerySession":
    """
    Raises:
        FindError: none of the examples can be shown.
    """
    return GallerySession(*opened_for(reviewer, make_queue=lambda: queue_of(ids)))


def queue_of(ids: Sequence[str]) -> pa.Table:
    """A review queue of some examples, in their order; of those with a label.

    Raises:
        FindError: there is none.
    """
    kind = read_params(Kind)
    label, noise = open_labels(kind.target).COLUMN, open_noise(kind.target)
    target = read_index(RAW)["target"]
    wanted = pa.array(ids, pa.string())
    tables = [
        table.filter(pc.is_in(table["id"], wanted))
        for table in read_tables(RAW, ["id", "split", label])
    ]
    table = pa.concat_tables(tables).unify_dictionaries()
    codes, known = noise.read_labels(table[label], target)
    table = table.filter(pa.array(known))
    given = noise.as_text(codes[known], target)
    named = zip(table["id"].to_pylist(), table["split"].to_pylist(), given, strict=True)
    rows = {id: row_of(id, split or "", text) for id, split, text in named}
    doubted = read_queue(FINDINGS)
    doubted = doubted.filter(pc.is_in(doubted["id"], wanted))
    rows |= {row["id"]: row for row in doubted.to_pylist() if row["id"] in rows}
    if not rows:
        raise FindError("no example with a label was found to be shown", fix="ask for others")
    return pa.Table.from_pylist([rows[id] for id in ids if id in rows], REVIEW_QUEUE_SCHEMA)


def row_of(id: str, split: str, given: str) -> dict[str, Any]:
    """A row of the queue for an example that clean does not doubt."""
    row: dict[str, Any] = dict.fromkeys(REVIEW_QUEUE_SCHEMA.names)
    lists = {"reasons": [CHOSEN], "votes": [], "neighbours": []}
    about = {"id": id, "split": split, "given": given, "proposed": given, "judges": BY_PEOPLE}
    return row | lists | about


class GallerySession(Session):
    """A session of reviewing that shows what was chosen in the gallery alone."""

    def __init__(self, *made_of: Any) -> None:
        super().__init__(*made_of)
        self._chosen: frozenset[int] | None = None
        self._choosing = threading.Lock()

    def about(self) -> dict[str, Any]:
        return super().about() | {"ids": list(self._ids)}

    def choose(self, rows: list[int]) -> dict[str, Any]:
        """Have the review page show some rows of the queue alone."""
        if not rows or not all(isinstance(row, int) and 0 <= row < len(self._ids) for row in rows):
            raise ValueError("no such rows")
        with self._choosing:
            self._chosen = frozenset(rows)
        return {"num": len(self._chosen)}

    def select(self, filters: dict[str, str]) -> dict[str, Any]:
        found = super().select(filters)
        chosen = self._chosen
        if chosen is None:
            return found
        return found | {key: [r for r in found[key] if r in chosen] for key in ("rows", "decided")}


class GalleryServer(Server):
    """Serves the gallery, and the review page at /review."""

    files: Mapping[str, tuple[Path, str]] = {
        **FILES,
        "/review": FILES["/"],
        "/": (PAGE / "gallery.html", HTML),
        "/gallery.css": (PAGE / "gallery.css", STYLE_SHEET),
        "/gallery.js": (PAGE / "gallery.js", SCRIPT),
    }
    actions = {**ACTIONS, "/api/choose": (GallerySession.choose, {"rows": list})}
