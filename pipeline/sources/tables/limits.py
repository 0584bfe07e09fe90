"""Limits on a table: above what real tables need, below what decompression bombs need."""

MAX_COLUMNS = 10_000
MAX_DEPTH = 64  # of brackets in a line of JSON, of nested types in a schema
MAX_ROW_BYTES = 8 << 20
BLOCK_BYTES = 8 << 20  # read at once; holds the largest row
MAX_FOOTER_BYTES = 16 << 20  # of a Parquet file; it is read here first, a second for 1 MB
BATCH_BYTES = 64 << 20  # of one batch of rows, if all had the largest value
