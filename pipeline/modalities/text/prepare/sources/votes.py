"""Several people's labels of one text: rows of one id are votes, not copies."""

from collections import Counter, defaultdict
from typing import NamedTuple

import pyarrow as pa

MAX_NAMED = 6


class Voted(NamedTuple):
    """Examples of which each may have had several rows."""

    rows: list[int]
    """The first row of each."""
    labels: list[str | None]
    """What most voted for; None for no vote, and for as many votes for one as for another."""
    problems: list[str | None]
    """Problems of rows that no vote makes up for."""
    annotations: pa.Table
    """Columns id, annotator, label: a row for each vote."""
    notes: list[str]


def count_votes(
    ids: list[str],
    annotators: list[str | None],
    labels: list[str | None],
    problems: list[str | None],
) -> Voted:
    """Count the votes of N rows."""
    of_id: dict[str, list[int]] = defaultdict(list)
    for row, id in enumerate(ids):
        of_id[id].append(row)
    voted: list[str | None] = []
    reasons: list[str | None] = []
    ties, votes = [], []
    agree = differ = 0
    for id, rows in of_id.items():
        given = [row for row in rows if labels[row] is not None]
        counts = Counter(str(labels[row]) for row in given).most_common()
        votes += [(id, annotators[row] or "unknown", labels[row]) for row in given]
        is_tie = len(counts) > 1 and counts[0][1] == counts[1][1]
        voted.append(counts[0][0] if counts and not is_tie else None)
        reasons.append(
            next((problems[r] for r in rows if problems[r]), None) if not given else None
        )
        ties += [id] if is_tie else []
        agree += len(given) > 1 and len(counts) == 1
        differ += len(counts) > 1
    notes = [
        f"{len(ids)} rows are votes of {len({*annotators} - {None})} people on {len(of_id)} texts; "
        f"of {agree + differ} texts with several votes {agree} agree and {differ} do not"
    ]
    if ties:
        named = ", ".join(ties[:MAX_NAMED]) + (", ..." if len(ties) > MAX_NAMED else "")
        notes.append(f"{len(ties)} texts are a tie and wait without a label: {named}")
    if refused := [id for id, why in zip(of_id, reasons, strict=True) if why]:
        named = ", ".join(refused[:MAX_NAMED]) + (", ..." if len(refused) > MAX_NAMED else "")
        notes.append(f"{len(refused)} texts cannot be used, as no vote is one label: {named}")
    columns = zip(*votes, strict=True) if votes else ([], [], [])
    names = ("id", "annotator", "label")
    table = pa.table(
        {n: pa.array(list(c), pa.string()) for n, c in zip(names, columns, strict=True)}
    )
    return Voted([rows[0] for rows in of_id.values()], voted, reasons, table, notes)
