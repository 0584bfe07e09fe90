"""JSON files that contain their own digest, so that a changed one is never believed."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

MOST_BYTES = 256 << 20


def seal(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """Add the digest of the text of `values` to them, under `key`."""
    digest = hashlib.sha256(json_text(values).encode()).hexdigest()
    return {**values, key: digest}


def read_sealed(path: Path, key: str) -> dict[str, Any]:
    """Read the values of a sealed file, whose text must be unchanged to the byte.

    Raises:
        OSError: it cannot be read.
        ValueError: its text was changed, or was never sealed under `key`.
    """
    values = read_json(path)
    digest = values.pop(key, None)
    if digest is None:
        raise ValueError(f"it has no {key}")
    if path.read_bytes() != json_text(seal(values, key)).encode():
        raise ValueError("other bytes than were written")
    return values


def read_json(path: Path) -> dict[str, Any]:
    """Read the object in a JSON file of any origin.

    Raises:
        OSError: it cannot be read.
        ValueError: it holds anything else, or more than MOST_BYTES.
    """
    if path.exists() and not path.is_file():  # reading a pipe would never end
        raise ValueError("it is no regular file")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it is larger than {MOST_BYTES} bytes")
    try:
        values = json.loads(path.read_bytes().decode("utf-8"))
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(values, dict):
        raise ValueError("it is no JSON object")
    return values


def json_text(values: Any) -> str:
    """Format JSON so that it reads well in a diff; NaN, which is not JSON, is refused."""
    return json.dumps(values, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_json(path: Path, values: Any) -> None:
    path.write_text(json_text(values), encoding="utf-8")
