"""Tombstones of people who opted out, and pseudonyms in place of ids.

`data/optout/<dataset>.csv` is in git and holds tombstones: ids, or SHA-256 digests of ids or of
contents, which are not personal data themselves. What it lists never enters data/raw again.
"""

import csv
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence
from pathlib import Path

import platformdirs
import pyarrow as pa

from pipeline.dataset.places import OPTOUT_DIR
from pipeline.runtime.errors import SettingsError

OPTOUT_COLUMNS = ["id", "date", "note"]
KEY_VARIABLE = "GROUNDWORK_KEY"
PSEUDONYM_DIGITS = 32  # hexadecimal, 128 bits
KEY_BYTES = 32


def read_opted_out(dataset: str) -> frozenset[str]:
    """The tombstones of a dataset; none when there is no file.

    Raises:
        SettingsError: the file is no CSV with a column `id`, or a line has none.
    """
    path = OPTOUT_DIR / f"{dataset}.csv"
    if not path.exists():
        return frozenset()
    found = set()
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = csv.DictReader(file)
            if "id" not in (rows.fieldnames or []):
                raise SettingsError(
                    f"{path} has the columns {rows.fieldnames}, expected id",
                    fix=f"make its first line {','.join(OPTOUT_COLUMNS)}",
                )
            for row in rows:
                if not row["id"]:
                    raise SettingsError(f"{path} line {rows.line_num} has no id", fix="fill it in")
                found.add(row["id"])
    except (UnicodeDecodeError, csv.Error) as error:
        raise SettingsError(f"{path} is no UTF-8 CSV file: {error}", fix="save it as one") from None
    return frozenset(found)


def is_opted_out(opted_out: frozenset[str], id: str, content_sha256: str | None) -> bool:
    """Whether an example is listed, by its id or by a digest of its id or content."""
    if not opted_out:
        return False
    return not opted_out.isdisjoint([id, hashlib.sha256(id.encode()).hexdigest(), content_sha256])


def pseudonym(name: str | None, key: bytes) -> str | None:
    """A stable name that reveals nothing without the key: HMAC-SHA-256, 128 bits."""
    return name and hmac.new(key, name.encode(), "sha256").hexdigest()[:PSEUDONYM_DIGITS]


def with_pseudonyms(table: pa.Table, names: Sequence[str], key: bytes) -> pa.Table:
    """The table with pseudonyms in the columns `names`, which hold strings."""
    for name in names:
        coded = table[name].combine_chunks().dictionary_encode()
        known = pa.array([pseudonym(text, key) for text in coded.dictionary.to_pylist()])
        position = table.schema.get_field_index(name)
        table = table.set_column(position, name, known.take(coded.indices))
    return table


def key_path() -> Path:
    """The path of the key of pseudonyms: outside the repository, so that git never has it."""
    given = os.environ.get(KEY_VARIABLE)
    return Path(given) if given else platformdirs.user_config_path("groundwork") / "pseudonym.key"


def read_or_make_key() -> bytes:
    """Read the key, or make one. Anyone who has it can match pseudonyms to ids: keep it safe.

    Raises:
        SettingsError: the file holds no key.
    """
    path = key_path()
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES) + "\n")
    try:
        key = bytes.fromhex(path.read_text().strip())
    except ValueError:
        key = b""
    if len(key) < KEY_BYTES:
        raise SettingsError(
            f"{path} is no key: expected {2 * KEY_BYTES} hexadecimal digits",
            fix=f"bring back the key that was used before, or name another with {KEY_VARIABLE}",
        )
    return key
