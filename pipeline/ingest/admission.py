"""Admission of examples, by their purposes and by opt-outs."""

from collections import Counter
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.privacy import is_opted_out, pseudonym

OPTED_OUT = "opted out"
IN_OTHER_SPLIT = "splits: leaves out"
"""Prefix of the reason for examples of splits that the entry does not take."""


@dataclass(frozen=True)
class Terms:
    """The terms of admission."""

    license: str
    """The licence of examples without their own."""
    purposes: str | None
    """Allowed purposes of examples without their own; None for any."""
    purpose: str
    """The purpose of this run."""
    opted_out: frozenset[str]
    """Ids, and SHA-256 digests of ids or of contents, that are not admitted."""
    pseudonym_key: bytes | None
    splits: tuple[str, ...] | None = None
    """The splits of the source that the entry takes; None for all."""


def admit(table: pa.Table, terms: Terms) -> tuple[pa.Table, Counter[str]]:
    """Select the examples that are admitted; count the others by reason.

    Their licence and purposes are filled in. Left out are those whose id, digest of the id, or
    digest of the content is in `opted_out`, those of splits that are not taken, and those that may
    not be used for `purpose`.
    """
    license = pc.fill_null(table["license"], terms.license)
    purposes = table["purposes"]
    if terms.purposes is not None:
        purposes = pc.fill_null(purposes, terms.purposes)
    table = table.set_column(table.schema.get_field_index("license"), "license", license)
    table = table.set_column(table.schema.get_field_index("purposes"), "purposes", purposes)
    left_out: Counter[str] = Counter()
    admitted = []
    columns = ("id", "source_sha256", "purposes", "split", "label")
    for id, digest, allowed, split, label in zip(
        *(table[name].to_pylist() for name in columns), strict=True
    ):
        reason = None
        if is_opted_out(terms.opted_out, id, digest) or (
            terms.pseudonym_key
            and is_opted_out(terms.opted_out, pseudonym(id, terms.pseudonym_key) or "", None)
        ):
            reason = OPTED_OUT
        elif terms.splits is not None and not _is_taken(split, label, terms.splits):
            reason = f"{IN_OTHER_SPLIT} {split or 'none'}"
        elif allowed is not None and terms.purpose not in allowed.split():
            reason = f"only for {', '.join(allowed.split()) or 'nothing'}, not for {terms.purpose}"
        admitted.append(reason is None)
        if reason is not None:
            left_out[reason] += 1
    return (table.filter(pa.array(admitted, pa.bool_())) if left_out else table), left_out


def _is_taken(split: str | None, label: str | None, splits: tuple[str, ...]) -> bool:
    return split in splits or (split is None and label is None and "unlabelled" in splits)
