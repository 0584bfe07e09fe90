"""Plain data come back whatever wrote the pickle; anything else is refused, and takes little."""

import os
import pickle
import re
import struct
import sys
import tracemalloc

import numpy as np
import pytest

from pipeline.ingest.sources.kinds.plain_pickle import MAX_OPERATIONS, load_plain

PLAIN = {"list": [1, -(1 << 70), 2.5, "ä", None, True], "tuples": ((), (1,), (1, 2, 3, 4))}


@pytest.mark.parametrize("protocol", range(6))
def test_plain_data_come_back(protocol):
    data = {**PLAIN, "nested": {"again": PLAIN["list"]}}
    assert load_plain(pickle.dumps(data, protocol)) == data
    # Protocols of Python 2 have no bytes: they have text, and the call that encodes it.
    found = load_plain(pickle.dumps(b"bytes", protocol))
    assert found == (b"bytes" if protocol >= 3 else "bytes")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_bytes_come_back(protocol, order):
    array = np.array([[0, 127, 255], [3, 4, 5]], np.uint8, order=order)
    found = load_plain(pickle.dumps(array, protocol))
    assert found.matrix(3).tolist() == array.tolist()
    assert found.matrix(2) is None
    assert load_plain(pickle.dumps(array.view(np.int8), protocol)).matrix(3) is None


class Attack:
    def __init__(self, function, *arguments):
        self.call = (function, arguments)

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (eval, "builtins.eval"), (np.fromfile, "numpy.fromfile")],
)
def test_a_pickle_with_code_runs_nothing(tmp_path, protocol, function, name):
    if protocol < 3:
        name = name.replace("builtins", "__builtin__")
    canary = tmp_path / "canary"
    argument = f"open({str(canary)!r}, 'w')" if function is eval else f"touch {canary}"
    data = pickle.dumps({"data": Attack(function, argument)}, protocol)
    module = name.rpartition(".")[0]
    with pytest.raises(ValueError, match=rf"^it asks for {module}\."):
        load_plain(data)
    assert not canary.exists()


def test_what_a_pickle_names_is_not_imported():
    assert "antigravity" not in sys.modules
    with pytest.raises(ValueError, match=r"^it asks for antigravity\.geohash$"):
        load_plain(b"\x80\x02cantigravity\ngeohash\n.")
    assert "antigravity" not in sys.modules


ENCODE = b"\x80\x02c_codecs\nencode\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        # An attribute of a name that is known.
        (ENCODE + b"N}X\x01\x00\x00\x00aNs\x86b.", "it changes a Global as if it were a Dtype"),
        (b"\x80\x02cnumpy\nndarray\n)\x81.", "it has the operation NEWOBJ"),
        (b"\x80\x02cnumpy\nndarray\n)R.", "it calls what is none of numpy's constructors"),
        (ENCODE + b"X\x01\x00\x00\x00aX\x03\x00\x00\x00rot\x86R.", "it calls what is none of"),
        (b"\x80\x02}))s.", "it has a key that is no text"),
        (b"\x80\x02)Na.", "it changes a tuple as if it were a list"),
        (b"\x80\x02\x82\x01.", "it has the operation EXT1"),
        (b"P1\n.", "it has the operation PERSID"),
        (b"\x80\x02a.", "it takes from an empty stack"),
        (b"\x80\x02c" + b"a" * 1_000_000 + b"\nb\n.", "it asks for " + "a" * 100),
        (b"S" + b"a" * 1_000_000 + b"\n.", "no string quotes around b'aaaa"),
        (b"\x80\x02](" + b"}" * MAX_OPERATIONS + b"e.", f"it has more than {MAX_OPERATIONS} "),
    ],
    ids=range(12),
)  # fmt: skip
def test_operations_that_data_do_not_need(data, reason):
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}") as caught:
        load_plain(data)
    assert len(str(caught.value)) <= 200


MANY_COPIES = (  # of a string of 1 MB
    ENCODE + b"q\x00X" + struct.pack("<I", 1_000_000) + b"x" * 1_000_000
    + b"X\x06\x00\x00\x00latin1\x86q\x01](" + b"h\x00h\x01R" * 3000 + b"e."
)  # fmt: skip


@pytest.mark.parametrize(
    ("data", "is_read"),
    [
        (MANY_COPIES, True),
        (b"\x80\x02Nr\xff\xff\xff\x7f.", True),  # a memo of 2**31 entries
        (b"\x80\x05\x96" + struct.pack("<Q", 2 << 30) + b"N.", False),  # a bytearray of 2 GiB
        (b"\x80\x04\x95" + struct.pack("<Q", 2 << 30) + b"N.", True),  # a frame of 2 GiB
    ],
    ids=["copies", "memo", "bytearray", "frame"],
)
def test_a_small_pickle_takes_little_memory(data, is_read):
    tracemalloc.start()
    try:
        if is_read:
            load_plain(data)
        else:
            with pytest.raises(ValueError, match="expected 2147483648 bytes in a bytearray8"):
                load_plain(data)
        assert tracemalloc.get_traced_memory()[1] < 10e6
    finally:
        tracemalloc.stop()


def test_what_pickle_makes_of_the_bomb_of_references_stays_small():
    bomb: list = []
    for _ in range(60):
        bomb = [bomb, bomb]
    data = pickle.dumps({"labels": bomb}, 2)
    assert len(data) < 1000
    assert isinstance(load_plain(data), dict)


def test_tuples_of_tuples_are_not_hashed_for_ever():
    bomb: tuple = ()
    for _ in range(60):
        bomb = (bomb, bomb)
    data = b"\x80\x02}" + pickle.dumps(bomb, 2)[2:-1] + b"Ns."  # as a key
    with pytest.raises(ValueError, match=r"^it has a key that is no text"):
        load_plain(data)
