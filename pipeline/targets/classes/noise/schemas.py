"""Tables of data/findings that only classes have."""

import pyarrow as pa

SCHEMAS: dict[str, pa.Schema] = {
    "noise": pa.schema(  # share of the examples of a class that have each label
        [
            pa.field("true", pa.string(), nullable=False),
            pa.field("given", pa.string(), nullable=False),
            pa.field("share", pa.float64(), nullable=False),
        ]
    ),
    "annotators": pa.schema(  # by name; null where undefined
        [
            pa.field("annotator", pa.string(), nullable=False),
            pa.field("labels", pa.int64(), nullable=False),
            pa.field("agreement", pa.float64()),  # with the majority of the others
            pa.field("accuracy", pa.float64()),  # estimated
            pa.field("kappa", pa.float64()),  # accuracy beyond chance (Cohen 1960)
            pa.field("worst_class", pa.string()),
            pa.field("worst_class_recall", pa.float64()),  # estimated
        ]
    ),
    "agreement": pa.schema(  # Krippendorff's alpha of each class against the rest
        [pa.field("class", pa.string(), nullable=False), pa.field("alpha", pa.float64())]
    ),
    "relabel_queue": pa.schema(  # the examples most worth another label, the best first
        [
            pa.field("id", pa.string(), nullable=False),
            pa.field("split", pa.string(), nullable=False),
            pa.field("given", pa.string(), nullable=False),
            pa.field("consensus", pa.string(), nullable=False),
            pa.field("confidence", pa.float64(), nullable=False),
            pa.field("num_labels", pa.int64(), nullable=False),
            pa.field("gain", pa.float64(), nullable=False),
        ]
    ),
}
