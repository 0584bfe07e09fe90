"""Columns of data/raw and data/clean where an example is an image."""

import pyarrow as pa

from pipeline.dataset.table import WORD, clean_schema, raw_schema
from pipeline.modalities.images.content.measurements import MEASUREMENTS

CONTENT = pa.field("image", pa.binary())  # encoded, without metadata
LABEL = pa.field("label", WORD)
MODE = pa.field("mode", WORD)  # of the image as it came, such as RGB
RAW_SCHEMA = raw_schema(
    [CONTENT], LABEL, [*(pa.field(m.name, pa.type_for_alias(m.type)) for m in MEASUREMENTS), MODE]
)
CLEAN_SCHEMA = clean_schema(RAW_SCHEMA)
WITHOUT_CONTENT = [field.name for field in RAW_SCHEMA if field.name != CONTENT.name]
"""Names of the columns of data/raw that are small."""
