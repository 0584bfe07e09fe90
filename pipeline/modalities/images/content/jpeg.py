"""JPEG: keep the segments that decoding needs, name the others (ITU-T T.81, annex B).

A JPEG is a sequence of segments: `ff`, a marker of one byte, two bytes of length, content. The
compressed pixels of a scan follow its segment, without a length: they end at the next marker.
"""

import re
import struct
from collections.abc import Callable
from functools import lru_cache

from pipeline.modalities.images.content.stripped_image import ImageHeader, StrippedImage

SOI, EOI = b"\xff\xd8", b"\xff\xd9"
FILL, END = 0xFF, 0xD9
FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended and progressive, coded by Huffman
PROGRESSIVE = 0xC2
DHT, SOS, DQT, DRI = 0xC4, 0xDA, 0xDB, 0xDD
APP0, APP14, APP15, COM = 0xE0, 0xEE, 0xEF, 0xFE
APP_KINDS = (
    (b"Exif", "exif"),
    (b"http://ns.adobe.com/x", "xmp"),
    (b"Photoshop", "iptc"),
    (b"ICC_PROFILE", "profile"),
    (b"JFXX", "thumbnail"),
    (b"MPF\0", "mpf"),
)
MAX_SCANS = 100  # more than any encoder makes: each costs the decoder a pass over all pixels
# A marker ends the compressed pixels, unless it restarts them (D0 to D7) or is an escape (00).
_end_of_scan = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]").search
# The segment of a scan of all frequencies (0 to 63), mostly the only scan.
_full_scan = re.compile(rb"\xff\xda\0[\x08-\x0e].{3,9}?\0\x3f\0", re.DOTALL).search
# Where to look for that segment, in bytes: images whose pixels start elsewhere are rare, or photos,
# whose starts all differ.
MIN_CACHED_START, MAX_CACHED_START = 128, 4096


def strip_jpeg(data: bytes) -> StrippedImage | None:
    """Keep the segments that decoding needs; None if the structure is odd.

    Odd structure is not needed by any decoder and understood by few: several frames, unknown
    markers, bytes between segments, no end.
    """
    if scan := _full_scan(data, MIN_CACHED_START, MAX_CACHED_START):
        start = scan.end()
        end = _end_of_scan(data, start)
        if end and data[end.start() :] == EOI and (stripped := _strip_start(data[:start])):
            kept, removed, header = stripped
            return StrippedImage(kept + data[start:] if kept else data, removed, header)
    return _strip(data)


@lru_cache(maxsize=16)  # images of one encoder and size are equal up to their pixels
def _strip_start(start: bytes) -> tuple[bytes, frozenset[str], ImageHeader] | None:
    """Strip the segments before the pixels of the only scan; None if `start` is anything else.

    The first item replaces `start`; empty if it can stay.
    """
    stripper = _JpegStripper(start + EOI)
    try:
        stripped, removed, header = stripper.strip()
    except _OddStructureError:
        return None
    if stripper.first_pixel != len(start):
        return None
    kept = stripped.removesuffix(EOI)
    return (b"" if kept == start else kept), removed, header


def _strip(data: bytes) -> StrippedImage | None:
    try:
        return _JpegStripper(data).strip()
    except _OddStructureError:
        return None


class _OddStructureError(Exception):
    """The structure has room for bytes that no decoder reads, or is damaged."""


class _JpegStripper:
    """Reads a JPEG once, segment by segment; METHODS has the method of each marker."""

    def __init__(self, data: bytes) -> None:
        self.first_pixel = 0
        """Offset of the first scan's compressed pixels."""
        self._data = data
        self._end = len(SOI)
        """End of the current segment; of a scan, end of its pixels."""
        self._kept = [SOI]
        self._tables = _Tables()
        self._removed: set[str] = set()
        self._exif = self._xmp = self._frame = b""
        self._num_scans = 0
        self._has_jfif = self._has_adobe = False

    def strip(self) -> StrippedImage:
        """Read all segments.

        Raises:
            _OddStructureError: see `strip_jpeg`.
        """
        data, methods = self._data, self.METHODS
        if not data.startswith(SOI):
            raise _OddStructureError
        at = self._end
        while at + 4 <= len(data) and data[at] == 0xFF:
            marker = data[at + 1]
            if marker == FILL:
                at += 1
                continue
            if marker == END:
                break
            self._end = end = at + 2 + (data[at + 2] << 8 | data[at + 3])
            segment = data[at:end]
            method = methods.get(marker)
            if method is None or len(segment) != end - at or len(segment) < 4:
                raise _OddStructureError
            method(self, segment)
            at = self._end
        if data[at : at + 2] != EOI or not self._num_scans:
            raise _OddStructureError
        if len(data) > at + 2:
            self._removed.add("trailer")
        if self._tables.drop_unused(self._kept):
            self._removed.add("tables")
        self._kept.append(EOI)
        height, width = struct.unpack_from(">HH", self._frame, 5)
        header = ImageHeader(width, height, self._frame[9], self._exif, self._xmp)
        return StrippedImage(b"".join(self._kept), frozenset(self._removed), header)

    def read_tables(self, segment: bytes) -> None:
        """DQT, DHT, DRI: keep the tables until it is known whether a scan uses them."""
        self._tables.add(len(self._kept), segment)
        self._kept.append(segment)

    def read_frame(self, segment: bytes) -> None:
        """SOF: size and components of the image; there must be one."""
        if self._frame or len(segment) < 10 or len(segment) != 10 + 3 * segment[9]:
            raise _OddStructureError
        self._frame = segment
        self._tables.set_frame(segment)
        self._kept.append(segment)

    def read_scan(self, segment: bytes) -> None:
        """SOS: keep the segment and the compressed pixels after it."""
        if not self._frame or self._num_scans == MAX_SCANS:
            raise _OddStructureError
        self._tables.use(segment)
        start = self._end
        end = _end_of_scan(self._data, start)
        if end is None:
            raise _OddStructureError
        self._num_scans += 1
        self.first_pixel = self.first_pixel or start
        self._end = end.start()
        self._kept.append(segment)
        self._kept.append(self._data[start : self._end])

    def read_app0(self, segment: bytes) -> None:
        """JFIF: keep version and density of the first, without its thumbnail."""
        if self._has_jfif or len(segment) < 18 or segment[4:9] != b"JFIF\0":
            self.leave_out(segment)
            return
        self._has_jfif = True
        self._kept.append(b"\xff\xe0\x00\x10" + segment[4:16] + b"\0\0")
        if len(segment) > 18:
            self._removed.add("thumbnail")

    def read_app14(self, segment: bytes) -> None:
        """Adobe: keep the coding of colours; two segments could contradict each other."""
        if len(segment) < 16 or segment[4:9] != b"Adobe":
            self.leave_out(segment)
            return
        if self._has_adobe:
            raise _OddStructureError
        self._has_adobe = True
        self._kept.append(b"\xff\xee\x00\x0e" + segment[4:16])
        if len(segment) > 16:
            self._removed.add("app14")

    def leave_out(self, segment: bytes) -> None:
        """APP and COM: note the kind of metadata; keep EXIF and XMP aside, for the orientation."""
        kind = _kind_of_metadata(segment)
        self._removed.add(kind)
        if kind == "exif":
            self._exif = self._exif or segment[4:]
        elif kind == "xmp":
            self._xmp = self._xmp or segment[4:]

    METHODS: dict[int, Callable[["_JpegStripper", bytes], None]] = {
        **dict.fromkeys((DQT, DHT, DRI), read_tables),
        **dict.fromkeys(FRAMES, read_frame),
        SOS: read_scan,
        **dict.fromkeys((*range(APP0, APP15 + 1), COM), leave_out),
        APP0: read_app0,
        APP14: read_app14,
    }


def _kind_of_metadata(segment: bytes) -> str:
    marker = segment[1]
    if marker == COM:
        return "comment"
    for prefix, kind in APP_KINDS:
        if segment.startswith(prefix, 4):
            return kind
    return f"app{marker - APP0}"


class _Tables:
    """The tables of a JPEG that its scans use: an unused one may hide anything."""

    def __init__(self) -> None:
        self._progressive = False
        # The quantisation table of each component before its first scan.
        self._quantization: dict[int, int] = {}
        # Tables that no scan has used yet, by marker and number: the position of their segment
        # among those kept, their start and end in it.
        self._waiting: dict[int, dict[int, tuple[int, int, int]]] = {DQT: {}, DHT: {}, DRI: {}}
        self._unused: list[tuple[int, int, int]] = []

    def add(self, position: int, segment: bytes) -> None:
        """Read the tables of a segment, number `position` of those kept; they must fill it."""
        marker = segment[1]
        waiting = self._waiting[marker]
        at = 4
        while at < len(segment):
            number = segment[at]
            if marker == DHT:
                size = 17 + sum(segment[at + 1 : at + 17])
            elif marker == DQT:
                size, number = (129 if number >> 4 else 65), number & 15
            else:
                size, number = 2, 0
            if number in waiting:
                self._unused.append(waiting[number])
            end = at + size
            waiting[number] = (position, at, end)
            at = end
        if at != len(segment):
            raise _OddStructureError

    def set_frame(self, frame: bytes) -> None:
        """Note which quantisation table each component needs."""
        self._progressive = frame[1] == PROGRESSIVE
        self._quantization = {frame[i]: frame[i + 2] for i in range(10, len(frame), 3)}

    def use(self, scan: bytes) -> None:
        """Note which tables a scan needs; its segment must have no spare bytes."""
        num_components = (len(scan) - 8) // 2
        if num_components < 1 or len(scan) != 8 + 2 * scan[4]:
            raise _OddStructureError
        needs_dc = needs_ac = True
        if self._progressive:  # a scan has some of the frequencies, and refines them or not
            first, last, refines = scan[-3], scan[-2], scan[-1] >> 4
            needs_dc, needs_ac = first == 0 and not refines, last > 0
        quantization, huffman, restart = self._waiting.values()
        restart.clear()
        for at in range(5, 5 + 2 * num_components, 2):
            quantization.pop(self._quantization.pop(scan[at], -1), None)
            tables = scan[at + 1]
            if needs_dc:
                huffman.pop(tables >> 4, None)
            if needs_ac:
                huffman.pop(16 | tables & 15, None)

    def drop_unused(self, kept: list[bytes]) -> bool:
        """Cut the tables that no scan used out of their segments; return whether there were any."""
        unused = self._unused
        for tables in self._waiting.values():
            unused += tables.values()
        for position, start, end in sorted(unused, reverse=True):
            segment = kept[position]
            body = segment[4:start] + segment[end:]
            kept[position] = segment[:2] + struct.pack(">H", len(body) + 2) + body if body else b""
        return bool(unused)
