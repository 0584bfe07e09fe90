"""Hourly load over the end of summer time in Berlin. naive.csv: local time without offset, 02:00
twice; aware.csv: with offset; mixed.csv: both in a column.
"""

import datetime
import math
import random
import sys
from pathlib import Path

FOLDER = Path(sys.argv[1])
R = random.Random(8)
UTC, HOUR = datetime.UTC, datetime.timedelta(hours=1)
start, change = (
    datetime.datetime(2023, 10, 19, 22, tzinfo=UTC),
    datetime.datetime(2023, 10, 29, 1, tzinfo=UTC),
)
naive, aware, mixed = ["time,load_mw"], ["time,load_mw"], ["time,load_mw"]
for i in range(409):
    instant = start + i * HOUR
    local = instant.astimezone(datetime.timezone((2 if instant < change else 1) * HOUR))
    load = round(500 + 120 * math.sin((local.hour - 8) / 24 * 6.283) + 20 * R.random(), 1)
    naive.append(f"{local:%Y-%m-%d %H:%M},{load}")
    aware.append(f"{local.isoformat()},{load}")
    mixed.append(naive[-1] if i < 300 else aware[-1])
for name, lines in (("naive", naive), ("aware", aware), ("mixed", mixed)):
    (FOLDER / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
