"""One Parquet file with what databases and pandas put in: nulls among 18-digit ids, decimals, a
dictionary with an unused entry, nested lists, a column of type null, pandas' index.
"""

import datetime
import decimal
import random
import sys
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(sys.argv[1])
R = random.Random(12)
n = 80
person = [None if i in (11, 52) else 900719925474099400 + i // 3 for i in range(n)]
cost = [decimal.Decimal(R.randrange(1000, 900000)) / 100 for _ in range(n)]
ward = pa.DictionaryArray.from_arrays(
    pa.array([None if i % 20 == 19 else i % 3 for i in range(n)], pa.int32()),
    ["A1", "B2", "C3", "never used"],
)
seen = [
    datetime.datetime(2023, 1, 1, 8, tzinfo=datetime.UTC) + datetime.timedelta(hours=31 * i)
    for i in range(n)
]
lab = [
    None if i % 16 == 3 else float("nan") if i % 16 == 9 else round(R.gauss(5, 1), 2)
    for i in range(n)
]
label = [
    None if i % 20 == 8 else int(lab[i] is not None and lab[i] + R.gauss(0, 0.7) > 5)
    for i in range(n)
]
index = list(range(n))
R.shuffle(index)
table = pa.table(
    {
        "person": pa.array(person, pa.int64()),
        "cost": pa.array(cost, pa.decimal128(12, 2)),
        "ward": ward,
        "seen": pa.array(seen, pa.timestamp("us", "UTC")),
        "born": pa.array([datetime.date(1930 + i, 1 + i % 12, 15) for i in range(n)], pa.date32()),
        "urgent": pa.array([None if i % 40 == 5 else i % 4 == 0 for i in range(n)], pa.bool_()),
        "lab": pa.array(lab, pa.float32()),
        "codes": pa.array([["I10"] * (i % 3) for i in range(n)], pa.list_(pa.string())),
        "blank": pa.nulls(n),
        "readmitted": pa.array(label, pa.int8()),
        "__index_level_0__": pa.array(index, pa.int64()),
    }
)
schema = pa.Schema.from_pandas(
    pd.DataFrame({"cost": [1.0]}, index=[5])
)  # pandas' note: the last column is an index
pq.write_table(table.replace_schema_metadata(schema.metadata), FOLDER / "visits.parquet")
