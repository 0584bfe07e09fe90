"""Counts of images while their rows pass by: sizes, modes, channels, blank ones."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.dataset.table import count
from pipeline.modalities.images.content.deep_grey import Range, levels_left, range_in_mode
from pipeline.modalities.images.prepare.twins import Twins

LARGEST_DEFAULT_SIDE = 224  # pixels; the usual size of pretrained networks
MUCH_LARGER = 16  # times the pixels
GREY_16BIT = ("I;16", "I;16B", "I;16L", "I")
BLANK_CONTRAST = 0.005  # MIN_CONTRAST of validate


class ImageTally:
    """Counts over readable images; see modalities/protocols/prepare.py."""

    def __init__(self) -> None:
        self.sizes: Counter[tuple[int, int]] = Counter()
        """Counts by height and width."""
        self.modes: Counter[str] = Counter()
        self.ranges: dict[str, Range] = {}
        """Used range of 16 bits a channel, by mode, if an image uses little of them."""
        self.num_narrow: Counter[str] = Counter()
        self.channels: set[int] = set()
        self.num_blank = 0
        self.twins = Twins()

    def add(self, table: pa.Table) -> None:
        self.sizes.update(count(table, "height", "width"))
        for (word,), number in count(table, "mode").items():
            mode, used = range_in_mode(word)
            self.modes[mode] += number
            if used is not None:
                low, high = self.ranges.get(mode, used)
                self.ranges[mode] = Range(min(low, used.low), max(high, used.high))
                self.num_narrow[mode] += number
        self.channels.update(table["channels"].unique().to_pylist())
        blank = pc.less(table["contrast"].cast(pa.float64()), BLANK_CONTRAST)
        self.num_blank += pc.sum(blank).as_py() or 0
        self.twins.add(table)

    def index(self, entry: Any) -> dict[str, Any]:
        options = {"range_16bit": entry.range_16bit} if entry.range_16bit else {}
        return {
            "image_size": entry.image_size or self.common_size(),
            "channels": self.num_channels(),
            **({"options": options} if options else {}),
        }

    def num_channels(self) -> int:
        """Number of channels of every image for a network."""
        return 3 if 3 in self.channels else 1

    def common_size(self) -> list[int]:
        """The height and width of every image, or a square as large as most images allow."""
        if len(self.sizes) == 1:
            return list(next(iter(self.sizes)))
        shorter = sorted(min(size) for size in self.sizes.elements())
        side = min(shorter[len(shorter) // 2], LARGEST_DEFAULT_SIDE) if shorter else 1
        return [side, side]

    def remarks(self, entry: Any) -> list[str]:
        found = self.narrow_ranges()
        if entry.image_size is not None:
            return [*found, *self._enlargement(*entry.image_size)]
        if len(self.sizes) <= 1:
            return found
        height, width = self.common_size()
        return [
            *found,
            f"images differ in size; training will see {height} x {width} "
            "(`image_size` in the catalog entry chooses another)",
        ]

    def _enlargement(self, height: int, width: int) -> list[str]:
        """A sentence if most images have far fewer pixels than training images."""
        areas = sorted(height * width for height, width in self.sizes.elements())
        if not areas or height * width < MUCH_LARGER * areas[len(areas) // 2]:
            return []
        times = height * width / areas[len(areas) // 2]
        return [
            f"image_size {height} x {width} has {times:,.0f} times the pixels of half of the "
            f"images ({self.size_range()}): enlarging adds nothing to see, and shards grow as much"
        ]

    def headline(self) -> str:
        text = f"{self.size_range()} pixels"
        if not self.channels:
            return text
        channels = self.num_channels()
        return f"{text}, {channels} channel{'s' if channels != 1 else ''}"

    def summary(self) -> str:
        return f"sizes: {self.size_range()}; modes: {', '.join(sorted(self.modes))}"

    def size_range(self) -> str:
        """Name the smallest and the largest size: "12 x 10 to 20 x 16"."""
        if not self.sizes:
            return "none readable"
        smallest = min(self.sizes, key=lambda size: size[0] * size[1])
        largest = max(self.sizes, key=lambda size: size[0] * size[1])
        if smallest == largest:
            return f"all {smallest[0]} x {smallest[1]}"
        return f"{smallest[0]} x {smallest[1]} to {largest[0]} x {largest[1]}"

    def narrow_ranges(self) -> list[str]:
        """A sentence for each mode in which all images use little of 16 bits a channel."""
        found = []
        for mode, used in self.ranges.items():
            num = self.num_narrow[mode]
            if num < self.modes[mode]:  # some use more, so the others may just be dark
                continue
            instead = "scale them and save them with 8 bits a channel"
            if mode in GREY_16BIT:
                instead = f"`range_16bit: {list(used)}` in the catalog entry keeps more"
            many = (
                "images of 16 bits a channel use" if num != 1 else "image of 16 bits a channel uses"
            )
            found.append(
                f"{num} {many} "
                f"values from {used.low} to {used.high} alone: {levels_left(used)} of 256 levels "
                f"are left ({instead})"
            )
        return found

    def entry_lines(self) -> list[str]:
        if len(self.sizes) <= 1:
            return []
        height, width = self.common_size()
        return [f"image_size: [{height}, {width}]  # the images differ in size"]

    def oddities(self) -> list[str]:
        found = self.narrow_ranges()
        if self.num_blank:
            found.append(f"{self.num_blank} image{'s' if self.num_blank != 1 else ''} blank")
        if len(self.channels) > 1:
            found.append("grey and colour images are mixed; all become RGB")
        return [*found, *self.twins.describe()]

    def decisions(self) -> list[str]:
        found = []
        if len(self.sizes) > 1:
            height, width = self.common_size()
            found.append(
                f"image_size: training will see [{height}, {width}]; is that enough to tell them "
                "apart?"
            )
        return [
            *found,
            "groups: do several images show one person, animal or thing? A manifest can say so",
            "augmentation: may images be mirrored? (augment.transforms in params.yaml)",
        ]
