"""Random numbers that are a pure function of seed, id and purpose.

They depend on no global state, order or worker, so an example gets the same numbers in
every run, also when others are added. The generator is splitmix64 (Steele et al. 2014), used
as a hash of a counter.
"""

from collections.abc import Iterable
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray


def key64(text: str) -> int:
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def id_keys(ids: Iterable[str]) -> NDArray[np.uint64]:
    """A 64-bit key for each id."""
    return np.array([key64(id) for id in ids], dtype=np.uint64)


def repeat_keys(keys: NDArray[np.uint64], repeats: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A key for each time that an id is used; the first (0) is that of the id."""
    return np.where(repeats == 0, keys, _mix(keys + repeats.astype(np.uint64)))


def uniform(keys: NDArray[np.uint64], seed: int, purpose: str) -> NDArray[np.float64]:
    """One number in [0, 1) for each key, independent between seeds and purposes."""
    salt = np.uint64(key64(f"{seed}:{purpose}"))
    bits = _mix(_mix(keys ^ salt) + salt) >> np.uint64(11)
    return bits.astype(np.float64) * 2.0**-53


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = z + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))
