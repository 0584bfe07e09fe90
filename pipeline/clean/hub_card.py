"""README.md of data/clean, from which Hugging Face `datasets` knows splits and types of columns.

Splits are a column there, not files: so each is a configuration that keeps its own rows, and the
default one has all examples in one split, whose name is not mistaken for that of the training data.

Labels stay texts: from the dictionary columns here, ClassLabel of datasets 5.2.0 makes wrong
numbers (it takes the label `7` for the eighth name).
"""

from collections.abc import Mapping

import pyarrow as pa

from pipeline.dataset.table import SPLITS

NAME = "README.md"
ALL = "examples"
TYPES = {"float": "float32", "double": "float64", "halffloat": "float16"}
"""Arrow types that have other names in `datasets`."""
TEXT = """\
# Cleaned examples

Written by the stage `clean`, for `load_dataset` of Hugging Face `datasets`: all examples, with
their split as a column, by default; those of one split by its name:

    load_dataset("data/clean", "train", split="train")
"""


def hub_card(schema: pa.Schema, features: Mapping[str, str]) -> str:
    """Write the card; `features` has the features of `datasets` for some columns, by column."""
    lines = ["---", "configs:"]
    for name in (ALL, *SPLITS):
        lines += [
            f"- config_name: {'default' if name == ALL else name}",
            "  data_files:",
            f"  - split: {name}",
            "    path: part-*.parquet",
        ]
        if name != ALL:
            lines.append(f'  filters: [[["split", "=", "{name}"]]]')
    lines += ["dataset_info:", "- config_name: default", "  features: &columns"]
    for field in schema:
        lines += _column(field, features)
    for name in SPLITS:
        lines += [f"- config_name: {name}", "  features: *columns"]
    return "\n".join([*lines, "---", "", TEXT])


def _column(field: pa.Field, features: Mapping[str, str]) -> list[str]:
    kind = features.get(field.name) or _type(field.type)
    key = "list" if pa.types.is_list(field.type) and field.name not in features else "dtype"
    return [f"  - name: {field.name}", f"    {key}: {kind}"]


def _type(kind: pa.DataType) -> str:
    """The type of a value, or of one in a list."""
    if pa.types.is_dictionary(kind) or pa.types.is_list(kind):
        kind = kind.value_type
    return TYPES.get(str(kind), str(kind))
