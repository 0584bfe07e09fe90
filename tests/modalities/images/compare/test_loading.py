"""Images of an example table come to one shape, in the order of its rows."""

import pyarrow as pa
import pytest

from pipeline.dataset.parts import write_tables
from pipeline.dataset.table import write_index
from pipeline.modalities.images.compare.loading import comparison_shape, load
from pipeline.modalities.images.encode.pixels import decode_all


@pytest.mark.parametrize(
    ("size", "compared"), [([28, 32], (28, 32)), ([1, 500], (2, 64)), ([64, 65], (64, 64))]
)
def test_images_are_compared_at_most_64_pixels_wide(size, compared):
    index = {"content": {"image_size": size, "channels": 3}}
    assert comparison_shape(index) == (*compared, 3)


def test_loading_a_folder_keeps_the_order_of_its_rows(png, tmp_path):
    encoded = [png(0), png(1), None, png(2), png(3)]
    schema = pa.schema([("id", pa.string()), ("image", pa.binary())])
    table = pa.table({"id": list("abcde"), "image": encoded}, schema=schema)
    write_index(tmp_path / "raw", write_tables(tmp_path / "raw", [table], schema))
    images = load(tmp_path / "raw", {"content": {"image_size": [4, 4], "channels": 1}})
    assert (images == decode_all(encoded, (4, 4, 1), "squash")).all()
