"""Pickles of plain data and numpy arrays, read without running anything that they name.

A machine of our own runs the few operations that such pickles need: nothing is imported or called,
and memory stays within a few times the file's size, whatever a pickle asks for. pickle's own
unpickler, even the one written in Python, allots whatever a length says, lets a pickle set
attributes of the stand-ins that `find_class` gives, and hashes nested tuples for ever.
"""

import pickletools
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from pipeline.runtime.errors import one_line

MAX_OPERATIONS = 1 << 20  # CIFAR-100's `train` has a quarter of that
GLOBALS = frozenset(
    {
        "_codecs.encode",
        "numpy.core.multiarray._reconstruct",
        "numpy.core.numeric._frombuffer",
        "numpy.dtype",
        "numpy.ndarray",
    }
)
LITERALS = {
    "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT",
    "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
    "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8",
}  # fmt: skip
CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}

Kind = TypeVar("Kind")


@dataclass(frozen=True)
class Global:
    """A name that a pickle asks for. It stays a name: nothing is imported."""

    name: str


@dataclass(frozen=True)
class Dtype:
    """A type of numpy by its code, such as `u1`."""

    code: Any


@dataclass(eq=False)
class Array:
    """An array of numpy as its pickle describes it, which may be anything."""

    state: Any = None
    """Version, shape, dtype, whether it is stored column by column, and its bytes."""

    def matrix(self, num_columns: int) -> np.ndarray | None:
        """The array, if it is uint8 of shape `(N, num_columns)`."""
        match self.state:
            case (_, (int(rows), int(columns)), Dtype("u1"), bool(by_column), data):
                if isinstance(data, str):  # of Python 2, a character a byte
                    data = data.encode("latin-1", "ignore")
                if (
                    isinstance(data, bytes | bytearray)
                    and columns == num_columns
                    and len(data) == rows * columns
                ):
                    order: Literal["C", "F"] = "F" if by_column else "C"
                    return np.frombuffer(data, np.uint8).reshape((rows, columns), order=order)
        return None


def load_plain(data: bytes) -> Any:
    """What a pickle of plain data holds, with an `Array` for each array of numpy.

    Raises:
        ValueError: it is damaged, or asks for anything else; says so in one short line.
    """
    try:
        return _Machine().run(data)
    except Exception as error:  # hostile or damaged: anything may be raised
        raise ValueError(one_line(str(error)[:200]) or type(error).__name__) from None


class _Machine:
    """Runs the operations that plain data need, and no other."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: dict[int, Any] = {}

    def run(self, data: bytes) -> Any:
        for number, (operation, argument, _) in enumerate(pickletools.genops(data)):
            if number == MAX_OPERATIONS:
                raise ValueError(f"it has more than {MAX_OPERATIONS} operations")
            self._step(operation.name, argument)
        return self.stack.pop()

    def _step(self, name: str, argument: Any) -> None:
        stack = self.stack
        match name:
            case _ if name in LITERALS:
                stack.append(argument)
            case _ if name in CONSTANTS:
                stack.append(CONSTANTS[name])
            case "BINPUT" | "LONG_BINPUT" | "PUT":
                self.memo[argument] = stack[-1]
            case "MEMOIZE":
                self.memo[len(self.memo)] = stack[-1]
            case "BINGET" | "LONG_BINGET" | "GET":
                stack.append(self.memo[argument])
            case "MARK":
                self.marks.append(len(stack))
            case "EMPTY_LIST":
                stack.append([])
            case "EMPTY_DICT":
                stack.append({})
            case "LIST":
                stack.append(self._pop_to_mark())
            case "DICT":
                stack.append(_set_items({}, self._pop_to_mark()))
            case "TUPLE":
                stack.append(tuple(self._pop_to_mark()))
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                stack.append(tuple(self._pop(int(name[-1]))))
            case "APPEND" | "APPENDS":
                items = self._pop(1) if name == "APPEND" else self._pop_to_mark()
                _only(list, stack[-1]).extend(items)
            case "SETITEM" | "SETITEMS":
                items = self._pop(2) if name == "SETITEM" else self._pop_to_mark()
                _set_items(_only(dict, stack[-1]), items)
            case "GLOBAL":
                stack.append(_known(argument.replace(" ", ".", 1)))
            case "STACK_GLOBAL":
                stack.append(_known(".".join(self._pop(2))))
            case "REDUCE":
                stack.append(_make(*self._pop(2)))
            case "BUILD":
                (state,) = self._pop(1)
                if isinstance(stack[-1], Array):
                    stack[-1].state = state
                else:
                    _only(Dtype, stack[-1])  # its state says nothing about bytes
            case "PROTO" | "FRAME" | "STOP":
                pass
            case _:
                raise ValueError(f"it has the operation {name}")

    def _pop(self, number: int) -> list[Any]:
        if len(self.stack) < number:
            raise ValueError("it takes from an empty stack")
        items = self.stack[-number:]
        del self.stack[-number:]
        return items

    def _pop_to_mark(self) -> list[Any]:
        mark = self.marks.pop()
        items = self.stack[mark:]
        del self.stack[mark:]
        return items


def _make(function: Any, arguments: Any) -> Any:
    """What calling a name stands for; nothing is called, and no bytes are copied."""
    match function, arguments:
        case Global("numpy.core.multiarray._reconstruct"), tuple():
            return Array()
        case Global("numpy.core.numeric._frombuffer"), (data, dtype, shape, "C" | "F" as order):
            return Array((1, shape, dtype, order == "F", data))
        case Global("numpy.dtype"), (code, *_):
            return Dtype(code)
        case Global("_codecs.encode"), (str(text), "latin1"):  # how old protocols write bytes
            return text
    raise ValueError("it calls what is none of numpy's constructors")


def _only(kind: type[Kind], value: Any) -> Kind:
    if not isinstance(value, kind):
        raise ValueError(f"it changes a {type(value).__name__} as if it were a {kind.__name__}")
    return value


def _known(name: str) -> Global:
    name = name.replace("numpy._core.", "numpy.core.", 1)  # as numpy 2 calls it
    if name not in GLOBALS:
        raise ValueError(f"it asks for {name[:100]}")
    return Global(name)


def _set_items(target: dict[Any, Any], items: list[Any]) -> dict[Any, Any]:
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str | bytes):  # a tuple of tuples takes for ever to hash
            raise ValueError("it has a key that is no text")
        target[key] = value
    return target
