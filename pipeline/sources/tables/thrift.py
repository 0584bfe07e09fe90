"""Reads Thrift's compact protocol, as far as Parquet uses it: structs by field number.

Format: https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

from dataclasses import dataclass
from typing import Any

MAX_NESTED = 16
MAX_ITEMS = 1 << 20  # of a list

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)


class NotThrift(ValueError):
    """Bytes that are not a struct, or not a supported one."""


@dataclass
class ThriftReader:
    data: bytes
    at: int = 0

    def struct(self, last_field: int | None = None, depth: int = 0) -> dict[int, Any]:
        """Read the fields of a struct by number, up to `last_field`.

        Raises:
            NotThrift: it is damaged or cut off, nested too deep, or has a map.
        """
        fields: dict[int, Any] = {}
        number = 0
        while last_field not in fields and (head := self._byte()):
            number = number + (head >> 4) if head >> 4 else _signed(self._varint())
            fields[number] = self._value(head & 15, depth)
        return fields

    def _value(self, kind: int, depth: int) -> Any:
        if depth > MAX_NESTED:
            raise NotThrift("nested too deep")
        if kind in (TRUE, FALSE):
            return kind == TRUE
        if kind == BYTE:
            return self._byte()
        if kind in (I16, I32, I64):
            return _signed(self._varint())
        if kind in (DOUBLE, BINARY):
            return self._bytes(8 if kind == DOUBLE else self._varint())
        if kind in (LIST, SET):
            head = self._byte()
            length = head >> 4 if head >> 4 < 15 else self._varint()
            if length > MAX_ITEMS:
                raise NotThrift(f"a list of {length}")
            return [self._item(head & 15, depth + 1) for _ in range(length)]
        if kind == STRUCT:
            return self.struct(depth=depth + 1)
        raise NotThrift(f"type {kind}")

    def _item(self, kind: int, depth: int) -> Any:
        return self._byte() == TRUE if kind in (TRUE, FALSE) else self._value(kind, depth)

    def _byte(self) -> int:
        return self._bytes(1)[0]

    def _bytes(self, number: int) -> bytes:
        self.at += number
        if self.at > len(self.data):
            raise NotThrift("cut off")
        return self.data[self.at - number : self.at]

    def _varint(self) -> int:
        number = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            number |= (byte & 127) << shift
            if byte < 128:
                return number
        raise NotThrift("a number of more than 64 bits")


def _signed(number: int) -> int:
    return number >> 1 ^ -(number & 1)
